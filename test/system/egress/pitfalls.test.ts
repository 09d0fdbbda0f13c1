import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ATTACKS } from '../../core/egress/attacks';

/** The list of pitfalls (egress and injection) has 35; each has an attack in the list or a test here that names it. */
it('N7 every pitfall is tried against the real process', () => {
  const tried = new Set(ATTACKS.flatMap(({ pitfall }) => pitfall ?? []));
  for (const file of readdirSync(__dirname).filter((name) => name.endsWith('.test.ts'))) {
    for (const [, numbers = ''] of readFileSync(join(__dirname, file), 'utf8').matchAll(
      /['`"(][^'`"]*\[([\d, -]+)\] /g,
    )) {
      for (const part of numbers.split(', ')) {
        const [first = 0, last = first] = part.split('-').map(Number);
        for (let i = first; i <= last; i++) tried.add(i);
      }
    }
  }
  const all = Array.from({ length: 35 }, (_, i) => i + 1);
  expect(all.filter((pitfall) => !tried.has(pitfall))).toEqual([]);
});
