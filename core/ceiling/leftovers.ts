import { resourceCost } from './idle-cost';
import { PRICE_DATE, PRICE_REGION, PRICES, type PriceName } from './prices';
import { protections } from './protections';
import { fields, type Inventory, inventory, isTrue, list, type TemplateResource, type Templates } from './template';

export interface Leftover {
  readonly stack: string;
  readonly id: string;
  readonly type: string;
  /** What has to be switched off or emptied before it can be deleted. */
  readonly first: readonly string[];
  /** USD a month for being there; undefined when there is no price. */
  readonly usdPerMonth: number | undefined;
  /** Prices of what it holds. */
  readonly storage: readonly PriceName[];
}

export interface Leftovers {
  /** The stacks leave them behind on purpose. */
  readonly stays: readonly Leftover[];
  /** The stacks try to delete them, and AWS refuses until somebody has done what `first` says. */
  readonly stops: readonly Leftover[];
  /** Functions without a log group of their own: Lambda makes one that no stack knows. */
  readonly functionsWithOwnLogs: number;
}

export function leftovers(templates: Templates): Leftovers {
  const app = inventory(templates);
  const stays = app.resources.filter(isKept);
  const stops = app.resources.filter((resource) => !isKept(resource));
  return {
    stays: stays.map((resource) => leftover(resource, app)),
    stops: stops.map((resource) => leftover(resource, app)).filter(({ first }) => first.length > 0),
    functionsWithOwnLogs: app.resources.filter(
      ({ type, properties }) =>
        type === 'AWS::Lambda::Function' && fields(properties.LoggingConfig).LogGroup === undefined,
    ).length,
  };
}

/** What `npm run destroy` says before it starts. */
export function leftoversText(templates: Templates): string {
  const { stays, stops, functionsWithOwnLogs } = leftovers(templates);
  const fixed = stays.reduce((sum, { usdPerMonth = 0 }) => sum + usdPerMonth, 0);
  const logs = functionsWithOwnLogs > 0 ? `, the log groups of ${plural(functionsWithOwnLogs, 'function')}` : '';
  return [
    ...(stays.length === 0
      ? ['Nothing of these stacks stays in the account.']
      : [
          `${plural(stays.length, 'resource')} ${stays.length === 1 ? 'stays' : 'stay'} in the account, $${fixed.toFixed(2)} a month plus what they hold ` +
            `(${PRICE_REGION}, ${PRICE_DATE}):`,
          ...table(
            stays.map((each) => [each.type, `${each.stack}/${each.id}`, [cost(each), ...each.first].join('; ')]),
          ),
        ]),
    ...(stops.length === 0
      ? []
      : [
          `${plural(stops.length, 'resource')} can't be removed until you have done this:`,
          ...table(stops.map((each) => [each.type, `${each.stack}/${each.id}`, each.first.join('; ')])),
        ]),
    `Not in these templates and never removed with them: CDKToolkit with the images and files of this app${logs}.`,
  ].join('\n');
}

/** A snapshot is what stays of a resource with that policy; RetainExceptOnCreate keeps all but a failed creation. */
function isKept({ deletionPolicy }: TemplateResource): boolean {
  return ['Retain', 'RetainExceptOnCreate', 'Snapshot'].includes(deletionPolicy);
}

function leftover(resource: TemplateResource, app: Inventory): Leftover {
  const { stack, id, type } = resource;
  const first = protections(resource, isKept(resource));
  return { stack, id, type, first, usdPerMonth: resourceCost(resource, app), storage: storage(resource) };
}

function storage({ type, properties }: TemplateResource): readonly PriceName[] {
  switch (type) {
    case 'AWS::S3::Bucket':
      return ['bucketGb'];
    case 'AWS::Logs::LogGroup':
      return ['logGb'];
    case 'AWS::ECR::Repository':
      return ['imageGb'];
    case 'AWS::DynamoDB::Table':
      return hasRecovery(properties) ? ['tableGb', 'tableBackupGb'] : ['tableGb'];
    case 'AWS::DynamoDB::GlobalTable':
      return (list(properties.Replicas) ?? []).some((replica) => hasRecovery(fields(replica)))
        ? ['tableGb', 'tableBackupGb']
        : ['tableGb'];
    default:
      return [];
  }
}

function hasRecovery(owner: TemplateResource['properties']): boolean {
  return isTrue(fields(owner.PointInTimeRecoverySpecification).PointInTimeRecoveryEnabled);
}

function cost({ usdPerMonth, storage: held }: Leftover): string {
  const fixed =
    usdPerMonth === undefined ? ['price not known'] : usdPerMonth > 0 ? [`$${usdPerMonth.toFixed(2)} a month`] : [];
  const perGb = held.reduce((sum, name) => sum + PRICES[name].usd, 0);
  return [...fixed, ...(perGb > 0 ? [`$${perGb.toFixed(3).replace(/0$/, '')} a GB-month`] : [])].join(' + ') || 'free';
}

function table(rows: readonly (readonly [string, string, string])[]): string[] {
  const width = (column: 0 | 1) => Math.max(...rows.map((row) => row[column].length));
  return rows.map(([type, where, rest]) => `  ${type.padEnd(width(0))}  ${where.padEnd(width(1))}  ${rest}`);
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
