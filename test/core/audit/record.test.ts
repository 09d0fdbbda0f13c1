import {
  type AuditRecord,
  auditRecord,
  checkRecordSize,
  formatRecord,
  hashLine,
  isClaim,
  MAX_RECORD_BYTES,
  NO_PREVIOUS,
  parseRecord,
} from '../../../core/audit/record';
import { agreement, openEnds, parts, published } from './agreement';
import { bend, copy, type Json, places, valueAt } from './bend';
import { FULL } from './samples';

const records = Object.entries(FULL);
const egress = FULL.egress;
const parse = (value: Json) => parseRecord(JSON.stringify(value));

describe('O1 one record schema on all planes', () => {
  it.each(records)('%s goes round through a line unchanged', (_, record) => {
    const written = formatRecord(record);
    expect(written).toMatchObject({ kind: 'ok' });
    if (written.kind === 'ok') expect(parseRecord(written.line)).toEqual({ kind: 'ok', record });
  });

  it('has samples of everything the schema names, so that no field goes untested', () => {
    const walk = (value: unknown, path: string): string[] =>
      typeof value !== 'object' || value === null
        ? [path]
        : [path, ...Object.entries(value).flatMap(([k, v]) => walk(v, `${path}/${Array.isArray(value) ? '*' : k}`))];
    const seen = new Set(records.flatMap(([, record]) => walk(record, `${record.kind}:`)));
    const named = parts(auditRecord).map(({ path }) => path);
    const bare = new Set([...seen].map((path) => path.slice(path.indexOf(':') + 1)));
    expect(named.filter((path) => !bare.has(path))).toEqual([]);
    expect(new Set(records.map(([, record]) => record.kind)).size).toBe(10);
  });

  it.each(['version', 'kind', 'id', 'time', 'writer', 'subject', 'detail', 'documentHash'])('needs %s', (key) => {
    expect(parse(bend(egress, [key], undefined)).kind).toBe('invalid');
  });

  it.each(['egress', 'model', 'tool', 'grant minted', 'commit pushed', 'session'])('%s is never of nobody', (name) => {
    expect(parse(bend(FULL[name], ['subject'], { kind: 'platform' })).kind).toBe('invalid');
  });

  it.each<[string, string, (string | number)[], Json]>([
    ['a version it does not know', 'egress', ['version'], 2],
    ['a kind it does not know', 'egress', ['kind'], 'metric'],
    ['the detail of another kind', 'egress', ['kind'], 'model'],
    ['a time without zone', 'egress', ['time'], '2026-11-03T09:15:00.000'],
    ['a time in another zone', 'egress', ['time'], '2026-11-03T09:15:00.000+01:00'],
    ['a time without milliseconds', 'egress', ['time'], '2026-11-03T09:15:00Z'],
    ['a day that is none', 'egress', ['time'], '2026-02-29T09:15:00.000Z'],
    ['a negative sequence', 'egress', ['writer', 'sequence'], -1],
    ['half a sequence', 'egress', ['writer', 'sequence'], 0.5],
    ['a writer it does not know', 'egress', ['writer', 'service'], 'session-recorder'],
    ['an id that does not sort', 'egress', ['id'], '5f3c2a1b-9d8e-4f70-8def-0123456789ab'],
    ['a trace of zeros', 'egress', ['trace', 'traceId'], '0'.repeat(32)],
    ['a session id of another form', 'egress', ['subject', 'sessionId'], 's-1'],
    ['a hash in upper case', 'egress', ['documentHash'], 'AB'.repeat(32)],
    ['a verdict it does not know', 'egress', ['detail', 'verdict'], 'maybe'],
    ['an address that is none', 'egress', ['detail', 'upstreamAddress'], '999.1.1.1'],
    ['an address in upper case', 'egress', ['detail', 'upstreamAddress'], '2606:50C0::1'],
    ['an address of nothing but colons', 'egress', ['detail', 'upstreamAddress'], ':::::'],
    ['port 0', 'egress', ['detail', 'port'], 0],
    ['a status that is none', 'egress', ['detail', 'status'], 99],
    ['cost in fractions', 'model', ['detail', 'costMicroUsd'], 0.1],
    ['an unknown state', 'session', ['detail', 'to'], 'PAUSED'],
    ['a generation below zero', 'session', ['detail', 'generation'], -1],
    [
      'a short task ARN',
      'session',
      ['detail', 'taskArn'],
      `arn:aws:ecs:eu-central-1:111122223333:task/${'a'.repeat(32)}`,
    ],
    ['a short object id', 'commit pushed', ['detail', 'oid'], 'abc1234'],
    ['a role it does not know', 'human', ['detail', 'roles'], ['root']],
    ['a refusal that never was', 'refusal', ['detail', 'times'], 0],
  ])('refuses %s', (_, name, path, value) => {
    expect(valueAt(FULL[name], path)).toBeDefined();
    expect(parse(bend(FULL[name], path, value)).kind).toBe('invalid');
  });

  it.each<[string, string, string]>([
    ['a mint without its expiry', 'grant minted', 'expiresAt'],
    ['a mint without the rights it was bounded by', 'grant minted', 'rights'],
    ['a decision without approver', 'approval decided', 'approver'],
    ['a decision without what was shown', 'approval decided', 'shown'],
    ['a push without GitHub saying whether it is verified', 'commit pushed', 'verified'],
    ['an approval without digest', 'approval asked', 'digest'],
  ])('refuses %s', (_, name, key) => {
    expect(parse(bend(FULL[name], ['detail', key], undefined)).kind).toBe('invalid');
  });

  it('names places, never values, when it refuses', () => {
    const secret = 'ghs_abcdefghijklmnop';
    const result = parse(bend(bend(egress, ['detail', 'host'], `${secret} `), ['detail', secret], secret));
    expect(result.kind).toBe('invalid');
    expect(JSON.stringify(result)).not.toContain(secret);
    expect(result).toMatchObject({ problems: expect.arrayContaining([expect.stringMatching(/^detail\.host: /)]) });
    expect(parseRecord(`{"x":"${secret}`)).toEqual({ kind: 'invalid', problems: ['not JSON'] });
  });

  it('tells a claim of the task from what a service outside saw', () => {
    expect(records.filter(([, record]) => isClaim(record))).toEqual([]);
    for (const source of ['transcript', 'hook', 'telemetry']) {
      expect(isClaim(bend(FULL.tool, ['detail', 'source'], source) as unknown as AuditRecord)).toBe(true);
    }
  });
});

