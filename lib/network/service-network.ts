import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IPrivateDnsNamespace } from 'aws-cdk-lib/aws-servicediscovery';
import { Construct, DependencyGroup, type IDependable } from 'constructs';
import type { IServiceNetwork, ServiceOptions } from './agent-network-ref';
import { publicIpv4List, serviceGroup } from './public-ipv4';

export interface ServiceNetworkProps {
  /** Any VPC. */
  readonly vpc: IVpc;
  /** Where services run: subnets with a way out to the hosts they are for and to the AWS APIs they need. */
  readonly serviceSubnets: SubnetSelection;
  /**
   * Whether tasks get a public address, which public subnets need.
   *
   * @default false
   */
  readonly assignPublicIp?: boolean;
  /**
   * Where services register their names.
   *
   * @default services have no name; their clients have to be told addresses
   */
  readonly namespace?: IPrivateDnsNamespace;
}

/**
 * A VPC of yours for services of the platform that are used alone. What leaves it is up to you: put {@link NetworkFirewall}
 * and {@link DnsFirewall} around it, and let through `serviceHosts` as well.
 */
export class ServiceNetwork extends Construct implements IServiceNetwork {
  readonly egressVpc: IVpc;
  readonly serviceSubnets: SubnetSelection;
  readonly assignPublicIp: boolean;
  readonly zoneCount: number;
  readonly wayOut: IDependable;
  readonly namespace?: IPrivateDnsNamespace;

  private readonly hosts = new Set<string>();
  private publicIpv4: string | undefined;

  constructor(scope: Construct, id: string, props: ServiceNetworkProps) {
    super(scope, id);
    const { subnets, availabilityZones, internetConnectivityEstablished } = props.vpc.selectSubnets(
      props.serviceSubnets,
    );
    this.egressVpc = props.vpc;
    this.serviceSubnets = { subnets };
    this.assignPublicIp = props.assignPublicIp ?? false;
    this.zoneCount = new Set(availabilityZones).size;
    const wayOut = new DependencyGroup();
    wayOut.add(internetConnectivityEstablished);
    this.wayOut = wayOut;
    this.namespace = props.namespace;
  }

  /** Names of AWS APIs that the services made so far need. */
  get serviceHosts(): string[] {
    return [...this.hosts];
  }

  addServiceHosts(hosts: string[]): void {
    for (const host of hosts) this.hosts.add(host);
  }

  addService(id: string, options: ServiceOptions): ISecurityGroup {
    if (options.fromSessions) {
      throw new Error(`${this.node.path}: there are no sessions here; AgentNetwork has a VPC for them`);
    }
    this.publicIpv4 ??= publicIpv4List(this, 'PublicIpv4');
    return serviceGroup(this, id, this.egressVpc, this.publicIpv4);
  }
}
