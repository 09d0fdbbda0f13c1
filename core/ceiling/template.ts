/** What JSON.parse gives for a CloudFormation template. Nothing is assumed about it: a template is input. */
export type Template = Readonly<Record<string, unknown>>;

/** Templates by stack name. */
export type Templates = Readonly<Record<string, Template>>;

export interface TemplateResource {
  readonly stack: string;
  readonly id: string;
  readonly type: string;
  readonly properties: Fields;
  readonly deletionPolicy: string;
}

export type Fields = Readonly<Record<string, unknown>>;

/** All resources of an app, and a way from a reference to what it means, across stacks too. */
export interface Inventory {
  readonly resources: readonly TemplateResource[];
  /** Undefined for parameters, plain ids, and what other apps own. */
  target(reference: unknown, from: TemplateResource): TemplateResource | undefined;
  /** A number, written as one, as text, or as the default of a parameter. */
  count(value: unknown, from: TemplateResource): number | undefined;
}

export function inventory(templates: Templates): Inventory {
  const resources = resourcesOf(templates);
  const byAddress = new Map(resources.map((resource) => [address(resource.stack, resource.id), resource]));

  // Outputs that name outputs could go in circles in a hand-made template; real ones are one step.
  const follow = (value: unknown, stack: string, steps: number): TemplateResource | undefined => {
    if (steps === 0) return undefined;
    const id = localId(value);
    if (id !== undefined) return byAddress.get(address(stack, id));
    const output = fields(fields(value)['Fn::GetStackOutput']);
    if (typeof output.StackName === 'string' && typeof output.OutputName === 'string') {
      const found = fields(fields(templates[output.StackName]?.Outputs)[output.OutputName]);
      return follow(found.Value, output.StackName, steps - 1);
    }
    const name = fields(value)['Fn::ImportValue'];
    if (typeof name !== 'string') return undefined;
    for (const [exporter, template] of Object.entries(templates)) {
      const found = Object.values(fields(template.Outputs)).find((each) => fields(fields(each).Export).Name === name);
      if (found !== undefined) return follow(fields(found).Value, exporter, steps - 1);
    }
    return undefined;
  };

  return {
    resources,
    target: (reference, from) => follow(reference, from.stack, 5),
    count: (value, from) => {
      const parameter = fields(value).Ref;
      const given =
        typeof parameter === 'string' ? fields(fields(templates[from.stack]?.Parameters)[parameter]).Default : value;
      return toNumber(given);
    },
  };
}

export function resourcesOf(templates: Templates): TemplateResource[] {
  return Object.entries(templates).flatMap(([stack, template]) =>
    Object.entries(fields(template.Resources)).map(([id, resource]) => ({
      stack,
      id,
      type: text(fields(resource).Type) ?? 'no type',
      properties: fields(fields(resource).Properties),
      deletionPolicy: text(fields(resource).DeletionPolicy) ?? 'Delete',
    })),
  );
}

/** The keys of an object; none for anything else, so that a malformed template reads as an empty one. */
export function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

export function list(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** CloudFormation takes booleans as text too. */
export function isTrue(value: unknown): boolean {
  return value === true || value === 'true';
}

/**
 * A text property with `${LogicalId}` where the value is only known at deploy time. Undefined for what is neither
 * text nor a join of such.
 */
export function joinedText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const { 'Fn::Join': join, 'Fn::Sub': sub } = fields(value);
  if (typeof sub === 'string') return sub;
  const [separator, parts] = list(join) ?? [];
  const pieces = list(parts);
  if (typeof separator !== 'string' || pieces === undefined) return undefined;
  return pieces.map((part) => joinedText(part) ?? placeholder(part)).join(separator);
}

/** Mostly stands inside a JSON string, so it must not hold a quote or a backslash. */
function placeholder(value: unknown): string {
  const { 'Fn::GetAtt': attribute, 'Fn::GetStackOutput': output, 'Fn::ImportValue': imported } = fields(value);
  const name =
    text(fields(value).Ref) ??
    list(attribute)?.join('.') ??
    text(attribute) ??
    text(fields(output).OutputName) ??
    text(imported) ??
    Object.keys(fields(value))[0] ??
    'unknown';
  return `\${${name.replaceAll(/["\\]/g, '')}}`;
}

function localId(value: unknown): string | undefined {
  const { Ref: ref, 'Fn::GetAtt': attribute } = fields(value);
  return text(ref) ?? text(list(attribute)?.[0]) ?? text(attribute)?.split('.')[0];
}

function toNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function address(stack: string, id: string): string {
  return `${stack}/${id}`;
}
