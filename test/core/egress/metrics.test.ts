import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { METRICS } from '../../../core/egress/metrics';

const page = readFileSync(join(__dirname, '../../../docs/egress-proxy.md'), 'utf8');

describe('metrics', () => {
  it('are in docs/egress-proxy.md as they are in the code', () => {
    const rows = [...page.matchAll(/^\| `([A-Z]\w+)` \| (counter|gauge) \| (\w+) \| (.+) \|$/gm)];
    expect(rows.map(([, name, kind, unit, says]) => [name, { kind, unit, says }])).toEqual(Object.entries(METRICS));
  });
});
