import type { Resource } from '../inventory';
import { type Templates, targetOf } from '../resolver';
import { Topology } from '../topology';
import { at, text } from '../values';

type Fields = Record<string, unknown>;
interface Raw {
  Type: string;
  Properties: Fields;
  DependsOn?: unknown;
}

export interface Mutation {
  readonly name: string;
  /** The variant it is done to; standard unless told. */
  readonly variant?: string;
  readonly edit: (draft: Draft) => void;
  /** The finding that must name it. */
  readonly finding: string;
  /** What else is then true: a way opened in one place often changes the computed reach as well. */
  readonly also?: readonly string[];
}

/** A deep copy of a variant's templates to break, one thing at a time. Finds its targets as the evaluator does. */
export class Draft {
  readonly templates: Templates;
  /** As it was before any edit. */
  readonly before: Topology;

  constructor(templates: Templates) {
    this.templates = structuredClone(templates);
    this.before = new Topology(this.templates);
  }

  /** The first resource that matches; none is an error, since the mutation would then break nothing. */
  the(type: string, matches: (resource: Resource) => boolean = () => true): string {
    const [first] = this.before.inventory.ofType(type).filter(matches);
    if (!first) throw new Error(`no ${type} to mutate`);
    return first.id;
  }

  raw(id: string): Raw {
    const [stack = '', logicalId = ''] = id.split('/');
    const found = this.templates[stack]?.Resources[logicalId];
    if (!found) throw new Error(`no resource ${id}`);
    return found as Raw;
  }

  set(id: string, properties: Fields): void {
    Object.assign(this.raw(id).Properties, properties);
  }

  remove(id: string): void {
    const [stack = '', logicalId = ''] = id.split('/');
    const resources = this.templates[stack]?.Resources as Fields | undefined;
    if (!resources || !(logicalId in resources)) throw new Error(`no resource ${id}`);
    delete resources[logicalId];
  }

  /** Adds a resource to the stack of the VPCs. */
  add(logicalId: string, Type: string, Properties: Fields, more: Fields = {}): void {
    const [stack = ''] = this.before.sessionsVpc.split('/');
    const resources = this.templates[stack]?.Resources as Fields;
    resources[logicalId] = { Type, Properties, ...more };
  }

  ref(id: string): { Ref: string } {
    return { Ref: id.split('/')[1] ?? '' };
  }

  att(id: string, attribute: string): { 'Fn::GetAtt': string[] } {
    return { 'Fn::GetAtt': [id.split('/')[1] ?? '', attribute] };
  }

  get sessionGroup(): string {
    return one(this.before.workloadGroups(this.before.sessionsVpc));
  }

  get serviceGroup(): string {
    return one(this.before.workloadGroups(this.before.egressVpc));
  }

  get sessionSubnet(): { readonly id: string; readonly table: string } {
    const { id, table = '' } = one(this.before.sessionSubnets);
    return { id, table };
  }

  get peeringId(): unknown {
    return this.att(this.before.peering, 'Id');
  }

  /** The route of a subnet to a destination. */
  route(role: 'service' | 'firewall' | 'nat', way: string, position = 0): string {
    const subnet = this.before.egressSubnets(role)[position];
    const found = subnet && this.before.routesOf(subnet).find((route) => route.way === way);
    if (!found) throw new Error(`no route of a ${role} subnet through ${way}`);
    return found.id;
  }

  endpoint(service: string): string {
    return this.the('AWS::EC2::VPCEndpoint', ({ props }) => `${props.ServiceName}`.endsWith(`.${service}`));
  }

  /** Statements of an endpoint's policy, to be edited in place. */
  statements(service: string): Fields[] {
    return (this.raw(this.endpoint(service)).Properties.PolicyDocument as { Statement: Fields[] }).Statement;
  }

  get agentTask(): Raw {
    return this.raw(
      this.the('AWS::ECS::TaskDefinition', ({ props }) => JSON.stringify(props).includes('"Name":"agent"')),
    );
  }

  container(name: string): Fields {
    const all = this.agentTask.Properties.ContainerDefinitions as Fields[];
    return one(all.filter((container) => container.Name === name));
  }

  /** A VPC's DNS Firewall: its association, its rule group and the list of names it allows. */
  dns(vpc: string): { readonly association: string; readonly rules: Fields[]; readonly allowed: string } {
    const association = this.the(
      'AWS::Route53Resolver::FirewallRuleGroupAssociation',
      ({ props }) => targetOf(props.VpcId) === vpc,
    );
    const group = targetOf(this.before.inventory.get(association)?.props.FirewallRuleGroupId) ?? '';
    const rules = this.raw(group).Properties.FirewallRules as Fields[];
    const [stack] = group.split('/');
    const list = one(rules.filter((rule) => rule.Action === 'ALLOW')).FirewallDomainListId as {
      'Fn::GetAtt': string[];
    };
    return { association, rules, allowed: `${stack}/${list['Fn::GetAtt'][0]}` };
  }

  get firewallPolicy(): Fields {
    return this.raw(this.the('AWS::NetworkFirewall::FirewallPolicy')).Properties.FirewallPolicy as Fields;
  }

  /** The text of the firewall's rules, through an edit. */
  rules(edit: (text: string) => string): void {
    const id = this.the('AWS::NetworkFirewall::RuleGroup');
    const group = this.raw(id).Properties.RuleGroup as { RulesSource: { RulesString: string } };
    // As it is deployed: account and region stand in it as references.
    const before = text(at(this.before.inventory.get(id)?.props.RuleGroup, 'RulesSource', 'RulesString'));
    group.RulesSource.RulesString = edit(before);
    if (group.RulesSource.RulesString === before) throw new Error('the rules are as they were');
  }
}

export function one<T>(items: readonly T[]): T {
  const [first] = items;
  if (first === undefined) throw new Error('nothing to mutate');
  return first;
}
