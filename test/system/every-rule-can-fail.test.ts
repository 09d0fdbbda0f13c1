import { CASES, FRAGMENTS } from './cases';
import { firewallUnderTest } from './firewall-under-test';
import { severalAtATime } from './lab';
import type { Firewall } from './lab/protocol';
import { type Row, runTable } from './run-table';
import { ruleLines } from './template-firewalls';

/**
 * Takes each rule out of the generated text in turn and runs the table: a case that names the rule must go red. So no
 * rule is there for nothing, and no case is green whatever the rules say.
 *
 * Rules that block a host change only the log: the pass rules leave those names out, and the default-deny refuses them.
 */
const AT_A_TIME = 3;
/** Ends that ignore resets repeat the others here, unless a rule is there because of them. */
const TABLE = CASES.filter(({ ignoresResets = false, guards }) => !ignoresResets || guards !== undefined);

const firewall = firewallUnderTest();
const rules = ruleLines(firewall.rules);

interface Mutant {
  readonly removed: string;
  readonly firewall: Firewall;
  /** Whether only the log is expected to change. */
  readonly logOnly: boolean;
}

const MUTANTS: readonly Mutant[] = [
  ...rules.map(({ message }, index) => ({
    removed: message,
    firewall: { ...firewall, rules: rules.flatMap(({ line }, at) => (at === index ? [] : `${line}\n`)).join('') },
    logOnly: message.startsWith('block '),
  })),
  { removed: FRAGMENTS, firewall: { ...firewall, dropsFragments: false }, logOnly: false },
];

/** Cases that went red, and of these the ones that say they would. */
interface Red {
  readonly all: readonly string[];
  readonly named: readonly string[];
}

function redCases({ removed, logOnly }: Mutant, rows: readonly Row[]): Red {
  const red = rows.filter(({ verdict, log }) => verdict.length > 0 || (logOnly && log.length > 0));
  const named = red.filter(({ entry }) => entry.rule === removed || entry.guards === removed);
  return { all: red.map(({ entry }) => entry.name), named: named.map(({ entry }) => entry.name) };
}

describe('N14 every rule can fail', () => {
  let reds: Red[] = [];
  beforeAll(async () => {
    reds = await severalAtATime(AT_A_TIME, MUTANTS, async (mutant) =>
      redCases(mutant, await runTable(mutant.firewall, 'pass, alert, reject, drop', TABLE)),
    );
  }, 480_000);

  it.each(MUTANTS.map((mutant, index) => ({ ...mutant, index })))('a case goes red without: $removed', ({ index }) => {
    expect(reds[index]?.named).not.toEqual([]);
  });

  afterAll(() => {
    const lines = MUTANTS.map(({ removed, logOnly }, index) => {
      const { all = [], named = [] } = reds[index] ?? {};
      const others = all.length - named.length;
      const what = [...named, ...(others > 0 ? [`and ${others} that do not name it`] : [])].join('\n      ');
      return `  ${removed}${logOnly ? ' (log only)' : ''}\n      ${what}`;
    });
    process.stdout.write(`\nwithout this rule -> cases that go red\n${lines.join('\n')}\n\n`);
  });
});
