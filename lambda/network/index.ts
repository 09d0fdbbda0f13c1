import {
  AssociateVPCWithHostedZoneCommand,
  DisassociateVPCFromHostedZoneCommand,
  GetHostedZoneCommand,
  Route53Client,
  type VPCRegion,
} from '@aws-sdk/client-route-53';
import { customResourceHandler } from '../../runtime/custom-resource';
import { associateZone } from './associate-zone';

const client = new Route53Client({ maxAttempts: 5 });

const vpc = (VPCId: string, region: string) => ({ VPCId, VPCRegion: region as VPCRegion });

export const handler = customResourceHandler(
  associateZone({
    async associate(HostedZoneId, vpcId, region) {
      await client.send(new AssociateVPCWithHostedZoneCommand({ HostedZoneId, VPC: vpc(vpcId, region) }));
    },
    async disassociate(HostedZoneId, vpcId, region) {
      await client.send(new DisassociateVPCFromHostedZoneCommand({ HostedZoneId, VPC: vpc(vpcId, region) }));
    },
    async vpcsOf(Id) {
      const { VPCs } = await client.send(new GetHostedZoneCommand({ Id }));
      return (VPCs ?? []).flatMap(({ VPCId }) => VPCId ?? []);
    },
  }),
);
