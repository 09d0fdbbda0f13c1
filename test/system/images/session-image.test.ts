import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { EXITS } from '../../../core/session/task';
import { readTranscripts, type Transcripts } from '../../../core/session/transcript-read';
import { until } from '../lab/namespaces';
import { METADATA_URL, OTHER_TASK_ARN, SessionLab, TASK_TEXT } from '../session/lab/session-lab';
import { ImageStore } from './lab/image-store';
import { type Ended, type RunningContainer, type RunOptions, sessionTask, TaskRun } from './lab/task';

/**
 * The image of session-init and session-recorder as its Dockerfile makes it, and the launcher in agents' images of several
 * shells, started with what the synthesized task definition says: in a network of their own, on volumes as Fargate makes
 * them. Not with no-new-privileges, which Fargate does not set.
 */
const SESSION = 'localhost/session';
const SHELLS = ['dash', 'bash', 'busybox'] as const;
const agentOf = (shell: (typeof SHELLS)[number]): string => `localhost/agent-${shell}`;
const AGENT = agentOf('dash');

const definitions = sessionTask('session-image');
const lab = SessionLab.start();
const store = new ImageStore();
let task: TaskRun;
let network: string;

beforeAll(async () => {
  store.makeNodeBase('localhost/node:24');
  store.build(SESSION, 'session', 'localhost/node:24');
  for (const shell of SHELLS) store.makeShellImage(agentOf(shell), shell);
  network = (await lab).namespace;
}, 240_000);
afterAll(async () => {
  await (await lab).close();
  store.remove();
});
beforeEach(async () => {
  (await lab).bind();
  task = new TaskRun(store, definitions, network);
});
afterEach(() => task.remove());

const init = (options: Partial<RunOptions> = {}): Promise<Ended> =>
  task.start('session-init', { image: SESSION, env: { ECS_CONTAINER_METADATA_URI_V4: METADATA_URL }, ...options })
    .ended;
const agent = (command: readonly string[], options: Partial<RunOptions> = {}): Promise<Ended> =>
  task.start('agent', {
    image: AGENT,
    env: { ECS_CONTAINER_METADATA_URI_V4: METADATA_URL },
    ...options,
    change: { Command: [...command], ...options.change },
  }).ended;
const agentOutput = (): string => task.readOutput('workspace/home/.agent-output');
const said = ({ output }: Ended): Record<string, unknown> =>
  JSON.parse(output.split('\n').find((line) => line.startsWith('{"sessionInit"')) ?? '{}');

describe('the image', () => {
  it('S2 is less than 60 MB compressed, runs nothing as root and owns its volumes', () => {
    const bytes = store.compressedBytes(SESSION);
    console.log(`images/session: ${(bytes / 1e6).toFixed(1)} MB compressed`);
    expect(bytes).toBeLessThan(60e6);
    expect(store.volumesOf(SESSION).sort()).toEqual(['/session', '/workspace']);
    const config = JSON.parse(store.buildah('inspect', '--type', 'image', SESSION)).OCIv1.config as { User: string };
    expect(config.User).toBe('10001:10001');
  });
});

describe('session-init', () => {
  it('S10 passes in the network as it is deployed, in less than a second of its own', async () => {
    const ended = await init();
    expect(said(ended)).toMatchObject({ verdict: 'passed' });
    expect(ended.code).toBe(0);
    console.log(`session-init: ${ended.output.trim()}`);
    expect(said(ended).workedMs).toBeLessThan(1000);
    expect(readFileSync(`${task.volume('session')}/task`, 'utf8')).toBe(TASK_TEXT);
    expect(statSync(`${task.volume('session')}/launch`).mode & 0o777).toBe(0o555);
  });

  it('S10 refuses the session where a way is open: exit code and finding', async () => {
    const way = { protocol: 'tcp', address: '140.82.121.3', port: 22 } as const;
    const ended = await (await lab).whileOpen(way, () => init());
    expect(said(ended)).toMatchObject({ verdict: 'refused', finding: 'canary', escapes: [{ id: 'port-ssh' }] });
    expect(ended.code).toBe(EXITS.initEscaped);
    // And no agent could be started, whatever ECS did.
    expect((await agent(['/bin/echo', 'hello'])).code).not.toBe(0);
    expect(agentOutput()).toBe('');
  });

  it('S4 waits while the address is still another task’s, and goes on when it is its own', async () => {
    const there = await lab;
    there.bind({ taskArn: OTHER_TASK_ARN, text: 'the text of somebody else' });
    const running = init();
    // Longer than the proxy takes to read its files, so that it has been asked as the other task.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    there.bind();
    const ended = await running;
    expect(said(ended)).toMatchObject({ verdict: 'passed' });
    expect(said(ended).waitedMs).toBeGreaterThan(1000);
    expect(readFileSync(`${task.volume('session')}/task`, 'utf8')).toBe(TASK_TEXT);
  });
});

