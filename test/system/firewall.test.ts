import { CASES } from './cases';
import { firewallUnderTest } from './firewall-under-test';
import type { ActionOrder, Firewall } from './lab/protocol';
import { type Row, runTable } from './run-table';

/**
 * The rules of a synthesized template in real Suricata, inline between namespaces, with real traffic.
 *
 * What this can't show: that AWS runs the same engine with the same settings, and AWS's strict order (rules in the order
 * of the text), which stock Suricata doesn't have. Two orders of actions stand in for it. What matters is in both as it
 * is in the text: pass before the default-deny, the mark before the TCP reject. What is not: the rules that block a host
 * are before pass in the text and after it here; no name matches both, see the blocked names in the table. And a rule
 * that rejects and one that drops may swap places, so both of their orders are run. The third engine is Suricata's own
 * default. No IPv6: the platform's networks have none.
 */
const firewall = firewallUnderTest();

interface Engine {
  readonly order: ActionOrder;
  readonly name: string;
  readonly firewall: Firewall;
}

const ENGINES: readonly Engine[] = [
  { order: 'pass, alert, reject, drop', name: "action order, the policy's stream exception policy", firewall },
  {
    order: 'pass, alert, drop, reject',
    name: 'drop before reject, no stream exception policy',
    firewall: { ...firewall, exceptionPolicy: 'ignore' },
  },
];

/** Fails with all that differs, in words. */
function check(row: Row | undefined): void {
  expect([...(row?.verdict ?? ['not run']), ...(row?.log ?? [])]).toEqual([]);
}

describe.each(ENGINES)('[$order] $name', (engine) => {
  let rows: Row[] = [];
  beforeAll(async () => {
    rows = await runTable(engine.firewall, engine.order);
  });
  it.each(CASES.map((entry, index) => ({ ...entry, index })))('$feature $name', ({ index }) => check(rows[index]));
});

describe('[pass, drop, reject, alert] stock Suricata, where the mark comes too late', () => {
  let rows: Row[] = [];
  beforeAll(async () => {
    rows = await runTable(firewall, 'pass, drop, reject, alert');
  });
  const indexed = CASES.map((entry, index) => ({ ...entry, index }));
  const isLongAllowed = (entry: (typeof indexed)[number]) =>
    entry.longHello === true && entry.expected.answers?.includes('answered') === true;

  it.each(indexed.filter(isLongAllowed))('N14 refuses, and does not open: $name', ({ index }) => {
    expect(rows[index]?.seen).toMatchObject({ answer: 'reset', received: 0 });
  });
  it.each(indexed.filter((entry) => !isLongAllowed(entry)))('$feature same verdict: $name', ({ index }) => {
    expect(rows[index]?.verdict).toEqual([]);
  });
});