describe('S4 no content and no credential finds a place in a record', () => {
  const headers: Json = { authorization: 'Bearer x' };
  const objects = records.flatMap(([name, record]) =>
    [[], ...places(record)]
      .filter((path) => isObject(path.length === 0 ? record : valueAt(record, path)))
      .map((path) => [name, path.join('.'), path] as const),
  );

  it.each(objects)('%s takes no header map, body or text at "%s"', (name, _, path) => {
    for (const key of ['headers', 'body', 'content', 'text', 'extra', 'authorization', '__proto__']) {
      if (valueAt(FULL[name], [...path, key]) !== undefined && key !== '__proto__') continue;
      const line = JSON.stringify(bend(FULL[name], [...path, 'PLACE'], headers)).replace('"PLACE"', `"${key}"`);
      expect(parseRecord(line).kind).toBe('invalid');
    }
  });

  it.each(['requestBody', 'responseBody', 'query'])('%s is a hash and a size, never text', (key) => {
    expect(parse(bend(egress, ['detail', key], 'q=secret')).kind).toBe('invalid');
    expect(parse(bend(egress, ['detail', key, 'text'], 'q=secret')).kind).toBe('invalid');
  });

  it.each(['/a?token=x', '/a#x', '/a b', '/a\r\nset-cookie: x', 'a', '/ä', '/a"b'])('refuses the path %j', (path) => {
    expect(parse(bend(egress, ['detail', 'path'], path)).kind).toBe('invalid');
  });

  it('refuses a key twice, which would hide the first from every check', () => {
    const line = JSON.stringify(egress);
    expect(parseRecord(line).kind).toBe('ok');
    expect(parseRecord(line.replace('"detail":', '"detail":{"body":"secret"},"detail":')).kind).toBe('invalid');
    expect(parseRecord(`${line} `).kind).toBe('invalid');
  });

  it('checks what a writer hands over, although it is typed', () => {
    const wide = { ...FULL.human, detail: { ...FULL.human?.detail, headers } } as unknown as AuditRecord;
    expect(formatRecord(wide)).toEqual({
      kind: 'invalid',
      problems: ['detail: 1 unknown key(s); a record holds only what its schema names'],
    });
  });

  it('has an end for every string, number and list, and no map', () => {
    expect(openEnds(auditRecord)).toEqual([]);
  });
});

