import type * as z from 'zod/mini';
import type { Parsed } from './watched-file';

/** Reads JSON by a schema. Problems name places and never values: some of these files hold secrets. */
export function parseJson<T extends z.ZodMiniType>(schema: T, text: string, name: string): Parsed<z.infer<T>> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: 'invalid', problems: [`${name}: not JSON`] };
  }
  const result = schema.safeParse(json);
  if (result.success) return { kind: 'ok', value: result.data };
  return {
    kind: 'invalid',
    problems: result.error.issues.map(
      (issue) =>
        `${name}: ${issue.path.map(String).join('.') || 'document'}: ${
          issue.code === 'unrecognized_keys' ? `${issue.keys.length} unknown key(s)` : issue.message
        }`,
    ),
  };
}
