import fc from 'fast-check';
import {
  AUTHORITY_LIFE_MS,
  type Authorities,
  certificatesOf,
  created,
  daysLeft,
  OVERLAP_MS,
  parseAuthorities,
  planRotation,
  prepared,
  ROTATE_AFTER_MS,
  type SigningAuthority,
} from '../../../core/egress/certificate-rotation';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.parse('2026-11-22T00:00:00.000Z');
/** The longest a session lives, and it reads certificates only when it starts. */
const LONGEST_SESSION = 8 * HOUR;
/** A proxy may sign with what was current this long ago. */
const PROXY_POLLS = 5 * 60_000;

let made = 0;
function make(now: number): SigningAuthority {
  made++;
  const body = Buffer.from(`certificate ${made}`).toString('base64');
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`,
    privateKey: `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`,
    createdAt: new Date(now).toISOString(),
    expiresAt: new Date(now + AUTHORITY_LIFE_MS).toISOString(),
  };
}

/** One run as the function does it: the certificates are published before the keys are stored. */
function run(state: Authorities | undefined, published: string, now: number): { state: Authorities; step: string } {
  const step = planRotation(state, published, now);
  switch (step.kind) {
    case 'create':
      return { state: created(make(now)), step: step.kind };
    case 'prepare':
      return { state: prepared(state as Authorities, make(now), now), step: step.kind };
    case 'keep':
      return { state: state as Authorities, step: step.kind };
    default:
      return { state: step.authorities, step: step.kind };
  }
}

describe('N5 rotation of the certificate authority', () => {
  it('N5 goes create, prepare, promote, retire, a step a day, once a month', () => {
    let state: Authorities | undefined;
    const steps: string[] = [];
    for (let day = 0; day <= 64; day++) {
      const result = run(state, state ? certificatesOf(state) : '', START + day * DAY);
      state = result.state;
      if (result.step !== 'keep') steps.push(`${day} ${result.step}`);
    }
    expect(steps).toEqual([
      '0 create',
      '30 prepare',
      '31 promote',
      '32 retire',
      '60 prepare',
      '61 promote',
      '62 retire',
    ]);
  });

  it('N5 whenever runs come, doubled or missed: what signs was handed out to every session that can be alive', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 40 * 24 }), { minLength: 5, maxLength: 60 });
    fc.assert(
      fc.property(gaps, (hours) => {
        let state = created(make(START));
        let now = START;
        /** Since when each certificate has been handed out without a break. */
        const since = new Map<string, number>([[state.current.certificate, START]]);
        for (const gap of hours) {
          const before = state;
          now += gap * HOUR;
          const { state: after, step } = run(state, certificatesOf(state), now);
          state = after;
          if (step === 'create') {
            // Only where nothing valid was left to keep.
            expect(Date.parse(before.current.expiresAt)).toBeLessThanOrEqual(now);
            since.clear();
          }
          const published = certificatesOf(state);
          for (const certificate of [...since.keys()]) if (!published.includes(certificate)) since.delete(certificate);
          for (const authority of [state.current, state.next]) {
            if (authority && !since.has(authority.certificate)) since.set(authority.certificate, now);
          }
          if (step === 'promote') {
            const seen = since.get(state.current.certificate) ?? now;
            expect(now - seen).toBeGreaterThanOrEqual(LONGEST_SESSION);
            // Proxies that have not read it yet sign with the old one, which is still handed out.
            expect(published).toContain(before.current.certificate);
          }
          if (step === 'retire') {
            const retired = Date.parse(before.previous?.retiredAt ?? '');
            expect(now - retired).toBeGreaterThan(PROXY_POLLS);
          }
        }
      }),
    );
    expect(OVERLAP_MS).toBeGreaterThan(LONGEST_SESSION + PROXY_POLLS);
  });

  it('N5 a successor that is not handed out, whatever its state says, waits anew', () => {
    const state = prepared(created(make(START)), make(START + ROTATE_AFTER_MS), START + ROTATE_AFTER_MS);
    const later = START + ROTATE_AFTER_MS + 2 * DAY;
    const other = certificatesOf(created(make(START)));
    const step = planRotation(state, other, later);
    expect(step).toMatchObject({ kind: 'announce', authorities: { nextPublishedAt: new Date(later).toISOString() } });
    expect(planRotation(state, certificatesOf(state), later).kind).toBe('promote');
  });

  it('N5 an expired one is replaced at once, since nothing it signs is taken any more', () => {
    const state = created(make(START));
    expect(planRotation(state, certificatesOf(state), START + AUTHORITY_LIFE_MS).kind).toBe('create');
    expect(daysLeft(Date.parse(state.current.expiresAt), START)).toBe(365);
    expect(daysLeft(Date.parse(state.current.expiresAt), START + AUTHORITY_LIFE_MS - HOUR)).toBe(0);
  });

  it('N5 what is handed out holds no key, the signing certificate first', () => {
    const [first, second] = [make(START), make(START)];
    const pem = certificatesOf({ ...prepared(created(first), second, START), previous: undefined });
    expect(pem).toBe(first.certificate + second.certificate);
    expect(pem).not.toContain('PRIVATE');
  });
});

describe('N5 the secret', () => {
  const state = prepared(created(make(START)), make(START), START);

  it('N5 is read back as it was written', () => {
    expect(parseAuthorities(JSON.stringify(state))).toEqual({ kind: 'ok', authorities: state });
  });

  it.each([
    ['no JSON', '{"current":'],
    ['nothing', ''],
    ['another version', JSON.stringify({ ...state, version: 2 })],
    ['a key that is none', JSON.stringify({ ...state, current: { ...state.current, privateKey: 'secret' } })],
    [
      'a second certificate behind the first',
      JSON.stringify({ ...state, current: { ...state.current, certificate: state.current.certificate.repeat(2) } }),
    ],
    ['no signing authority', JSON.stringify({ version: 1 })],
    ['more than it should', JSON.stringify({ ...state, extra: true })],
  ])('N5 with %s is refused, and what is wrong is told without what stands there', (_, text) => {
    const result = parseAuthorities(text);
    expect(result.kind).toBe('invalid');
    expect(JSON.stringify(result)).not.toMatch(/BEGIN|secret/);
  });
});
