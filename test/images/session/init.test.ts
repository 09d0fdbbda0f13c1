import { createHash, X509Certificate } from 'node:crypto';
import type { Observation, Probe } from '../../../core/session/canary';
import type { SelfAnswer } from '../../../core/session/self';
import type { Fetched } from '../../../images/session/fetch-bytes';
import { INIT_FAILED, type InitPorts, runInit } from '../../../images/session/init';
import { OTHER_TASK, SESSION, TASK, TIME } from '../../core/session/samples';
import { TestAuthority } from '../egress/lab/authority';

const TEXT = 'fix the build';
const self: SelfAnswer = {
  version: 1,
  sessionId: SESSION,
  taskArn: TASK,
  generation: 1,
  profile: 'coder',
  taskText: { sha256: createHash('sha256').update(TEXT).digest('hex'), bytes: TEXT.length },
  lifetimeEndsAt: TIME,
  idleSeconds: 900,
  refusedHost: 'example.com',
  neighbour: '10.64.0.9',
};

const ok = (value: unknown): Fetched => ({
  kind: 'ok',
  bytes: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
});
const failed = (problem: string): Fetched => ({ kind: 'failed', problem });

const settings = {
  zone: 'agents.internal',
  urls: { self: 'self', taskText: 'text', certificates: 'ca' },
  metadataUrl: 'metadata',
  launcher: '#!/bin/sh\n',
  waitMilliseconds: 10_000,
};

/** The task's surroundings, in memory. */
class World {
  /** What each URL answers, one after the other; the last one for ever. */
  readonly answers: Record<string, Fetched[]>;
  readonly files = new Map<string, { text: string; mode: number }>();
  readonly folders: string[] = [];
  readonly said: Record<string, unknown>[] = [];
  readonly asked: string[] = [];
  readonly order: string[] = [];
  observe: (probe: Probe) => Observation = ({ kind }) =>
    kind === 'proxied' ? { kind: 'refused', code: 'host-not-allowed' } : { kind: 'silence' };
  refuseWrite: string | undefined;
  private time = 0;

  constructor(certificate: string) {
    this.answers = {
      'metadata/task': [ok({ TaskARN: TASK })],
      self: [ok(self)],
      text: [ok(TEXT)],
      ca: [ok(certificate)],
    };
  }

  get ports(): InitPorts {
    return {
      fetch: async (url) => {
        this.asked.push(url);
        const [next, ...more] = this.answers[url] ?? [failed('no such url')];
        if (more.length > 0) this.answers[url] = more;
        return next ?? failed('nothing');
      },
      observe: async (probe) => {
        this.order.push('probe');
        return this.observe(probe);
      },
      write: async (path, bytes, mode) => {
        if (path === this.refuseWrite) throw Object.assign(new Error('no'), { code: 'EEXIST', path });
        this.order.push(path);
        this.files.set(path, { text: Buffer.from(bytes).toString('latin1'), mode });
      },
      makeFolder: async (path) => {
        this.folders.push(path);
      },
      now: () => this.time,
      wait: async (milliseconds) => {
        this.time += milliseconds;
      },
      say: (line) => this.said.push(line),
    };
  }

  run(): Promise<number> {
    return runInit(settings, this.ports);
  }
}

let authority: TestAuthority;
let world: World;
beforeAll(async () => {
  authority = await TestAuthority.create('platform');
});
beforeEach(() => {
  world = new World(authority.pem.certificate);
});

describe('session-init', () => {
  it('S10 C1 writes what the agent needs, the launcher last, and says so in one line', async () => {
    expect(await world.run()).toBe(0);
    expect([...world.files.keys()].sort()).toEqual([
      '/session/ca.jks',
      '/session/ca.pem',
      '/session/environment',
      '/session/launch',
      '/session/maven-settings.xml',
      '/session/self.json',
      '/session/task',
      '/session/wgetrc',
    ]);
    expect(world.order.at(-1)).toBe('/session/launch');
    expect(world.files.get('/session/launch')).toEqual({ text: '#!/bin/sh\n', mode: 0o555 });
    expect(world.files.get('/session/task')).toEqual({ text: TEXT, mode: 0o444 });
    expect(world.folders).toEqual(['/workspace/home']);
    expect(world.said).toEqual([{ verdict: 'passed', probes: expect.any(Number), waitedMs: 0, workedMs: 0 }]);
  });

  it('S4 asks for the text once, and only after it is known as itself', async () => {
    world.answers.self = [failed('status 403 unbound-address'), ok({ ...self, taskArn: OTHER_TASK }), ok(self)];
    expect(await world.run()).toBe(0);
    expect(world.asked).toEqual(['metadata/task', 'self', 'self', 'self', 'text', 'ca']);
  });

  it('S4 leaves nothing about other sessions on the volume', async () => {
    await world.run();
    const { neighbour: _, refusedHost: __, ...own } = self;
    expect(JSON.parse(world.files.get('/session/self.json')?.text ?? '')).toEqual(own);
    for (const { text } of world.files.values()) expect(text).not.toContain(self.neighbour);
  });

  it('N9 gives clients the public roots and the platform’s authority in one list', async () => {
    await world.run();
    const pem = world.files.get('/session/ca.pem')?.text ?? '';
    const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    expect(found.length).toBeGreaterThan(100);
    expect(new X509Certificate(found.at(-1) ?? '').subject).toBe(
      new X509Certificate(authority.pem.certificate).subject,
    );
  });
});