describe('the launcher', () => {
  it.each(SHELLS)('S2 S10 starts the agent under %s with its settings, and keeps its output', async (shell) => {
    expect((await init()).code).toBe(0);
    const script =
      'pwd; read -r text < /session/task; echo "$text"; echo "$HTTPS_PROXY $SSL_CERT_FILE"; echo oops >&2; exit 7';
    const ended = await agent(['/bin/sh', '-c', script], { image: agentOf(shell) });
    expect(agentOutput().split('\n')).toEqual([
      '/workspace',
      TASK_TEXT.trim(),
      'http://egress.agents.internal:3128 /session/ca.pem',
      'oops',
      '',
    ]);
    expect(ended.code).toBe(7);
  });

  it('S4 C1 an agent that looks around finds its own task and no credential, and nobody hands out a text again', async () => {
    const there = await lab;
    expect((await init()).code).toBe(0);
    there.bind({ state: 'RUNNING' });
    // Longer than the proxy takes to read its files.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    const get = (host: string, port: number, path: string): string =>
      `exec 3<>/dev/tcp/${host}/${port}; printf 'GET ${path} HTTP/1.1\\r\\nHost: ${host}\\r\\nConnection: close\\r\\n\\r\\n' >&3; cat <&3; echo`;
    const looks = [
      'env',
      'cat /proc/*/environ | tr "\\0" "\\n"',
      'ls -la /session /workspace/home; cat /session/self.json',
      get('egress.agents.internal', 3128, '/.platform/task'),
      get('egress.agents.internal', 3128, '/.platform/session'),
      get('169.254.170.2', 80, '/v2/credentials'),
      'kill -0 1; ls /proc | grep -c "^[0-9]*$"',
    ];
    await agent(['/bin/bash', '-c', looks.join('; ')], { image: agentOf('bash') });
    const seen = agentOutput();
    expect(seen).toContain('"taskArn"');
    expect(seen).toMatch(/HTTP\/1\.1 4\d\d refused/);
    // Its own text lies in its own file; nobody gives it out on request any more.
    expect(seen).not.toContain(TASK_TEXT.trim());
    expect(seen).not.toMatch(
      /neighbour|10\.1\.0\.10\b|SECRET_ACCESS_KEY=(?!held-by-the-platform)|BEGIN [A-Z ]*PRIVATE KEY/,
    );
  });

  it('S2 the agent is one process with its launcher: signals reach it, and its end is the container’s', async () => {
    expect((await init()).code).toBe(0);
    await agent(['/bin/sh', '-c', 'read -r line < /proc/1/cmdline; echo "$$ $line"']);
    expect(agentOutput()).toMatch(/^1 /);
  });

  const REFUSALS: readonly (readonly [string, Partial<RunOptions>, string])[] = [
    [
      'a root file system that can be written',
      { without: ['--read-only', '--read-only-tmpfs=false'] },
      'root file system can be written',
    ],
    ['another user', { change: { User: '10002:10001' } }, 'the user is 10002'],
    ['root', { change: { User: '0:0' } }, 'the user is 0'],
    ['another group', { change: { User: '10001:0' } }, 'the group is 0'],
    ['capabilities that can come back', { without: ['--cap-drop=all'] }, 'capabilities can come back'],
    ['one capability', { extra: ['--cap-add=sys_ptrace'] }, 'capabilit'],
    ['a task role', { env: { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/credentials/x' } }, 'the task has a role'],
    ['no command', { change: { Command: [] } }, 'there is no command'],
  ];

  it.each(SHELLS.flatMap((shell) => REFUSALS.map(([what, options, says]) => [what, shell, options, says] as const)))(
    'S2 S10 refuses %s (%s)',
    async (_, shell, options, says) => {
      expect((await init()).code).toBe(0);
      const ended = await agent(['/bin/echo', 'the agent runs'], { ...options, image: agentOf(shell) });
      expect(ended.output).toContain(`session refused: `);
      expect(ended.output).toContain(says);
      expect(ended.code).toBe(EXITS.launcherRefused);
      expect(agentOutput()).not.toContain('the agent runs');
    },
  );

  it('U3 refuses where the agent could write what it is started with', async () => {
    expect((await init()).code).toBe(0);
    const { agent: { MountPoints } = { MountPoints: [] } } = definitions;
    const writable = MountPoints.map((mount) => ({ ...mount, ReadOnly: false }));
    const ended = await agent(['/bin/echo', 'the agent runs'], { change: { MountPoints: writable } });
    expect(ended.output).toContain('/session is not a volume that is read-only here');
    expect(ended.code).toBe(EXITS.launcherRefused);
  });

  it('U3 refuses where something else lies over a file of session-init', async () => {
    expect((await init()).code).toBe(0);
    const ended = await agent(['/bin/echo', 'the agent runs'], {
      extra: ['--volume=/etc/hostname:/session/environment:rw'],
    });
    expect(ended.output).toContain('/session/environment is mounted over');
    expect(ended.code).toBe(EXITS.launcherRefused);
  });

  it('F15 refuses where the volume belongs to root, as it does for an image that does not declare it', async () => {
    expect((await init()).code).toBe(0);
    execFileSync('chown', ['-R', '0:0', task.volume('workspace')]);
    const ended = await agent(['/bin/echo', 'the agent runs']);
    expect(ended.output).toContain('/workspace/home can not be written');
    expect(ended.code).toBe(EXITS.launcherRefused);
  });

  it.each(['task', 'self.json', 'ca.pem', 'environment'])('S10 refuses where %s is missing', async (file) => {
    expect((await init()).code).toBe(0);
    execFileSync('rm', [`${task.volume('session')}/${file}`]);
    const ended = await agent(['/bin/echo', 'the agent runs']);
    expect(ended.output).toContain(`/session/${file} is not there`);
    expect(ended.code).toBe(EXITS.launcherRefused);
  });

  it('S10 is not there where session-init never ran: the shell ends with an error', async () => {
    const ended = await agent(['/bin/echo', 'the agent runs']);
    expect(ended.code).not.toBe(0);
    expect(ended.output).not.toContain('the agent runs');
  });
});

describe('session-recorder', () => {
  const claude = '/workspace/home/.claude/projects/-workspace';
  /** Becomes busy for ever, as an agent that has to be killed. */
  const busy = 'while :; do :; done';

  const session = async (script: string): Promise<{ agent: RunningContainer; recorder: RunningContainer }> => {
    expect((await init()).code).toBe(0);
    const recorder = task.start('session-recorder', { image: SESSION });
    const command = { change: { Command: ['/bin/sh', '-c', script] } };
    const env = { ECS_CONTAINER_METADATA_URI_V4: METADATA_URL };
    return { agent: task.start('agent', { image: AGENT, env, ...command }), recorder };
  };
  const shipped = ({ output }: RunningContainer): Transcripts => readTranscripts(output.split('\n'));
  const text = (read: Transcripts, ending: string): string | undefined => {
    const file = read.files.find(({ name }) => name.endsWith(ending));
    return file && Buffer.from(file.bytes).toString();
  };

  it('A3 has everything although the agent was killed in the middle of it', async () => {
    const { agent: container, recorder } = await session(
      `mkdir -p ${claude}; echo one >> ${claude}/a.jsonl; echo out; i=0; while [ $i -lt 5000 ]; do echo "line $i" >> ${claude}/a.jsonl; i=$((i+1)); done; echo ready; ${busy}`,
    );
    await until('the agent', () => agentOutput().includes('ready'), 30_000);
    container.kill();
    expect((await container.ended).code).toBe(137);
    recorder.stop();
    expect((await recorder.ended).code).toBe(0);
    const read = shipped(recorder);
    expect(text(read, 'a.jsonl')).toBe(`one\n${Array.from({ length: 5000 }, (_, i) => `line ${i}\n`).join('')}`);
    expect(text(read, '.agent-output')).toBe('out\nready\n');
    expect([read.cuts, read.missing, read.foreign, read.end]).toEqual([[], 0, 0, 'stopped']);
  });

  it('A3 has everything up to a moment ago where it is killed itself', async () => {
    const { recorder } = await session(`mkdir -p ${claude}; echo one >> ${claude}/a.jsonl; ${busy}`);
    await until('the transcript', () => text(shipped(recorder), 'a.jsonl') === 'one\n', 30_000);
    recorder.kill();
    expect((await recorder.ended).code).toBe(137);
    expect(shipped(recorder).missing).toBe(0);
  });

  it('A3 S4 reads nothing of its own, of the platform’s or of the system’s for an agent that links to it', async () => {
    const { recorder } = await session(
      `mkdir -p ${claude} /workspace/home/.codex; ` +
        `ln -s /proc/self/environ ${claude}/environ.jsonl; ln -s /session/self.json ${claude}/self.jsonl; ` +
        `ln -s /app/main.js ${claude}/program.jsonl; ln -s /proc/1/root/app ${claude}/folder; ln -s / /workspace/home/.codex/sessions; ` +
        `mkfifo ${claude}/pipe.jsonl; ln /session/self.json ${claude}/hard.jsonl; truncate -s 1T ${claude}/huge.jsonl; ` +
        `echo real >> ${claude}/real.jsonl; ${busy}`,
    );
    // Not read as a whole each time: the large file fills it up to its limit.
    await until('the transcript', () => recorder.output.includes('"text":"real'), 30_000);
    recorder.stop();
    expect((await recorder.ended).code).toBe(0);
    const read = shipped(recorder);
    expect(read.files.find(({ name }) => name.endsWith('huge.jsonl'))?.cuts).toEqual(['file-limit']);
    expect(read.files.map(({ name }) => name).sort()).toEqual([
      '.agent-output',
      '.claude/projects/-workspace/huge.jsonl',
      '.claude/projects/-workspace/real.jsonl',
    ]);
    expect(recorder.output).not.toContain('PATH=');
    expect(agentOutput()).toContain('Invalid cross-device link');
  });

  it('S5 ends when the session’s time is over, which ends the task', async () => {
    (await lab).bind({ lifetime: 6_000 });
    const { recorder } = await session(busy);
    expect((await recorder.ended).code).toBe(EXITS.recorderLifetime);
    expect(shipped(recorder).end).toBe('lifetime');
  });
});