describe('O1 a record is at most 8 KB', () => {
  it.each(records)('%s fits with every field at its longest', (_, record) => {
    const longest = inflate(record);
    expect(auditRecord.safeParse(longest).success).toBe(true);
    // 200 bytes of room, for enumerations of which the sample has not the longest word.
    expect(checkRecordSize(JSON.stringify(longest)).bytes).toBeLessThan(MAX_RECORD_BYTES - 200);
  });

  it('counts bytes, not characters, and says what to do', () => {
    expect(checkRecordSize('a'.repeat(MAX_RECORD_BYTES))).toEqual({ kind: 'ok', bytes: 8192 });
    expect(checkRecordSize('a'.repeat(MAX_RECORD_BYTES + 1))).toMatchObject({ kind: 'too-large', bytes: 8193 });
    expect(checkRecordSize('ä'.repeat(4097))).toMatchObject({
      kind: 'too-large',
      problem: 'a record is at most 8192 bytes, got 8194; store the content and name it by SHA-256 and size',
    });
  });

  it('refuses more before reading it', () => {
    expect(parseRecord('['.repeat(1_000_000))).toMatchObject({ problems: [expect.stringContaining('8192 bytes')] });
  });
});

describe('O4 each record holds the hash of the bytes before it', () => {
  it('is not a record without it', () => {
    expect(parse(bend(egress, ['writer', 'previous'], undefined)).kind).toBe('invalid');
  });

  it('is SHA-256 over UTF-8, as sha256sum gives it', () => {
    expect(hashLine('ä')).toBe('33e6d73fee82904c8d7afb78de1154d1e8dc2a0edb08120e63df5b9385c2d9cc');
    expect(hashLine('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(NO_PREVIOUS).toMatch(/^0{64}$/);
  });
});

describe('O1 the published JSON Schema', () => {
  const validate = published(auditRecord);

  it.each(records)('accepts %s', (_, record) => {
    expect(validate(record)).toBe(true);
  });

  it('agrees with zod on whatever is not quite a record', () => {
    agreement(
      auditRecord,
      records.map(([, record]) => record),
    );
  });
});

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Makes every string and list as long as the schema lets it be, in the widest characters it takes. */
function inflate(record: AuditRecord): Json {
  const fits = (value: Json) => auditRecord.safeParse(value).success;
  let grown = copy(record);
  for (const path of places(grown)) {
    const value = valueAt(grown, path);
    if (typeof value === 'number') {
      const widest = [Number.MAX_SAFE_INTEGER, 65_535, 9999, 599, 255].find((n) => fits(bend(grown, path, n)));
      if (widest !== undefined) grown = bend(grown, path, widest);
    }
    if (typeof value === 'string')
      grown = bend(
        grown,
        path,
        widen(value, (text) => fits(bend(grown, path, text))),
      );
  }
  // Inner lists before those they stand in, so that an item is copied only once it is at its longest.
  const lists = places(grown).filter((path) => Array.isArray(valueAt(grown, path)));
  for (const path of lists.sort((a, b) => b.length - a.length)) {
    for (;;) {
      const list = valueAt(grown, path) as Json[];
      const next = bend(grown, path, [...list, list[0] ?? null]);
      if (!fits(next)) break;
      grown = next;
    }
  }
  return grown;
}

function widen(value: string, fits: (text: string) => boolean): string {
  const candidates = ['𝒳', '\\', '"', 'ä', '~', '9', 'z', 'a'].flatMap((character) => {
    let [low, high] = [0, 4096];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (fits(value + character.repeat(middle))) low = middle;
      else high = middle - 1;
    }
    return [value + character.repeat(low), [...value].slice(0, 1).join('') + character.repeat(low + value.length - 1)];
  });
  const size = (text: string) => Buffer.byteLength(JSON.stringify(text));
  return candidates.filter(fits).reduce((widest, text) => (size(text) > size(widest) ? text : widest), value);
}
