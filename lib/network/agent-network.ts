import { RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { FlowLogDestination, type ISecurityGroup, type ISubnet, type IVpc, Port } from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { type IPrivateDnsNamespace, PrivateDnsNamespace } from 'aws-cdk-lib/aws-servicediscovery';
import { Construct } from 'constructs';
import { containsCidr, DEFAULT_CIDRS, overlapsCidr, PRIVATE_RANGES, parseCidr } from '../../core/network/cidr';
import { INLINE_POLICY } from '../acknowledgements';
import { allowLogs, platformKey } from '../platform-key';
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

/** Ports of the services that sessions reach. */
export const SERVICE_PORTS = { egressProxy: 3128, modelGateway: 443 } as const;

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
export class AgentNetwork extends Construct {
  readonly tier: Tier;
  readonly sessionsVpc: IVpc;
  readonly egressVpc: IVpc;
  readonly serviceSubnets: ISubnet[];
  /** Of every session. */
  readonly sessionSecurityGroup: ISecurityGroup;
  /** Of the sessions VPC's interface endpoints. */
  readonly endpointSecurityGroup: ISecurityGroup;
  readonly proxySecurityGroup: ISecurityGroup;
  readonly gatewaySecurityGroup: ISecurityGroup;
  /** Where services register their names. */
  readonly namespace: IPrivateDnsNamespace;

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
    this.sessionsVpc = sessions.vpc;
    this.egressVpc = egress.vpc;
    this.serviceSubnets = egress.serviceSubnets;
    this.sessionSecurityGroup = sessions.sessionSecurityGroup;
    this.endpointSecurityGroup = sessions.endpointSecurityGroup;
    this.proxySecurityGroup = egress.proxySecurityGroup;
    this.gatewaySecurityGroup = egress.gatewaySecurityGroup;
    for (const [name, vpc] of [
      ['Sessions', sessions.vpc],
      ['Egress', egress.vpc],
    ] as const) {
      const flowLog = vpc.addFlowLog('FlowLog', {
        destination: FlowLogDestination.toCloudWatchLogs(this.logGroup(`${name}FlowLogs`)),
      });
      Validations.of(flowLog).acknowledge(INLINE_POLICY);
    }

    const peering = new VpcPeering(this, 'Peering', {
      from: sessions.vpc,
      fromSubnets: sessions.vpc.isolatedSubnets,
      to: egress.vpc,
      toSubnets: egress.serviceSubnets,
    });
    const { egressProxy, modelGateway } = SERVICE_PORTS;
    peering.allow('Proxy', this.sessionSecurityGroup, this.proxySecurityGroup, egressProxy, 'Sessions to egress proxy');
    peering.allow(
      'Gateway',
      this.sessionSecurityGroup,
      this.gatewaySecurityGroup,
      modelGateway,
      'Sessions to model gateway',
    );
    this.endpointSecurityGroup.addIngressRule(this.sessionSecurityGroup, Port.HTTPS, 'Sessions to endpoints');
    sessions.sessionSecurityGroup.allowTo('Endpoints', this.endpointSecurityGroup, 443, 'Endpoints a task starts with');
    sessions.sessionSecurityGroup.allowToPrefixList(
      'ImageLayers',
      props.s3PrefixList ?? s3PrefixList(this, Stack.of(this).region),
      443,
      'Image layers, through the S3 gateway endpoint',
    );

    const zoneName = props.zoneName ?? 'agents.internal';
    this.namespace = this.addNamespace(zoneName, sessions.vpc, egress.vpc);
    this.addDnsFirewalls(zoneName, props);
    if (this.tier !== Tier.LEAN) this.addNetworkFirewall(egress.vpc, props);
  }

  private addNamespace(name: string, first: IVpc, second: IVpc): IPrivateDnsNamespace {
    const namespace = new PrivateDnsNamespace(this, 'Namespace', { name, vpc: first });
    new ZoneAssociation(this, 'ZoneAssociation', {
      hostedZoneId: namespace.namespaceHostedZoneId,
      vpc: second,
      encryptionKey: this.key,
      removalPolicy: this.removalPolicy,
    });
    return namespace;
  }

  private addDnsFirewalls(zoneName: string, props: AgentNetworkProps): void {
    const { region, account, urlSuffix } = Stack.of(this);
    const suffix = `${region}.${urlSuffix}`;
    const guardDuty =
      this.tier === Tier.MAXIMUM ? [`guardduty-data.${suffix}`, guardDutyAgent(Stack.of(this)).registryHost] : [];
    new DnsFirewall(this, 'SessionsDns', {
      vpc: this.sessionsVpc,
      allowedHosts: [
        `.${zoneName}`,
        `api.ecr.${suffix}`,
        `${account}.dkr.ecr.${suffix}`,
        ...(props.imageRegistries ?? []),
        `prod-${region}-starport-layer-bucket.s3.${suffix}`,
        `logs.${suffix}`,
        ...guardDuty,
      ],
      queryLogGroup: this.logGroup('SessionsQueryLogs'),
      protection: this.protection,
    });
    new DnsFirewall(this, 'EgressDns', {
      vpc: this.egressVpc,
      allowedHosts: [`.${zoneName}`, ...(props.allowedHosts ?? [])],
      blockedHosts: props.blockedHosts,
      queryLogGroup: this.logGroup('EgressQueryLogs'),
      protection: this.protection,
    });
  }

  private addNetworkFirewall(vpc: IVpc, props: AgentNetworkProps): void {
    const policy = new FirewallPolicy(this, 'FirewallPolicy', {
      allowedHosts: props.allowedHosts,
      blockedHosts: props.blockedHosts,
      homeNet: this.serviceSubnets.map((subnet) => subnet.ipv4CidrBlock),
    });
    new NetworkFirewall(this, 'Firewall', {
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
