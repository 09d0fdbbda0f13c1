export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A copy as plain JSON, which tests may bend. */
export const copy = (value: unknown): Json => JSON.parse(JSON.stringify(value));

/** A copy with the value at `path` replaced; undefined takes it out. */
export function bend(value: unknown, path: readonly (string | number)[], to: Json | undefined): Json {
  const root = copy(value);
  let at: Json = root;
  for (const key of path.slice(0, -1)) at = (at as Record<string | number, Json>)[key] ?? null;
  const last = path[path.length - 1] ?? '';
  if (to === undefined) delete (at as Record<string | number, Json>)[last];
  else (at as Record<string | number, Json>)[last] = to;
  return root;
}

/** Every place in a value, the root left out. */
export function places(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return path.length === 0 ? [] : [path];
  const inner = Object.entries(value).flatMap(([key, item]) =>
    places(item, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return path.length === 0 ? inner : [path, ...inner];
}

export function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<string | number, unknown> | undefined)?.[key], value);
}
