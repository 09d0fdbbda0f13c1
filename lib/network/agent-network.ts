import { RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { FlowLogDestination, type ISecurityGroup, type IVpc, Port, type SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { type IPrivateDnsNamespace, PrivateDnsNamespace } from 'aws-cdk-lib/aws-servicediscovery';
import { Construct, DependencyGroup, type IDependable } from 'constructs';
import { containsCidr, DEFAULT_CIDRS, overlapsCidr, PRIVATE_RANGES, parseCidr } from '../../core/network/cidr';
import { awsHosts } from '../../core/network/services';
import { INLINE_POLICY } from '../acknowledgements';
import { allowLogs, platformKey } from '../platform-key';
import type { IAgentNetwork, ServiceOptions } from './agent-network-ref';
import { DnsFirewall } from './dns-firewall';
import { EgressVpc } from './egress-vpc';
import { FirewallPolicy } from './firewall-policy';
import { guardDutyAgent } from './guard-duty';
import { NetworkFirewall } from './network-firewall';
import { s3PrefixList } from './s3-prefix-list';
import { SessionsVpc } from './sessions-vpc';
import { Tier } from './tier';
import { VpcPeering } from './vpc-peering';
import { ZoneAssociation } from './zone-association';
import { Zones } from './zones';

export interface AgentNetworkProps {
  /** @default Tier.STANDARD */
  readonly tier?: Tier;
  /**
   * How many availability zones, 1 to 3. Addresses are kept for three, so raising it later moves nothing.
   *
   * @default 1; 2 for Tier.MAXIMUM
   */
  readonly zoneCount?: number;
  /**
   * Names of the availability zones, where the region has some without Network Firewall.
   *
   * @default the first ones of the region
   */
  readonly availabilityZones?: string[];
  /** @default 10.64.0.0/16 */
  readonly sessionsCidr?: string;
  /** @default 10.65.0.0/20 */
  readonly egressCidr?: string;
  /**
   * Hosts the services may reach for sessions: every profile's, and what may be asked for at run time.
   *
   * @default none
   */
  readonly allowedHosts?: string[];
  /**
   * Hosts no profile may reach although a wildcard takes them in.
   *
   * @default none
   */
  readonly blockedHosts?: string[];
  /**
   * Registries agent images come from, as `ACCOUNT.dkr.ecr.REGION.amazonaws.com`, beside the account's own.
   *
   * @default none
   */
  readonly imageRegistries?: string[];
  /**
   * Private DNS zone of the services, resolved in both VPCs.
   *
   * @default agents.internal
   */
  readonly zoneName?: string;
  /**
   * Id of the managed prefix list of S3, for regions the library's table lacks.
   *
   * @default from the table
   */
  readonly s3PrefixList?: string;
  /**
   * Key of the network's logs.
   *
   * @default a new one
   */
  readonly encryptionKey?: IKey;
  /**
   * Whether AWS refuses to delete or re-plug the firewalls and to delete the logs.
   *
   * @default true, unless throwaway
   */
  readonly deletionProtection?: boolean;
  /**
   * Deletes logs and keys with the stack, and protects nothing.
   *
   * @default false
   */
  readonly throwaway?: boolean;
}

/**
 * The two VPCs. Sessions live in one without any way out; the services live in the other, behind Network Firewall. What
 * a session reaches: the proxy's and the gateway's port in the service subnets, the endpoints a Fargate task needs to
 * start ({@link SessionEndpoints}), and names the DNS Firewall knows.
 */
export class AgentNetwork extends Construct implements IAgentNetwork {
  readonly tier: Tier;
  readonly zoneCount: number;
  readonly sessionsVpc: IVpc;
  readonly sessionSubnets: SubnetSelection;
  readonly egressVpc: IVpc;
  readonly serviceSubnets: SubnetSelection;
  readonly endpointSubnets: SubnetSelection;
  readonly assignPublicIp: boolean;
  readonly wayOut: IDependable;
  readonly sessionSecurityGroup: ISecurityGroup;
  readonly endpointSecurityGroup: ISecurityGroup;
  readonly namespace?: IPrivateDnsNamespace;
  readonly zoneName: string;

  private readonly egress: EgressVpc;
  private readonly peering: VpcPeering;
  private readonly serviceNames: (DnsFirewall | FirewallPolicy)[] = [];
  private readonly removalPolicy: RemovalPolicy;
  private readonly protection: boolean;
  private readonly key: IKey;

  constructor(scope: Construct, id: string, props: AgentNetworkProps = {}) {
    super(scope, id);
    this.tier = props.tier ?? Tier.STANDARD;
    this.removalPolicy = props.throwaway ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    this.protection = props.deletionProtection ?? !props.throwaway;
    this.key = props.encryptionKey ?? platformKey(this, 'Key', { removalPolicy: this.removalPolicy });
    if (props.encryptionKey) allowLogs(this, props.encryptionKey);
    const cidrs = checkedCidrs(props);
    const zones = new Zones(this, this.tier, props.availabilityZones, props.zoneCount);

    const sessions = new SessionsVpc(this, 'Sessions', { cidr: cidrs.sessions, zones });
    const egress = new EgressVpc(this, 'Egress', { tier: this.tier, cidr: cidrs.egress, zones });
    this.egress = egress;
    this.zoneCount = zones.count;
    this.sessionsVpc = sessions.vpc;
    this.sessionSubnets = { subnets: sessions.vpc.isolatedSubnets };
    this.egressVpc = egress.vpc;
    this.serviceSubnets = { subnets: egress.serviceSubnets };
    this.endpointSubnets = { subnetGroupName: 'Endpoint' };
    this.assignPublicIp = this.tier === Tier.LEAN;
    this.sessionSecurityGroup = sessions.sessionSecurityGroup;
    this.endpointSecurityGroup = sessions.endpointSecurityGroup;
    for (const [name, vpc] of [
      ['Sessions', sessions.vpc],
      ['Egress', egress.vpc],
    ] as const) {
      const flowLog = vpc.addFlowLog('FlowLog', {
        destination: FlowLogDestination.toCloudWatchLogs(this.logGroup(`${name}FlowLogs`)),
      });
      Validations.of(flowLog).acknowledge(INLINE_POLICY);
    }

    this.peering = new VpcPeering(this, 'Peering', {
      from: sessions.vpc,
      fromSubnets: sessions.vpc.isolatedSubnets,
      to: egress.vpc,
      toSubnets: egress.serviceSubnets,
    });
    this.endpointSecurityGroup.addIngressRule(this.sessionSecurityGroup, Port.HTTPS, 'Sessions to endpoints');
    sessions.sessionSecurityGroup.allowTo('Endpoints', this.endpointSecurityGroup, 443, 'Endpoints a task starts with');
    sessions.sessionSecurityGroup.allowToPrefixList(
      'ImageLayers',
      props.s3PrefixList ?? s3PrefixList(this, Stack.of(this).region),
      443,
      'Image layers, through the S3 gateway endpoint',
    );

    this.zoneName = props.zoneName ?? 'agents.internal';
    const { namespace, association } = this.addNamespace(sessions.vpc, egress.vpc);
    this.namespace = namespace;
    this.addDnsFirewalls(props);
    const firewall = this.tier === Tier.LEAN ? [] : [this.addNetworkFirewall(egress.vpc, props)];
    const routes = egress.vpc.publicSubnets.map((subnet) => subnet.internetConnectivityEstablished);
    const wayOut = new DependencyGroup();
    wayOut.add(association, ...firewall, ...routes);
    this.wayOut = wayOut;
  }

  addServiceHosts(hosts: string[]): void {
    for (const list of this.serviceNames) list.addServiceHosts(hosts);
  }

  addService(id: string, options: ServiceOptions): ISecurityGroup {
    const group = this.egress.serviceGroup(id);
    if (options.fromSessions ?? false) {
      this.peering.allow(id, this.sessionSecurityGroup, group, options.port, `Sessions to ${id}`);
    }
    return group;
  }

  private addNamespace(first: IVpc, second: IVpc): { namespace: IPrivateDnsNamespace; association: IDependable } {
    const namespace = new PrivateDnsNamespace(this, 'Namespace', { name: this.zoneName, vpc: first });
    const association = new ZoneAssociation(this, 'ZoneAssociation', {
      hostedZoneId: namespace.namespaceHostedZoneId,
      vpc: second,
      encryptionKey: this.key,
      removalPolicy: this.removalPolicy,
    });
    return { namespace, association };
  }

  private addDnsFirewalls(props: AgentNetworkProps): void {
    const { region, account, urlSuffix } = Stack.of(this);
    const aws = awsHosts(account, region, urlSuffix);
    const suffix = `${region}.${urlSuffix}`;
    const guardDuty =
      this.tier === Tier.MAXIMUM ? [`guardduty-data.${suffix}`, guardDutyAgent(Stack.of(this)).registryHost] : [];
    new DnsFirewall(this, 'SessionsDns', {
      vpc: this.sessionsVpc,
      allowedHosts: [
        `.${this.zoneName}`,
        aws.ecrApi,
        aws.ecrRegistry,
        ...(props.imageRegistries ?? []),
        aws.ecrLayers,
        aws.logs,
        ...guardDuty,
      ],
      queryLogGroup: this.logGroup('SessionsQueryLogs'),
      protection: this.protection,
    });
    this.serviceNames.push(
      new DnsFirewall(this, 'EgressDns', {
        vpc: this.egressVpc,
        allowedHosts: [`.${this.zoneName}`, ...(props.allowedHosts ?? [])],
        blockedHosts: props.blockedHosts,
        queryLogGroup: this.logGroup('EgressQueryLogs'),
        protection: this.protection,
      }),
    );
  }

  private addNetworkFirewall(vpc: IVpc, props: AgentNetworkProps): NetworkFirewall {
    const policy = new FirewallPolicy(this, 'FirewallPolicy', {
      allowedHosts: props.allowedHosts,
      blockedHosts: props.blockedHosts,
      homeNet: this.egress.serviceSubnets.map((subnet) => subnet.ipv4CidrBlock),
    });
    this.serviceNames.push(policy);
    return new NetworkFirewall(this, 'Firewall', {
      vpc,
      policy,
      firewallSubnets: { subnetGroupName: 'Firewall' },
      protectedSubnets: { subnetGroupName: 'Service' },
      alertLogGroup: this.logGroup('FirewallAlerts'),
      flowLogGroup: this.logGroup('FirewallFlows'),
      protection: this.protection,
    });
  }

  private logGroup(id: string): LogGroup {
    return new LogGroup(this, id, {
      encryptionKey: this.key,
      retention: RetentionDays.ONE_YEAR,
      removalPolicy: this.removalPolicy,
      deletionProtectionEnabled: this.protection,
    });
  }
}

function checkedCidrs(props: AgentNetworkProps): { sessions: string; egress: string } {
  const sessions = props.sessionsCidr ?? DEFAULT_CIDRS.sessions;
  const egress = props.egressCidr ?? DEFAULT_CIDRS.egress;
  const [first, second] = [sessions, egress].map((text) => {
    const range = parseCidr(text);
    const inside = PRIVATE_RANGES.flatMap((block) => parseCidr(block) ?? []);
    if (
      range === undefined ||
      range.length < 16 ||
      range.length > 22 ||
      !inside.some((block) => containsCidr(block, range))
    ) {
      throw new Error(
        `network: got the range ${text}, expected a private IPv4 range of /16 to /22, such as 10.64.0.0/16`,
      );
    }
    return range;
  });
  if (first && second && overlapsCidr(first, second)) {
    throw new Error(
      `network: ${sessions} and ${egress} overlap, and peered VPCs can not share addresses; move one of them`,
    );
  }
  return { sessions, egress };
}
