import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REFUSALS, type RefusalKind } from '../../../core/egress/refusal';

const page = readFileSync(join(__dirname, '../../../docs/egress-proxy.md'), 'utf8');

describe('refusals', () => {
  it('are in docs/egress-proxy.md as they are in the code', () => {
    const rows = [...page.matchAll(/^\| `([a-z-]+)` \| (\d{3}) \| (.+) \|$/gm)].map(([, code, status, says]) => ({
      code,
      status: Number(status),
      says,
    }));
    expect(rows).toEqual(Object.entries(REFUSALS).map(([code, { status, says }]) => ({ code, status, says })));
  });

  it.each(Object.entries(REFUSALS))('N9 %s asks no client for a password', (_code, { status }) => {
    expect([401, 407]).not.toContain(status);
  });

  it.each(Object.entries(REFUSALS) as [string, RefusalKind][])(
    'N9 %s has clients try again only where that can help',
    (_code, { status, retryAfterSeconds }) => {
      // What npm, pip and git try again by themselves: 408, 420, 429 and server errors.
      const retried = [408, 420, 429].includes(status) || (status >= 500 && status !== 502);
      expect(retried).toBe(retryAfterSeconds !== undefined && status !== 502);
    },
  );
});
