import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import * as fc from 'fast-check';
import * as z from 'zod/mini';
import { bend, copy, type Json, places, valueAt } from './bend';

/** The published JSON Schema as a validator, strict: a keyword ajv does not know would be a rule nobody keeps. */
export function published(schema: z.core.$ZodType): ValidateFunction {
  return new Ajv2020({ strict: true, allowUnionTypes: true }).compile(z.toJSONSchema(schema));
}

/** Values that sit at borders: wrong type, wrong form, too long, invisible, or right in another place. */
const VALUES: readonly Json[] = [
  null,
  true,
  '',
  'x',
  'a'.repeat(65),
  'a'.repeat(257),
  '𝒳'.repeat(256),
  '𝒳'.repeat(257),
  'line\nbreak',
  '\u{202e}txt',
  '\ud800',
  'ab'.repeat(32),
  'AB'.repeat(32),
  '10.64.0.1',
  '10.64.0.01',
  '::1',
  '2026-02-29T00:00:00.000Z',
  '2028-02-29T00:00:00.000Z',
  '2026-11-03T09:15:00Z',
  '2026-11-03T09:15:00.000+01:00',
  -1,
  0,
  1.5,
  2,
  70_000,
  2 ** 53,
  [],
  {},
  { authorization: 'Bearer x' },
];

/** Bends samples at random places; whatever comes out, zod and the published schema say the same of it. */
export function agreement(schema: z.core.$ZodType, samples: readonly unknown[]): void {
  const validate = published(schema);
  const bent = fc.constantFrom(...samples).chain((sample) =>
    fc.constantFrom(...places(sample)).chain((path) =>
      fc.oneof(
        fc.constant(bend(sample, path, undefined)),
        fc.constantFrom(...VALUES).map((value) => bend(sample, path, value)),
        fc.constantFrom(...samples).map((other) => {
          const value = valueAt(other, path);
          return value === undefined ? copy(sample) : bend(sample, path, copy(value));
        }),
        fc.constantFrom(...VALUES).map((value) => bend(sample, [...path.slice(0, -1), 'headers'], value)),
        fc.string().map((value) => bend(sample, path, value)),
        fc.integer({ min: 0, max: 70_000 }).map((value) => bend(sample, path, value)),
      ),
    ),
  );
  fc.assert(
    fc.property(bent, (value) => z.safeParse(schema, value).success === validate(value)),
    { numRuns: 3000 },
  );
}

interface Shape {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: unknown;
  readonly items?: Shape;
  readonly oneOf?: readonly Shape[];
  readonly anyOf?: readonly Shape[];
  readonly pattern?: string;
  readonly enum?: unknown;
  readonly const?: unknown;
  readonly maximum?: number;
  readonly maxItems?: number;
}

/** Every part of the published schema with the path at which it stands. */
export function parts(schema: z.core.$ZodType): { readonly path: string; readonly shape: Shape }[] {
  const walk = (shape: Shape, path: string): { readonly path: string; readonly shape: Shape }[] => [
    { path, shape },
    ...Object.entries(shape.properties ?? {}).flatMap(([key, inner]) => walk(inner, `${path}/${key}`)),
    ...(shape.items === undefined ? [] : walk(shape.items, `${path}/*`)),
    ...[...(shape.oneOf ?? []), ...(shape.anyOf ?? [])].flatMap((inner) => walk(inner, path)),
  ];
  return walk(z.toJSONSchema(schema) as Shape, '');
}

/** What every published schema of ours keeps: closed objects, and an end to every string, number and list. */
export function openEnds(schema: z.core.$ZodType): string[] {
  return parts(schema).flatMap(({ path, shape }) => {
    const types = [shape.type ?? []].flat();
    const closed = shape.enum !== undefined || shape.const !== undefined;
    return [
      ...(types.includes('object') && shape.additionalProperties !== false ? [`${path}: takes any key`] : []),
      ...(types.includes('string') && !closed && !anchored(shape.pattern) ? [`${path}: takes any text`] : []),
      ...(types.includes('array') && shape.maxItems === undefined ? [`${path}: has no end`] : []),
      ...(types.includes('integer') && shape.maximum === undefined ? [`${path}: has no highest`] : []),
      ...(types.includes('number') && !closed ? [`${path}: may be a fraction`] : []),
    ];
  });
}

function anchored(pattern: string | undefined): boolean {
  return pattern?.startsWith('^') === true && pattern.endsWith('$') && !/[*+]\$$/.test(pattern);
}
