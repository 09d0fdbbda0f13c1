import * as fc from 'fast-check';
import {
  type AddressBinding,
  addressBinding,
  BINDING_KEY,
  EPOCH_ADDRESS,
  epochItem,
  interfaceAddress,
} from '../../../core/session/binding';
import { makeSessionId, SESSION_ID } from '../../../core/session/id';
import { runTaskToken, SESSION_KEY, type SessionRow, sessionRow } from '../../../core/session/row';
import { ENDINGS, isTerminal, LIVE_STATES, SESSION_STATES, TERMINAL_STATES } from '../../../core/session/state';
import { agreement, openEnds, parts, published } from '../audit/agreement';
import { bend, type Json } from '../audit/bend';

const SESSION = 's01k9m3v2zq8f4c7n5t6w1x0ybd';
const TASK = `arn:aws:ecs:eu-central-1:111122223333:task/sessions/${'0a'.repeat(16)}`;
const TIME = '2026-11-03T09:15:00.000Z';

const row: SessionRow = {
  version: 1,
  sessionId: SESSION,
  revision: 4,
  profile: 'coder',
  documentHash: 'ab'.repeat(32),
  requester: 'https://idp.example.com|00u1a2b3',
  team: 'payments',
  repository: 'acme/shop',
  taskText: { sha256: 'cd'.repeat(32), bytes: 812 },
  state: 'STOPPING',
  cause: 'lifetime-over',
  stoppedBy: 'https://idp.example.com|00u1a2b3',
  remark: 'drill',
  budgetReservedMicroUsd: 5_000_000,
  lifetimeSeconds: 3600,
  slot: true,
  taskVersion: 4,
  taskGone: true,
  address: '10.64.3.17',
  exitCode: 137,
  approvalsAsOf: TIME,
  generation: 1,
  cluster: 'arn:aws:ecs:eu-central-1:111122223333:cluster/sessions',
  taskArn: TASK,
  createdAt: TIME,
  updatedAt: TIME,
  startedAt: TIME,
  runningAt: TIME,
  stoppingAt: TIME,
  endedAt: TIME,
  lifetimeEndsAt: TIME,
  ttl: 1_800_000_000,
};
const pending = [
  'repository',
  'cause',
  'stoppedBy',
  'remark',
  'slot',
  'taskVersion',
  'taskGone',
  'address',
  'exitCode',
  'approvalsAsOf',
  'cluster',
  'taskArn',
  'startedAt',
  'runningAt',
  'stoppingAt',
  'endedAt',
  'ttl',
].reduce<Json>((rest, key) => bend(rest, [key], undefined), bend(row, ['state'], 'PENDING'));
const binding: AddressBinding = {
  version: 1,
  address: '10.64.3.17',
  sessionId: SESSION,
  taskArn: TASK,
  generation: 1,
  epoch: 0,
  eventVersion: 3,
  openedAt: TIME,
  usableAt: TIME,
  closedAt: TIME,
  supersedes: SESSION,
  ttl: 1_800_000_000,
};
const epoch = {
  version: 1,
  address: 'epoch',
  epoch: 2,
  open: true,
  changedAt: TIME,
  changedBy: 'https://idp.example.com|00u1a2b3',
  confirmedBy: 'https://idp.example.com|00u9z8y7',
  remark: 'drill',
};

const SCHEMAS = [
  ['session row', sessionRow, row],
  ['address binding', addressBinding, binding],
  ['epoch item', epochItem, epoch],
] as const;

describe('C1 a session id is a name that no other begins with', () => {
  const random = fc.uint8Array({ minLength: 10, maxLength: 10 });
  const moment = fc.integer({ min: 0, max: 2 ** 48 - 1 });

  it('has one form and one length, and sorts by time', () => {
    fc.assert(
      fc.property(moment, moment, random, random, (a, b, first, second) => {
        const [x, y] = [makeSessionId(a, first), makeSessionId(b, second)];
        expect(x).toMatch(SESSION_ID);
        expect(x).toHaveLength(27);
        if (a !== b) expect(x < y).toBe(a < b);
        expect(x === y).toBe(a === b && Buffer.compare(first, second) === 0);
      }),
    );
  });

  it('keeps every bit it was given', () => {
    expect(makeSessionId(2 ** 48 - 1, new Uint8Array(10).fill(255))).toBe('s7zzzzzzzzzzzzzzzzzzzzzzzzz');
    expect(makeSessionId(0, Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 33]))).toBe('s00000000000000000000000011');
  });

  it('is refused rather than made from a bad time or too little randomness', () => {
    for (const bad of [-1, 0.5, 2 ** 48]) expect(() => makeSessionId(bad, new Uint8Array(10))).toThrow('2^48');
    expect(() => makeSessionId(0, new Uint8Array(16))).toThrow('10 random bytes');
  });

  it.each([
    SESSION.slice(0, -1),
    `${SESSION}0`,
    SESSION.toUpperCase(),
    SESSION.replace('k', 'l'),
    `${SESSION}\n`,
    `x${SESSION.slice(1)}`,
    's8zzzzzzzzzzzzzzzzzzzzzzzzz',
  ])('refuses %j', (id) => {
    expect(SESSION_ID.test(id)).toBe(false);
  });

  it('with its generation is what RunTask takes as clientToken, new for each generation', () => {
    expect(runTaskToken({ sessionId: SESSION, generation: 9999 })).toMatch(/^[a-z0-9-]{1,64}$/);
    expect(runTaskToken(row)).not.toBe(runTaskToken({ ...row, generation: 2 }));
  });
});

