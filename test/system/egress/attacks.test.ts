import type { Way } from '../../../core/egress/request';
import { ATTACKS, type Attack, waysOf } from '../../core/egress/attacks';
import { addressOf, attack } from './lab/attack-runner';
import { CALLERS, SESSIONS } from './lab/documents';
import { EgressLab } from './lab/egress-lab';
import type { ProxyProcess } from './lab/proxy-process';
import { headerOf } from './lab/raw';

/**
 * The list of attacks that core is tested with, as bytes on real connections to the real process, through every way in.
 * An entry that is refused reaches no server at all; one that is allowed reaches the upstream once.
 */
let lab: EgressLab;
let proxy: ProxyProcess;
beforeAll(async () => {
  lab = await EgressLab.start();
  const opened = [...new Set(ATTACKS.flatMap((entry) => (entry.opened ? [entry.opened.join(' ')] : [])))];
  lab.setCallers({
    ...CALLERS,
    bindings: [
      ...CALLERS.bindings,
      ...opened.map((rules, i) => ({
        address: addressOf(rules.split(' ')),
        subject: { ...SESSIONS.attacked, sessionId: `s01jabcdefghjkmnpqrstvwx${i}a0` },
        opened: rules.split(' '),
      })),
    ],
  });
  proxy = await lab.startProxy();
});
afterAll(() => lab?.close());

/** node's TLS client ends a server name at a NUL; connections.test.ts writes that hello itself. */
const sendable = ATTACKS.filter(({ serverName }) => !serverName?.includes('\0'));
const every = sendable.flatMap((entry) =>
  waysOf(entry).map((way): [string, Attack, Way] => [
    `${entry.pitfall === undefined ? '' : `[${entry.pitfall}] `}${entry.name} (${way}): ${entry.expect}`,
    entry,
    way,
  ]),
);

/** Where a process says something else than the rules by themselves, and why. */
function expected(entry: Attack): string {
  // The rules allow the announced length; the process knows that no rule allows a body of that size.
  if (entry.lines?.includes('Content-Length: 100000000000000')) return 'body-too-large';
  // The form is right; that a URL of that length carries data out is seen by who screens it.
  if ((entry.target?.length ?? 0) > 8_000 && entry.expect === 'allow') return 'url-too-opaque';
  return entry.expect;
}

it.each(every)('N7 %s', async (_, entry, way) => {
  const verdict = expected(entry);
  const outcome = await attack(lab, proxy.port, entry, way);
  expect(outcome).toMatchObject({ verdict, trapped: 0, passed: verdict === 'allow' ? 1 : 0 });
  if (verdict === 'allow') return;
  expect(outcome.closed).toBe(true);
  expect(outcome.answer && headerOf(outcome.answer, 'connection')).toBe(outcome.answer && 'close');
});

it('N7 nothing of all that reached a server that no rule names, and no secret left', async () => {
  expect(await lab.leaks()).toEqual([]);
  expect(proxy.complaints).toBe('');
});

it('O1 every refusal and every answer has its record, whole and in its chain', () => {
  const records = proxy.records();
  expect(records.length).toBeGreaterThanOrEqual(every.length - 100);
  expect(records.map(({ writer }) => writer.sequence)).toEqual(records.map((_, i) => i));
});
