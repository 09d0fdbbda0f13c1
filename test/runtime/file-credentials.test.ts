import type { DocumentGrant } from '../../core/egress/document';
import { FileCredentials } from '../../runtime/file-credentials';
import { makeFolder } from './folder';
import { ManualClock } from './manual-clock';

const secret = { headers: [{ name: 'x-api-key', value: 'k-12345678' }], secrets: ['k-12345678'] };
const grantOf = (id: string): DocumentGrant => ({ kind: 'oidc', id, audience: 'x' });
const caller = { subject: { kind: 'client', name: 'c', profile: 'p' }, key: 'c', opened: [] } as const;

let folder: ReturnType<typeof makeFolder>;
let clock: ManualClock;
let credentials: FileCredentials | undefined;
let problems: string[];
beforeEach(() => {
  folder = makeFolder();
  clock = new ManualClock();
  problems = [];
});
afterEach(() => {
  credentials?.close();
  folder.remove();
});

function open(content: unknown): FileCredentials {
  folder.write('credentials.json', content);
  credentials = new FileCredentials({
    path: folder.file('credentials.json'),
    clock,
    onProblem: (said) => problems.push(...said),
  });
  return credentials;
}
const get = (id = 'jira') => credentials?.get(caller, grantOf(id));

describe('C4 credentials from a file', () => {
  it('C4 are found by the id of the grant and asked for again within a minute', async () => {
    open({ version: 1, grants: { jira: secret } });
    expect(await get()).toEqual({ kind: 'ok', credential: { ...secret, expiresAt: clock.wallTime + 60_000 } });
    for (const id of ['other', 'constructor', 'to-string'])
      expect(await get(id)).toMatchObject({ kind: 'unavailable' });
  });

  it.each<[string, unknown]>([
    ['no headers', { ...secret, headers: [] }],
    ['no secrets to redact', { ...secret, secrets: [] }],
    ['a secret too short to look for', { ...secret, secrets: ['short'] }],
    ['a value with a line end', { ...secret, headers: [{ name: 'x', value: 'k-12345678\r\nx: y' }] }],
    ['a value with a trailing line end', { ...secret, headers: [{ name: 'x', value: 'k-12345678\n' }] }],
    ['a value with NUL', { ...secret, headers: [{ name: 'x', value: 'k\0' }] }],
    ['a name with a colon', { ...secret, headers: [{ name: 'x:', value: 'k' }] }],
    ['a key nobody knows', { ...secret, host: 'x' }],
  ])('C4 with %s none is given, and the problem holds no secret', async (_, item) => {
    open({ version: 1, grants: { jira: item } });
    expect(await get()).toMatchObject({ kind: 'unavailable' });
    expect(problems).toHaveLength(1);
    expect(problems.join()).not.toMatch(/k-1234|short/);
  });

  it('C4 a file that breaks leaves the last good one for a minute', async () => {
    open({ version: 1, grants: { jira: secret } });
    folder.write('credentials.json', '{"k-12345678');
    await clock.advance(60_000);
    expect(await get()).toMatchObject({ kind: 'ok' });
    await clock.advance(1);
    expect(await get()).toMatchObject({ kind: 'unavailable' });
    expect(problems.join()).not.toContain('k-1234');
  });

  it('C4 a new value takes effect with the next poll', async () => {
    open({ version: 1, grants: { jira: secret } });
    folder.replace('credentials.json', {
      version: 1,
      grants: { jira: { headers: [{ name: 'x', value: 'another-one' }], secrets: ['another-one'] } },
    });
    await clock.advance(1000);
    expect(await get()).toMatchObject({ credential: { secrets: ['another-one'] } });
  });
});
