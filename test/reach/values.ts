/** JSON as templates hold it. A document read from outside is narrowed here, once, so that no check needs a cast. */
export type Json = string | number | boolean | null | readonly Json[] | JsonRecord;
export interface JsonRecord {
  readonly [key: string]: Json;
}

export function record(value: Json | undefined): JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonRecord) : {};
}

/** CloudFormation and IAM both write a list of one as the bare value. */
export function list(value: Json | undefined): readonly Json[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value as Json];
}

export function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? `${value}` : '';
}

export function texts(value: Json | undefined): string[] {
  return list(value).map((item) => (typeof item === 'object' ? JSON.stringify(item) : text(item)));
}

/** The value at a path of keys. */
export function at(value: Json | undefined, ...path: string[]): Json | undefined {
  return path.reduce<Json | undefined>((inner, key) => record(inner)[key], value);
}

/** Every object inside a value, itself included, with the path to it. */
export function* objectsIn(value: Json, path = ''): Generator<readonly [string, JsonRecord]> {
  if (Array.isArray(value)) {
    for (const [index, item] of (value as readonly Json[]).entries()) yield* objectsIn(item, `${path}[${index}]`);
  } else if (typeof value === 'object' && value !== null) {
    const own = value as JsonRecord;
    yield [path, own];
    for (const [key, item] of Object.entries(own)) yield* objectsIn(item, path ? `${path}.${key}` : key);
  }
}

export function unique(values: Iterable<string>): string[] {
  return [...new Set(values)].sort();
}
