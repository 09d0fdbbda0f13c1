/**
 * Text as an API answers it, always the same: words, numbers and identifiers in JSON. It compresses to about a half, and
 * a redactor meets all kinds of characters in it.
 */
export function jsonText(bytes: number): string {
  // A linear congruential generator (Numerical Recipes), so that every run sends the same.
  let state = 1;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const hex = (digits: number): string => Array.from({ length: digits }, () => next(16).toString(16)).join('');
  const words = ['commit', 'author', 'Basic', 'tree', 'message', 'repository', 'https://api.bench.test/v1', 'Bearer'];
  const items: string[] = [];
  for (let size = 0; size < bytes; ) {
    const item = `{"id":${next(1e9)},"sha":"${hex(40)}","${words[next(words.length)]}":"${words[next(words.length)]}"}`;
    items.push(item);
    size += item.length + 1;
  }
  return `[${items.join(',')}]`.slice(0, bytes);
}
