import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IPrivateDnsNamespace } from 'aws-cdk-lib/aws-servicediscovery';
import type { IDependable } from 'constructs';
import type { Tier } from './tier';

/** Of {@link IServiceNetwork.addService}: what is opened to a service's new security group. */
export interface ServiceOptions {
  /** TCP port the service listens on. */
  readonly port: number;
  /**
   * Whether sessions may open connections to the port.
   *
   * @default false: whoever may is added to the group by hand
   */
  readonly fromSessions?: boolean;
}

/** Where a service of the platform runs, and how it is reached and gets out. */
export interface IServiceNetwork {
  /** The VPC of services. */
  readonly egressVpc: IVpc;
  /** Where their tasks run. */
  readonly serviceSubnets: SubnetSelection;
  /** Whether a task needs a public address of its own to get out. */
  readonly assignPublicIp: boolean;
  /** How many availability zones. */
  readonly zoneCount: number;
  /** What must stand before a service can pull its image. */
  readonly wayOut: IDependable;
  /**
   * Where services register their names.
   *
   * @default services have no name
   */
  readonly namespace?: IPrivateDnsNamespace;
  /**
   * Lets services reach AWS APIs by exact names; of these, account, region and URL suffix may be deploy-time values.
   * Grows the DNS list and the firewall's rules, also after they are made.
   */
  addServiceHosts(hosts: string[]): void;
  /** Makes the security group of a service, which lets it out to what services may reach and nobody else in. */
  addService(id: string, options: ServiceOptions): ISecurityGroup;
}

/** The two VPCs as the other planes need them. */
export interface IAgentNetwork extends IServiceNetwork {
  /** How much network stands behind a session. */
  readonly tier: Tier;
  /** The VPC of sessions. */
  readonly sessionsVpc: IVpc;
  /** Where their tasks run. */
  readonly sessionSubnets: SubnetSelection;
  /** Of every session. */
  readonly sessionSecurityGroup: ISecurityGroup;
  /** Of the sessions VPC's interface endpoints. */
  readonly endpointSecurityGroup: ISecurityGroup;
  /** Of the services' VPC, for interface endpoints; the peering has no route to them. */
  readonly endpointSubnets: SubnetSelection;
  /** Private DNS zone of the services, resolved in both VPCs. */
  readonly zoneName: string;
}
