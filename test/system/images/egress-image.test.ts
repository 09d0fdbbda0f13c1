import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeIssuer } from '../egress/lab/pki';
import { mirror } from './lab/image-store';

const ROOT = join(__dirname, '../../..');
const NAME = `egress-image-${process.pid}`;

/**
 * The image as its Dockerfile makes it, on a base of Debian's packages with the Node that the project's lock names: no
 * public image can be pulled where this runs. Started with what the task definition asks for.
 */
describe('images/egress, built with buildah and run with podman', () => {
  let folder: string;
  let container: ChildProcess;
  let output = '';
  let port: number;

  const buildah = (...args: string[]): string =>
    execFileSync(
      'buildah',
      ['--storage-driver', 'vfs', '--root', join(folder, 'root'), '--runroot', join(folder, 'run'), ...args],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    ).trim();
  const podman = (...args: string[]): string[] => [
    ...['--storage-driver', 'vfs', '--root', join(folder, 'root'), '--runroot', join(folder, 'run')],
    ...['--runtime', 'runc', '--cgroup-manager', 'cgroupfs', ...args],
  ];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'egress-image-'));
    const base = join(folder, 'base.tar');
    const packages = '--include=libc6,libstdc++6,libgcc-s1';
    execFileSync('mmdebstrap', ['--quiet', '--variant=extract', packages, 'bookworm', base, mirror()], {
      stdio: 'pipe',
    });
    const from = buildah('from', 'scratch');
    buildah('add', '-q', from, base, '/');
    buildah('copy', '-q', from, realpathSync(join(ROOT, 'node_modules/node/bin/node')), '/usr/local/bin/node');
    buildah('commit', '-q', from, 'localhost/node:24');
    buildah(
      'build',
      '-q',
      '--isolation',
      'chroot',
      '--build-arg',
      'BASE_IMAGE=localhost/node:24',
      '-t',
      'localhost/egress',
      join(ROOT, 'assets/images/egress'),
    );

    const files = join(folder, 'files');
    mkdirSync(join(files, 'policies'), { recursive: true });
    const authority = await makeIssuer('image test');
    const write = (name: string, content: string | object): void =>
      writeFileSync(join(files, name), typeof content === 'string' ? content : JSON.stringify(content), {
        mode: 0o644,
      });
    write('authority.crt', authority.certificate);
    write('authority.key', authority.key);
    write('credentials.json', { version: 1, grants: {} });
    write('callers.json', {
      version: 1,
      bindings: [{ cidr: '127.0.0.0/8', subject: { kind: 'client', name: 'tester', profile: 'nothing' } }],
    });
    write('policies/nothing.json', {
      version: 1,
      profile: 'nothing',
      session: { image: 'i', cpuUnits: 256, memoryMiB: 512, storageGiB: 21, lifetimeSeconds: 60, idleSeconds: 60 },
      rules: [],
      requestable: [],
      blocked: [],
      grants: [],
      models: { allow: [], budgetUsd: 0 },
    });

    const hardening = ['--read-only', '--cap-drop=all', '--security-opt=no-new-privileges'];
    // Podman raises limits that this machine may not allow to be raised.
    const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];
    const settings = ['-e', 'EGRESS_FILES=/files', '-e', 'EGRESS_PORT=0', '-e', 'EGRESS_HEALTH_PORT=0'];
    container = spawn(
      'podman',
      podman(
        'run',
        '--rm',
        '--name',
        NAME,
        ...hardening,
        ...limits,
        '--network=host',
        '-v',
        `${files}:/files:ro`,
        ...settings,
        'localhost/egress',
      ),
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const listening = new Promise<number>((resolve, reject) => {
      const onText = (text: string): void => {
        output += text;
        const found = /listening on (\d+)/.exec(output)?.[1];
        if (found) resolve(Number(found));
      };
      container.stdout?.on('data', (chunk) => onText(String(chunk)));
      container.stderr?.on('data', (chunk) => onText(String(chunk)));
      container.once('exit', () => reject(new Error(`the container ended: ${output}`)));
    });
    port = await listening;
  }, 240_000);

  afterAll(() => {
    if (container.exitCode === null) execFileSync('podman', podman('kill', NAME), { stdio: 'ignore' });
    rmSync(folder, { recursive: true, force: true });
  });

  it('serves as a user that is not root, without capabilities, on a read-only root', () => {
    const answer = curl(
      '-i',
      '-x',
      `http://127.0.0.1:${port}`,
      '--cacert',
      join(folder, 'files/authority.crt'),
      'https://example.com/',
    );
    expect(answer).toContain('x-agent-platform-refusal: host-not-allowed');
    const pid = execFileSync('podman', podman('inspect', '-f', '{{.State.Pid}}', NAME), { encoding: 'utf8' }).trim();
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\s+65532\s+65532\s+65532\s+65532$/m);
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(readFileSync(`/proc/${pid}/mounts`, 'utf8')).toMatch(/^\S+ \/ \S+ ro[, ]/m);
  });

  it('is healthy by the command of its own health check', () => {
    const health = /health on (\d+)/.exec(output)?.[1];
    expect(JSON.parse(curl(`http://127.0.0.1:${health}/healthz`))).toMatchObject({ status: 'ready' });
  });

  it('drains and leaves with 0 when it is told to end', async () => {
    const ended = new Promise<number | null>((resolve) => container.once('exit', (code) => resolve(code)));
    execFileSync('podman', podman('stop', '-t', '20', NAME), { stdio: 'pipe' });
    expect(await ended).toBe(0);
  });
});

function curl(...args: string[]): string {
  return execFileSync('curl', ['-sS', '--max-time', '10', ...args], { encoding: 'utf8' });
}
