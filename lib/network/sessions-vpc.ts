import { IpAddresses, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { parseCidr } from '../../core/network/cidr';
import { ClosedSecurityGroup } from './closed-security-group';
import type { Zones } from './zones';

export interface SessionsVpcProps {
  readonly cidr: string;
  readonly zones: Zones;
}

/**
 * Where sessions live: one tier of isolated subnets, no internet gateway, no NAT, no default route. A VPC without an
 * internet gateway can't be opened by one wrong route.
 *
 * @internal
 */
export class SessionsVpc extends Construct {
  readonly vpc: Vpc;
  /** Of every session. No inbound rule, and outbound ones only to what is added by name. */
  readonly sessionSecurityGroup: ClosedSecurityGroup;
  /** Of the interface endpoints that Fargate needs to start a task. */
  readonly endpointSecurityGroup: ClosedSecurityGroup;

  constructor(scope: Construct, id: string, props: SessionsVpcProps) {
    super(scope, id);
    this.vpc = new Vpc(this, 'Vpc', {
      ...props.zones.vpcProps,
      ipAddresses: IpAddresses.cidr(props.cidr),
      natGateways: 0,
      restrictDefaultSecurityGroup: true,
      subnetConfiguration: [
        {
          name: 'Session',
          subnetType: SubnetType.PRIVATE_ISOLATED,
          cidrMask: (parseCidr(props.cidr)?.length ?? 16) + 2,
        },
      ],
    });
    this.sessionSecurityGroup = new ClosedSecurityGroup(this, 'SessionSecurityGroup', {
      vpc: this.vpc,
      description:
        'Sessions: nothing in; out only to the proxy, the model gateway and the endpoints a task starts with',
    });
    this.endpointSecurityGroup = new ClosedSecurityGroup(this, 'EndpointSecurityGroup', {
      vpc: this.vpc,
      description: 'Interface endpoints of the sessions VPC: 443 from sessions',
    });
  }
}
