import { CASES, type Case } from './cases';
import { differences } from './expectation';
import { runFirewall } from './lab';
import { DEAF_PORTS } from './lab/addresses';
import type { ActionOrder, Firewall, Observation } from './lab/protocol';

export interface Row {
  readonly entry: Case;
  readonly seen: Observation;
  /** What differs from the expected verdict. */
  readonly verdict: readonly string[];
  /** What differs in the log; the verdict may be right nevertheless. */
  readonly log: readonly string[];
}

const FIRST_PORT = 20_000;
const portOf = ({ ignoresResets = false }: Case, index: number): number =>
  (ignoresResets ? DEAF_PORTS : FIRST_PORT) + index;

/** The whole table through one firewall. */
export async function runTable(firewall: Firewall, order: ActionOrder, cases: readonly Case[] = CASES): Promise<Row[]> {
  const seen = await runFirewall({
    firewall,
    order,
    cases: cases.map((entry, index) => ({ port: portOf(entry, index), action: entry.action })),
  });
  return cases.map((entry, index) => {
    const observation = seen[portOf(entry, index)];
    if (observation === undefined) throw new Error(`the lab has no result for "${entry.name}"`);
    const { rule } = entry;
    const unlogged = rule !== undefined && !observation.rules.includes(rule);
    const log = unlogged ? [`the log has [${observation.rules.join('; ')}], expected "${rule}"`] : [];
    return { entry, seen: observation, verdict: differences(entry.expected, observation), log };
  });
}
