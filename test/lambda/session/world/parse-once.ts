import { addressBinding } from '../../../../core/session/binding';
import { sessionRow } from '../../../../core/session/row';

interface Schema {
  parse(value: unknown): unknown;
  safeParse(value: unknown): unknown;
}

/** All of so many items are checked; after them, one in so many. */
const ALL_OF = 5000;
const ONE_IN = 50;

/**
 * Has a schema remember what it said of an object. The store gives the same frozen object until an item is written anew,
 * and reading rows again and again is most of what a world of ten thousand sessions does.
 */
function once(schema: Schema): void {
  for (const method of ['parse', 'safeParse'] as const) {
    const known = new WeakMap<object, unknown>();
    const original = schema[method].bind(schema);
    let met = 0;
    schema[method] = (value) => {
      if (typeof value !== 'object' || value === null || !Object.isFrozen(value)) return original(value);
      const before = known.get(value);
      if (before !== undefined) return before;
      met++;
      const unchecked = method === 'parse' ? value : { success: true, data: value };
      const said = met < ALL_OF || met % ONE_IN === 0 ? original(value) : unchecked;
      known.set(value, said);
      return said;
    };
  }
}

export function parseOnce(): void {
  once(sessionRow as never);
  once(addressBinding as never);
}
