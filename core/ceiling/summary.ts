import type { DocumentGrant, PolicyDocument } from '../egress/document';
import { irreversibleActs } from './acts';
import { documentsIn, type FoundDocument } from './documents';
import { type IdleCost, idleCost, sessionCost, WAIVED_NAT } from './idle-cost';
import { PRICE_DATE, PRICE_REGION } from './prices';
import { fields, resourcesOf, type Templates, text } from './template';

const LABEL = 15;
const WIDTH = 120;
const FEW_LINES = 3;
const OBSERVES = 'what no rule allows on the hosts below passes without a credential and is recorded, not refused';

/**
 * How long a task can live past its lifetime: the reaper looks each minute, and Fargate gives containers up to two to
 * stop (ECS developer guide, stopTimeout). It is billed until the end.
 */
const STOP_SECONDS = 180;

/**
 * What `npm run synth` ends with: what will be there, what it costs while nothing runs, and for each profile the most
 * a session can reach, spend and change. Everything is read from the templates, which are what gets deployed.
 *
 * @param order names of stacks, first deployed first; stacks that are not named follow
 */
export function summaryText(templates: Templates, order: readonly string[]): string {
  const names = [...new Set([...order.filter((name) => Object.hasOwn(templates, name)), ...Object.keys(templates)])];
  const ordered = Object.fromEntries(names.flatMap((name) => entry(templates, name)));
  const documents = documentsIn(ordered);
  return [
    row('stacks', stacks(ordered)),
    ...idle(idleCost(ordered), tierOf(ordered)),
    ...(documents.length === 0 ? [row('profiles', 'none: no policy document in these templates')] : []),
    ...documents.flatMap(profile),
    row('next', 'npx cdk bootstrap (once for an account and region), then npm run deploy'),
  ].join('\n');
}

function entry(templates: Templates, name: string): [string, Templates[string]][] {
  const template = templates[name];
  return template === undefined ? [] : [[name, template]];
}

function stacks(templates: Templates): string {
  const counts = Object.entries(templates).map(([name, template]) => ({
    name,
    count: resourcesOf({ [name]: template }).filter(({ type }) => type !== 'AWS::CDK::Metadata').length,
  }));
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  return `${counts.length}, ${total} resources: ${counts.map(({ name, count }) => `${name} ${count}`).join(', ')}`;
}

function idle(cost: IdleCost, tier: string | undefined): string[] {
  const paid = cost.lines.filter((line) => line.usdPerMonth > 0);
  const others = paid.slice(FEW_LINES);
  const waived = cost.lines.find(({ what }) => what === WAIVED_NAT);
  const items = [
    ...paid.slice(0, FEW_LINES).map(({ usdPerMonth, count, what }) => [usdPerMonth, `${count} x ${what}`] as const),
    ...(others.length > 0
      ? [[others.reduce((sum, line) => sum + line.usdPerMonth, 0), others.map(({ what }) => what).join(', ')] as const]
      : []),
    ...(waived === undefined ? [] : [[0, `${waived.count} x ${waived.what}`] as const]),
  ];
  const width = Math.max(0, ...items.map(([amount]) => usd(amount).length));
  return [
    row(
      'idle',
      `${usd(cost.totalUsdPerMonth)} a month${tier === undefined ? '' : `, tier ${tier}`}, before usage ` +
        `(${PRICE_REGION} prices of ${PRICE_DATE}; elsewhere up to 30 % more)`,
    ),
    ...items.map(([amount, what]) => row('', `${usd(amount).padStart(width)}  ${what}`)),
    ...(cost.unpriced.length > 0 ? [row('not priced', cost.unpriced.join(', '))] : []),
  ];
}

function profile(found: FoundDocument): string[] {
  if (found.kind === 'unreadable') return [row('profile ?', `${found.where} can't be read: ${found.problem}`)];
  const { document } = found;
  const acts = irreversibleActs(document);
  return [
    `profile ${document.profile}`,
    ...(document.mode === 'observe' ? [row('  observes only', OBSERVES)] : []),
    ...hosts(
      '  hosts',
      document.rules.map(({ host }) => host),
    ),
    ...hosts(
      '  on request',
      document.requestable.map(({ host }) => host),
    ),
    ...hosts('  blocked', document.blocked),
    ...hosts(
      '  private too',
      [...document.rules, ...document.requestable].flatMap(({ host, limits }) => (limits?.allowPrivate ? [host] : [])),
    ),
    row('  grants', document.grants.map(grant).join('; ') || 'none'),
    row('  money', money(document)),
    ...(acts.length === 0 ? ['nothing outside; what it knows can still leave to its hosts'] : acts).map((act, i) =>
      row(i === 0 ? '  irreversible' : '', act),
    ),
  ];
}

/** All of them: a limit that is cut short is none. Nothing where there are none, but for what is open. */
function hosts(label: string, names: readonly string[]): string[] {
  const distinct = [...new Set(names)];
  if (distinct.length === 0) return label.trim() === 'hosts' ? [row(label, 'none')] : [];
  const lines: string[] = [];
  let line = `${distinct.length}:`;
  for (const [i, name] of distinct.entries()) {
    const next = ` ${name}${i < distinct.length - 1 ? ',' : ''}`;
    if (LABEL + 1 + line.length + next.length > WIDTH) {
      lines.push(line);
      line = '  ';
    }
    line += next;
  }
  return [...lines, line].map((each, i) => row(i === 0 ? label : '', each));
}

function grant(each: DocumentGrant): string {
  switch (each.kind) {
    case 'github-app':
      return `${each.id}: ${each.access} ${each.repositories.join(', ')}`;
    case 'aws-role':
      return `${each.id}: AWS role ${each.roleArn.split(':role/')[1] ?? each.roleArn}`;
    case 'secret-header':
      return `${each.id}: header ${each.header}`;
    case 'oauth':
      return `${each.id}: the requester's ${each.provider}`;
    case 'oidc':
      return `${each.id}: token for ${each.audience}`;
  }
}

function money({ session, models }: PolicyDocument): string {
  const { cpuUnits, memoryMiB, storageGiB, lifetimeSeconds } = session;
  const compute = sessionCost(cpuUnits, memoryMiB, storageGiB, lifetimeSeconds + STOP_SECONDS);
  const tokens = models.budgetUsd > 0 ? `${usd(models.budgetUsd)} of models` : 'no models';
  const size = `${cpuUnits / 1024} vCPU, ${memoryMiB / 1024} GiB, ${duration(lifetimeSeconds)}`;
  // Rounded up: a ceiling that is a cent too low is wrong.
  return `${tokens} + ${usd(Math.ceil(compute * 100) / 100)} of compute a session at most (${size})`;
}

function duration(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.ceil((seconds % 3600) / 60);
  return [hours > 0 ? `${hours}h` : '', minutes > 0 ? `${minutes}m` : ''].filter(Boolean).join(' ');
}

/** The app writes its tier beside the resources, since resources alone do not say which one was meant. */
function tierOf(templates: Templates): string | undefined {
  const named = Object.values(templates).map((template) => fields(fields(template.Metadata).AgentPlatform).tier);
  return named.map(text).find((tier) => tier !== undefined);
}

/** Values come from whoever wrote the profile; what could end a line or hide the next one is shown, not obeyed. */
function row(label: string, value: string): string {
  return `${label.padEnd(LABEL)} ${value.replace(/\p{C}/gu, '\ufffd')}`;
}

function usd(amount: number): string {
  return `$${amount.toFixed(2)}`;
}