describe('S4 session-init waits to be itself', () => {
  const answers: [string, Fetched][] = [
    ['the address is nobody’s yet', failed('status 403 unbound-address')],
    ['the address is another task’s', ok({ ...self, taskArn: OTHER_TASK })],
    ['the address is of an older task of this session', ok({ ...self, taskArn: OTHER_TASK, generation: 0 })],
    ['the proxy can not be reached', failed('ECONNREFUSED')],
    ['the proxy says something else', ok('<html>')],
    ['the proxy is newer than this image', ok({ ...self, version: 2 })],
  ];

  it.each(answers)('S4 where %s, and for good it gives up', async (_, answer) => {
    world.answers.self = [answer];
    expect(await world.run()).toBe(INIT_FAILED.notSelf);
    expect(world.asked).not.toContain('text');
    expect(world.files.size).toBe(0);
    expect(world.said).toEqual([
      { verdict: 'failed', exit: INIT_FAILED.notSelf, problem: expect.stringContaining('10000 ms') },
    ]);
  });

  it('S4 does not ask more often than answers change, nor more rarely than a person would wait', async () => {
    world.answers.self = [failed('status 403 unbound-address')];
    await world.run();
    const asked = world.asked.filter((url) => url === 'self').length;
    expect(asked).toBeGreaterThan(15);
    expect(asked).toBeLessThan(30);
  });

  it('S4 believes nobody where the metadata do not say which task it is', async () => {
    world.answers['metadata/task'] = [failed('timeout')];
    expect(await world.run()).toBe(INIT_FAILED.notSelf);
    expect(world.asked).not.toContain('self');
  });
});

describe('S10 no agent starts', () => {
  const noAgent = (): void => expect([...world.files.keys()]).not.toContain('/session/launch');

  it('S10 where a probe gets through: exit code and finding say which', async () => {
    world.observe = (probe) =>
      probe.kind === 'proxied'
        ? { kind: 'refused', code: 'host-not-allowed' }
        : probe.id === 'port-ssh'
          ? { kind: 'answered' }
          : { kind: 'silence' };
    expect(await world.run()).toBe(70);
    expect(world.said).toEqual([
      { verdict: 'refused', finding: 'canary', escapes: [{ id: 'port-ssh', saw: 'answered' }] },
    ]);
    noAgent();
  });

  it('S10 where the profile closes no host that is there: nothing shows that the proxy decides', async () => {
    const { refusedHost: _, ...open } = self;
    world.answers.self = [ok(open)];
    expect(await world.run()).toBe(70);
    noAgent();
  });

  it.each<[string, (world: World) => void, number]>([
    [
      'the text is another',
      (w) => {
        w.answers.text = [ok('FIX the build')];
      },
      INIT_FAILED.taskText,
    ],
    [
      'the text is longer',
      (w) => {
        w.answers.text = [ok(`${TEXT}!`)];
      },
      INIT_FAILED.taskText,
    ],
    [
      'the text can not be had',
      (w) => {
        w.answers.text = [failed('status 503')];
      },
      INIT_FAILED.taskText,
    ],
    [
      'there are no certificates',
      (w) => {
        w.answers.ca = [ok('')];
      },
      INIT_FAILED.certificates,
    ],
    [
      'there is something else between them',
      (w) => {
        w.answers.ca = [ok('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')];
      },
      INIT_FAILED.certificates,
    ],
    [
      'a file is there already',
      (w) => {
        w.refuseWrite = '/session/environment';
      },
      INIT_FAILED.files,
    ],
    [
      'the launcher is there already',
      (w) => {
        w.refuseWrite = '/session/launch';
      },
      INIT_FAILED.files,
    ],
  ])('S10 where %s', async (_, change, exit) => {
    change(world);
    expect(await world.run()).toBe(exit);
    expect(world.said).toEqual([{ verdict: 'failed', exit, problem: expect.any(String) }]);
    noAgent();
  });

  it('S10 where a certificate is no authority', async () => {
    const leaf = await authority.issue(['example.com']);
    world.answers.ca = [ok(leaf.certificate)];
    expect(await world.run()).toBe(INIT_FAILED.certificates);
    noAgent();
  });

  it('S10 but a proxy in the middle of a deployment is asked again', async () => {
    world.answers.text = [failed('ECONNRESET'), failed('status 503'), ok(TEXT)];
    world.answers.ca = [failed('ECONNREFUSED'), ok(authority.pem.certificate)];
    expect(await world.run()).toBe(0);
  });
});
