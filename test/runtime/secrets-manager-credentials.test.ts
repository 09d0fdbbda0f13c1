import * as fc from 'fast-check';
import type { DocumentGrant } from '../../core/egress/document';
import { SecretsManagerCredentials } from '../../runtime/secrets-manager-credentials';
import { ManualClock, settle } from './manual-clock';

const ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:jira-AbCdEf';
const SECRET = 'k-12345678';
const grant = {
  kind: 'secret-header',
  id: 'jira',
  secretArn: ARN,
  header: 'authorization',
  prefix: 'Bearer ',
} as const;
const caller = { subject: { kind: 'client', name: 'c', profile: 'p' }, key: 'c', opened: [] } as const;

let clock: ManualClock;
let secrets: Map<string, string | undefined>;
let reads: string[];
let problems: string[];
let credentials: SecretsManagerCredentials;
beforeEach(() => {
  clock = new ManualClock();
  secrets = new Map([[ARN, SECRET]]);
  reads = [];
  problems = [];
  open();
});

function open(keepMs?: number): void {
  credentials = new SecretsManagerCredentials({
    read: async (arn) => {
      reads.push(arn);
      await settle();
      if (!secrets.has(arn)) throw Object.assign(new Error(`not for ${arn}`), { name: 'AccessDeniedException' });
      return secrets.get(arn);
    },
    clock,
    onProblem: (_, problem) => problems.push(problem),
    ...(keepMs !== undefined && { keepMs }),
  });
}
const get = (change: Partial<typeof grant> | DocumentGrant = {}) =>
  credentials.get(caller, { ...grant, ...change } as DocumentGrant);

describe('C4 a secret from Secrets Manager as one header', () => {
  it('C4 is prefix and secret, and both forms are told, to be taken out of answers', async () => {
    expect(await get()).toEqual({
      kind: 'ok',
      credential: {
        headers: [{ name: 'authorization', value: `Bearer ${SECRET}` }],
        secrets: [`Bearer ${SECRET}`, SECRET],
        expiresAt: clock.wallTime + 300_000,
      },
    });
    expect(await get({ prefix: '' as never })).toMatchObject({ credential: { secrets: [SECRET] } });
  });

  it('C4 is read once for many requests at a time, and again after five minutes at most', async () => {
    await Promise.all(Array.from({ length: 20 }, () => get()));
    expect(reads).toEqual([ARN]);
    await clock.advance(299_999);
    expect(await get()).toMatchObject({ credential: { expiresAt: clock.wallTime + 1 } });
    secrets.set(ARN, 'rotated-1234');
    await clock.advance(1);
    expect(await get()).toMatchObject({ credential: { secrets: ['Bearer rotated-1234', 'rotated-1234'] } });
    open(86_400_000);
    await get();
    await clock.advance(300_000);
    await get();
    expect(reads).toHaveLength(4);
  });

  it('C4 a clock set back keeps none longer', async () => {
    await get();
    clock.wallTime -= 3_600_000;
    await clock.advance(300_000);
    await get();
    expect(reads).toHaveLength(2);
  });

  it('C4 is forgotten when everybody is over, and kept when one caller is', async () => {
    await get();
    credentials.forget('c');
    await get();
    expect(reads).toHaveLength(1);
    credentials.forget(undefined);
    await get();
    expect(reads).toHaveLength(2);
  });

  it('C4 the grants of other ARNs have their own', async () => {
    secrets.set(`${ARN}2`, 'another-one');
    await get();
    expect(await get({ secretArn: `${ARN}2` as never })).toMatchObject({
      credential: { secrets: ['Bearer another-one', 'another-one'] },
    });
  });

  it.each<[string, string | undefined, string]>([
    ['bytes', undefined, 'bytes'],
    ['JSON', '{"token":"k-12345678"}', 'JSON'],
    ['a line break at its end', `${SECRET}\n`, 'line break'],
    ['a carriage return at its end', `${SECRET}\r`, 'line break'],
    ['a header behind it', `${SECRET}\r\nx-admin: 1`, 'no header value'],
    ['NUL', `${SECRET}\0`, 'no header value'],
    ['a space at its end', `${SECRET} `, 'no header value'],
    ['a space at its start', ` ${SECRET}`, 'no header value'],
    ['letters beyond ASCII', `${SECRET}é`, 'no header value'],
    ['too little', 'k-12345', 'shorter than 8'],
    ['nothing', '', 'shorter than 8'],
    ['too much', 'a'.repeat(16_385), 'no header value'],
  ])('C4 one that holds %s is refused, and the problem does not hold it', async (_, value, says) => {
    secrets.set(ARN, value);
    const result = await get();
    expect(result).toMatchObject({ kind: 'unavailable', problem: expect.stringContaining(says) });
    expect(JSON.stringify(result)).not.toMatch(/k-12345|aaaa/);
    expect(problems).toHaveLength(1);
  });

  it('C4 whatever lies there, what is sent is one line of visible ASCII', async () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.string({ maxLength: 30 }));
    await fc.assert(
      fc.asyncProperty(text, text, async (secret, prefix) => {
        secrets.set(ARN, secret);
        open();
        const result = await credentials.get(caller, { ...grant, prefix });
        if (result.kind === 'ok') expect(result.credential.headers[0]?.value).toMatch(/^[!-~][\t -~]*[!-~]$/);
      }),
      { numRuns: 300 },
    );
  });

  it('C4 a prefix or a name that would make two headers of one is refused', async () => {
    expect(await get({ prefix: 'Bearer\r\nx: ' as never })).toMatchObject({ kind: 'unavailable' });
    expect(await get({ header: 'x: y' as never })).toMatchObject({ kind: 'unavailable' });
  });

  it('C4 where there is none it is asked for every two seconds, and the problem names no principal', async () => {
    secrets.delete(ARN);
    expect(await get()).toEqual({ kind: 'unavailable', problem: 'Secrets Manager: AccessDeniedException' });
    await clock.advance(1999);
    await get();
    expect(reads).toHaveLength(1);
    secrets.set(ARN, SECRET);
    await clock.advance(1);
    expect(await get()).toMatchObject({ kind: 'ok' });
    await clock.advance(1999);
    secrets.delete(ARN);
    await clock.advance(300_000);
    expect(await get()).toMatchObject({ kind: 'unavailable' });
  });

  it.each<DocumentGrant>([
    { kind: 'github-app', id: 'github', repositories: [], access: 'read' },
    { kind: 'aws-role', id: 'aws', roleArn: 'x', region: 'x', services: [], buckets: [] },
    { kind: 'oauth', id: 'jira', provider: 'x', scopes: [] },
    { kind: 'oidc', id: 'vault', audience: 'x' },
  ])('C4 a grant of kind $kind is not for this', async (other) => {
    expect(await credentials.get(caller, other)).toMatchObject({
      kind: 'unavailable',
      problem: expect.stringContaining('credential broker'),
    });
    expect(reads).toEqual([]);
  });
});
