import { decide } from '../../../core/egress/decide';
import type { Decision } from '../../../core/egress/decision';
import { compilePolicy } from '../../../core/egress/match';
import { normaliseRequest } from '../../../core/egress/normalise';
import type { RefusalCode } from '../../../core/egress/refusal';
import type { Way } from '../../../core/egress/request';
import { ATTACKED, ATTACKS, type Attack, waysOf, wireOf } from './attacks';

const policy = compilePolicy(ATTACKED);
const header = (attack: Attack, way: Way, name: string): string | undefined => {
  const { rawHeaders } = wireOf(attack, way);
  const at = rawHeaders.findIndex((each, i) => i % 2 === 0 && each.toLowerCase() === name);
  return at === -1 ? undefined : rawHeaders[at + 1];
};

/** What the proxy does: normalise, ask, and where the answer is `inspect` ask again with the body. */
function verdict(attack: Attack, way: Way): RefusalCode | 'allow' | 'ask' {
  const read = normaliseRequest(wireOf(attack, way));
  if (read.kind === 'refused') return read.code;
  const facts = { opened: attack.opened ?? [] };
  const first = decide(policy, facts, read.request);
  const last =
    first.kind === 'inspect'
      ? decide(policy, facts, read.request, {
          bytes: Buffer.from(attack.body ?? ''),
          contentType: header(attack, way, 'content-type'),
          contentEncoding: header(attack, way, 'content-encoding'),
        })
      : first;
  return spoken(last);
}

function spoken(decision: Decision): RefusalCode | 'allow' | 'ask' {
  if (decision.kind === 'inspect') throw new Error('asked for the body a second time');
  return decision.kind === 'deny' ? decision.code : decision.kind;
}

describe('N7 every attack has one verdict, whatever way it comes in', () => {
  const every = ATTACKS.flatMap((attack) =>
    waysOf(attack).map((way): [string, Attack, Way] => [
      `${attack.pitfall === undefined ? '' : `[${attack.pitfall}] `}${attack.name} (${way}): ${attack.expect}`,
      attack,
      way,
    ]),
  );

  it.each(every)('N7 %s', (_, attack, way) => {
    expect(verdict(attack, way)).toBe(attack.expect);
  });

  it('N7 names are not given twice', () => {
    const names = ATTACKS.map(({ name }) => name);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});
