import type { CustomResourceWork } from '../../runtime/custom-resource';

/** The two calls this needs of Route 53. */
export interface ZonePort {
  /** @throws an error named `ConflictingDomainExists` or the like of Route 53 */
  associate(zoneId: string, vpcId: string, vpcRegion: string): Promise<void>;
  disassociate(zoneId: string, vpcId: string, vpcRegion: string): Promise<void>;
  /** Ids of the VPCs the zone is associated with. */
  vpcsOf(zoneId: string): Promise<readonly string[]>;
}

/** Gone already: a delete that finds nothing has done its work. */
const GONE: readonly string[] = ['NoSuchHostedZone', 'VPCAssociationNotFound'];

/**
 * Makes a zone known in a VPC and takes it away again. May be called any number of times for the same pair:
 * CloudFormation repeats requests.
 */
export function associateZone(route53: ZonePort): CustomResourceWork {
  return async (event) => {
    const { zoneId, vpcId, vpcRegion } = propertiesOf(event.ResourceProperties);
    const physicalId = `${zoneId}/${vpcId}`;
    if (event.RequestType === 'Delete') {
      // An update with another pair makes a new physical id; the old pair comes here as a delete of its own.
      await ignoring(GONE, () => route53.disassociate(zoneId, vpcId, vpcRegion));
      return { physicalId };
    }
    if (!(await route53.vpcsOf(zoneId)).includes(vpcId)) await route53.associate(zoneId, vpcId, vpcRegion);
    return { physicalId };
  };
}

function propertiesOf(properties: Readonly<Record<string, string>>) {
  const { HostedZoneId: zoneId, VpcId: vpcId, VpcRegion: vpcRegion } = properties;
  if (!zoneId || !vpcId || !vpcRegion) {
    throw new Error(
      `got the properties ${Object.keys(properties).join(', ')}, expected HostedZoneId, VpcId and VpcRegion`,
    );
  }
  return { zoneId, vpcId, vpcRegion };
}

async function ignoring(names: readonly string[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Error) || !names.includes(error.name)) throw error;
  }
}