describe('C1 a binding has the address as ECS reports it, in its one spelling', () => {
  it.each(['10.64.3.17', '172.31.255.254', '192.168.0.1', '100.64.0.1', '127.0.0.1', '223.255.255.255'])(
    'takes %s',
    (a) => {
      expect(addressBinding.safeParse(bend(binding, ['address'], a)).success).toBe(true);
    },
  );

  it.each([
    '010.64.3.17',
    '10.64.3.017',
    '10.64.3',
    '10.64.3.256',
    '10.64.3.17/32',
    '10.64.3.17 ',
    '10.64.3.17\n',
    '0x0a.64.3.17',
    '171967249',
    '::ffff:10.64.3.17',
    'fd00::1',
    '0.0.0.0',
    '169.254.170.2',
    '224.0.0.1',
    '239.1.1.1',
    '255.255.255.255',
    'localhost',
    EPOCH_ADDRESS,
    '',
  ])('refuses %j', (address) => {
    expect(interfaceAddress.safeParse(address).success).toBe(false);
    expect(addressBinding.safeParse(bend(binding, ['address'], address)).success).toBe(false);
  });

  it.each(['sessionId', 'taskArn', 'generation', 'epoch', 'eventVersion', 'openedAt'])('needs %s', (key) => {
    expect(addressBinding.safeParse(bend(binding, [key], undefined)).success).toBe(false);
  });

  it('is never read as the epoch item, nor that as a binding', () => {
    expect(epochItem.safeParse(binding).success).toBe(false);
    expect(addressBinding.safeParse(epoch).success).toBe(false);
  });

  it('has the keys of the tables as fields', () => {
    expect(binding).toHaveProperty(BINDING_KEY);
    expect(row).toHaveProperty(SESSION_KEY);
    expect([BINDING_KEY, SESSION_KEY]).toEqual(['address', 'sessionId']);
  });
});

describe('S4 a row holds no credential and no task text', () => {
  it.each(['token', 'environment', 'overrides', 'taskRoleArn', 'headers', 'prompt'])('refuses %s', (key) => {
    for (const [, schema, sample] of SCHEMAS) {
      expect(schema.safeParse(bend(sample, [key], 'x')).success).toBe(false);
      expect(schema.safeParse(bend(sample, [key], { a: 'x' })).success).toBe(false);
    }
  });

  it('names the task text by hash and size', () => {
    expect(sessionRow.safeParse(bend(row, ['taskText'], 'fix the bug')).success).toBe(false);
    expect(sessionRow.safeParse(bend(row, ['taskText', 'text'], 'fix the bug')).success).toBe(false);
  });
});

describe('S7 states of a session', () => {
  it('accepts a row that has only just been asked for', () => {
    expect(sessionRow.safeParse(pending).success).toBe(true);
  });

  it.each(['PAUSED', 'running', '', null])('refuses the state %j', (state) => {
    expect(sessionRow.safeParse(bend(row, ['state'], state)).success).toBe(false);
  });

  it.each<[string, Json]>([
    ['revision', 0],
    ['generation', -1],
    ['generation', 10_000],
    ['budgetReservedMicroUsd', 0.5],
    ['createdAt', '2026-11-03T09:15:00.000'],
    ['endedAt', null],
    ['documentHash', 'ab'],
    ['version', 2],
  ])('refuses %s %j', (key, value) => {
    expect(sessionRow.safeParse(bend(row, [key], value)).success).toBe(false);
  });

  it('every ending has its own reason and remedy, and no live state is an ending', () => {
    expect(SESSION_STATES.filter(isTerminal)).toEqual([...TERMINAL_STATES]);
    expect(LIVE_STATES.some(isTerminal)).toBe(false);
    const said = TERMINAL_STATES.flatMap((state) => Object.values(ENDINGS[state]));
    expect(new Set(said).size).toBe(2 * TERMINAL_STATES.length);
  });
});

describe.each(SCHEMAS)('O1 the published JSON Schema of the %s', (_, schema, sample) => {
  it('accepts the sample, which has every field', () => {
    expect(published(schema)(sample)).toBe(true);
    const named = parts(schema).map(({ path }) => path.split('/')[1] ?? '');
    expect(new Set(named.filter((key) => key !== ''))).toEqual(new Set(Object.keys(sample)));
  });

  it('is closed, and every string and number has an end', () => {
    expect(openEnds(schema)).toEqual([]);
  });

  it('agrees with zod on whatever is not quite one', () => {
    agreement(schema, [sample]);
  });
});
