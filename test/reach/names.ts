import type { Finding, Inventory, Resource } from './inventory';
import { ACCOUNT, targetOf } from './resolver';
import type { Topology } from './topology';
import { at, type Json, list, record, text, texts, unique } from './values';

/** Account of GuardDuty's agent image in eu-west-1, see the GuardDuty User Guide. */
const GUARDDUTY_ACCOUNT = '694911143906';
/** DNS has no port: what an endpoint needs to be found, and nothing else (aws-review.md section 2, fact 8). */
function namesOf(service: string, region: string): readonly string[] {
  const suffix = `${region}.amazonaws.com`;
  const names: Readonly<Record<string, readonly string[]>> = {
    'ecr.api': [`api.ecr.${suffix}`],
    'ecr.dkr': [`${ACCOUNT}.dkr.ecr.${suffix}`],
    s3: [`prod-${region}-starport-layer-bucket.s3.${suffix}`],
    logs: [`logs.${suffix}`],
    'guardduty-data': [`guardduty-data.${suffix}`, `${GUARDDUTY_ACCOUNT}.dkr.ecr.${suffix}`],
  };
  return names[service] ?? [];
}

interface Answers {
  /** What is answered; `*` when everything is. */
  readonly names: readonly string[];
  /** True when the last word is BLOCK `*`. */
  readonly closed: boolean;
}

/** The names that a VPC's resolver answers: DNS Firewall decides by the first rule that matches. */
export function answeredNames({ inventory }: Topology, vpc: string): Answers {
  const names: string[] = [];
  const groups = associations(inventory, vpc).sort((a, b) => Number(a.props.Priority) - Number(b.props.Priority));
  for (const association of groups) {
    const group = inventory.get(targetOf(association.props.FirewallRuleGroupId));
    const rules = [...list(group?.props.FirewallRules)].sort((a, b) => priority(a) - priority(b));
    for (const rule of rules) {
      const domains = domainsOf(inventory, rule);
      const action = text(at(rule, 'Action'));
      // ALERT answers the query and writes a line: for reach it is an ALLOW.
      if (action !== 'BLOCK') names.push(...domains);
      else if (domains.includes('*') && at(rule, 'Qtype') === undefined) return { names: unique(names), closed: true };
    }
  }
  return { names: ['*'], closed: false };
}

function priority(rule: Json): number {
  return Number(text(at(rule, 'Priority')));
}

/** A list that is not in the templates (AWS-managed, another account's) can hold any name. */
function domainsOf(inventory: Inventory, rule: Json): string[] {
  const domains = inventory.get(targetOf(record(rule).FirewallDomainListId));
  if (!domains || domains.props.DomainFileUrl) return text(at(rule, 'Action')) === 'BLOCK' ? [] : ['*'];
  return texts(domains.props.Domains);
}

function associations(inventory: Inventory, vpc: string): Resource[] {
  return inventory
    .ofType('AWS::Route53Resolver::FirewallRuleGroupAssociation')
    .filter((association) => targetOf(association.props.VpcId) === vpc);
}

export function namespaces(inventory: Inventory): Resource[] {
  return inventory.ofType('AWS::ServiceDiscovery::PrivateDnsNamespace');
}

export function* nameFindings(topology: Topology): Generator<Finding> {
  const { inventory, sessionsVpc, egressVpc } = topology;
  for (const vpc of [sessionsVpc, egressVpc]) yield* resolverFindings(topology, vpc);

  const zones = namespaces(inventory).map((zone) => text(zone.props.Name));
  const services = topology.endpoints.filter((e) => e.vpc === sessionsVpc).map((e) => e.service);
  const needed = [
    ...zones.flatMap((zone) => [zone, `*.${zone}`]),
    ...services.flatMap((name) => namesOf(name, inventory.region)),
  ];
  const { names } = answeredNames(topology, sessionsVpc);
  for (const name of names.filter((own) => !needed.includes(own))) {
    yield { id: 'dns-extra-name', where: sessionsVpc, problem: `sessions can resolve ${name}` };
  }
  for (const name of needed.filter((own) => !names.includes(own) && !names.includes('*'))) {
    yield { id: 'dns-missing-name', where: sessionsVpc, problem: `no task can start or work without ${name}` };
  }
  yield* zoneFindings(topology);
}

function* resolverFindings(topology: Topology, vpc: string): Generator<Finding> {
  const { inventory } = topology;
  const own = associations(inventory, vpc);
  if (own.length === 0) {
    yield { id: 'dns-firewall-missing', where: vpc, problem: 'no DNS Firewall: every name resolves' };
    return;
  }
  const { names, closed } = answeredNames(topology, vpc);
  if (!closed) yield { id: 'dns-not-closed', where: vpc, problem: 'the last rule is not BLOCK *' };
  // A single label too: `*.com` is nearly everything.
  else if (names.some((name) => !name.replace(/^\*\./, '').includes('.'))) {
    yield { id: 'dns-everything-allowed', where: vpc, problem: `allowed before the last BLOCK: ${names.join(' ')}` };
  }
  for (const association of own.filter(({ props }) => props.MutationProtection !== 'ENABLED')) {
    yield { id: 'dns-mutable', where: association.id, problem: 'the association can be removed without a second step' };
  }
  for (const config of inventory.ofType('AWS::Route53Resolver::FirewallConfig')) {
    if (targetOf(config.props.ResourceId) === vpc && config.props.FirewallFailOpen !== 'DISABLED') {
      yield { id: 'dns-fail-open', where: config.id, problem: 'names resolve unchecked while DNS Firewall is unwell' };
    }
  }
  for (const forward of inventory.ofType('AWS::Route53Resolver::ResolverRuleAssociation')) {
    if (targetOf(forward.props.VPCId) === vpc) {
      yield { id: 'dns-forwarded', where: forward.id, problem: 'queries leave for a resolver that is not ours' };
    }
  }
}

/** F8: a Cloud Map namespace knows one VPC; the other one is associated by a custom resource. */
function* zoneFindings({ inventory, sessionsVpc, egressVpc }: Topology): Generator<Finding> {
  for (const zone of namespaces(inventory)) {
    const others = inventory.all
      .filter((own) => own.type.startsWith('Custom::') && targetOf(own.props.HostedZoneId) === zone.id)
      .map((own) => targetOf(own.props.VpcId));
    const vpcs = [targetOf(zone.props.Vpc), ...others];
    for (const vpc of [sessionsVpc, egressVpc].filter((own) => !vpcs.includes(own))) {
      yield { id: 'zone-not-shared', where: zone.id, problem: `the private zone is not associated with ${vpc}` };
    }
  }
}
