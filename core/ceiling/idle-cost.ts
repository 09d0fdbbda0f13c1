import { type Architecture, firewallEndpoints, type IdlePart, idleParts, taskPerMonth } from './idle-parts';
import { HOURS_PER_MONTH } from './prices';
import { type Inventory, inventory, type TemplateResource, type Templates } from './template';

export interface IdleLine {
  readonly what: string;
  readonly count: number;
  readonly usdPerMonth: number;
}

export interface IdleCost {
  /** Dearest first. */
  readonly lines: readonly IdleLine[];
  readonly totalUsdPerMonth: number;
  /** Types that are neither priced nor known to be free, and resources whose number the templates don't tell. */
  readonly unpriced: readonly string[];
}

export const WAIVED_NAT = 'NAT gateway, waived beside a firewall endpoint';

/**
 * What the templates cost in a month in which no session runs. Never less than AWS will charge for what it names: what
 * a condition may leave out is counted, and what can't be counted is reported instead.
 */
export function idleCost(templates: Templates): IdleCost {
  const app = inventory(templates);
  const waived = waivedNatGateways(app);
  const lines = new Map<string, IdleLine>();
  const unpriced = new Set<string>();
  for (const resource of app.resources) {
    const parts = waived.has(resource) ? [WAIVED] : idleParts(resource, app);
    for (const part of parts) {
      if (part.kind === 'unpriced') unpriced.add(part.what);
      else if (part.count > 0) lines.set(part.what, plus(lines.get(part.what), part));
    }
  }
  const exact = [...lines.values()];
  return {
    lines: exact
      .map((line) => ({ ...line, usdPerMonth: cents(line.usdPerMonth) }))
      .sort((a, b) => b.usdPerMonth - a.usdPerMonth || a.what.localeCompare(b.what)),
    totalUsdPerMonth: cents(exact.reduce((sum, line) => sum + line.usdPerMonth, 0)),
    unpriced: [...unpriced].sort(),
  };
}

/**
 * USD for the compute of one session. Fargate bills by the second, one minute at least, from the start of the image
 * pull until the task has ended. Without an architecture it is the dearer one.
 */
export function sessionCost(
  cpuUnits: number,
  memoryMiB: number,
  storageGiB: number,
  seconds: number,
  architecture: Architecture = 'X86_64',
): number {
  const perSecond = taskPerMonth({ cpuUnits, memoryMiB, storageGiB }, architecture) / (HOURS_PER_MONTH * 3600);
  return perSecond * Math.max(60, seconds);
}

/** What a resource costs a month by itself, for lists of what stays; undefined when there is no price. */
export function resourceCost(resource: TemplateResource, app: Inventory): number | undefined {
  const parts = idleParts(resource, app);
  return parts.reduce<number | undefined>(
    (sum, part) => (sum === undefined || part.kind === 'unpriced' ? undefined : sum + part.usdPerMonth),
    0,
  );
}

const WAIVED: IdlePart = { kind: 'priced', what: WAIVED_NAT, count: 1, usdPerMonth: 0 };

/**
 * AWS charges no hours for a NAT gateway that is chained with a firewall endpoint, one for one
 * (aws.amazon.com/network-firewall/pricing). Taken as chained when both are known to be in one VPC; where the templates
 * do not show that, the gateway is counted in full.
 */
function waivedNatGateways(app: Inventory): ReadonlySet<TemplateResource> {
  const left = new Map<TemplateResource, number>();
  for (const firewall of app.resources.filter(({ type }) => type === 'AWS::NetworkFirewall::Firewall')) {
    const vpc = app.target(firewall.properties.VpcId, firewall);
    if (vpc !== undefined) left.set(vpc, (left.get(vpc) ?? 0) + (firewallEndpoints(firewall) ?? 0));
  }
  const waived = new Set<TemplateResource>();
  for (const gateway of app.resources.filter(isZonalNatGateway)) {
    const subnet = app.target(gateway.properties.SubnetId, gateway);
    const vpc = subnet && app.target(subnet.properties.VpcId, subnet);
    const free = vpc === undefined ? 0 : (left.get(vpc) ?? 0);
    if (vpc === undefined || free === 0) continue;
    left.set(vpc, free - 1);
    waived.add(gateway);
  }
  return waived;
}

function isZonalNatGateway({ type, properties }: TemplateResource): boolean {
  return type === 'AWS::EC2::NatGateway' && properties.AvailabilityMode !== 'regional';
}

function plus(line: IdleLine | undefined, more: IdleLine): IdleLine {
  const { what, count, usdPerMonth } = more;
  return { what, count: (line?.count ?? 0) + count, usdPerMonth: (line?.usdPerMonth ?? 0) + usdPerMonth };
}

function cents(usd: number): number {
  return Math.round(usd * 100) / 100;
}
