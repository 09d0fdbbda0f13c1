import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(__dirname, '..', '..', '..');
const REQUIREMENTS = join(__dirname, 'requirements.txt');
const run = promisify(execFile);

export const REGION = 'eu-central-1';

/** An emulator of AWS's APIs. It knows how they answer, and enforces no IAM: it shows formats, not rights. */
export class MiniStack {
  /** For SDK clients. */
  readonly client: { readonly endpoint: string; readonly region: string; readonly credentials: typeof CREDENTIALS };

  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly endpoint: string,
  ) {
    this.client = { endpoint, region: REGION, credentials: CREDENTIALS };
  }

  static async start(): Promise<MiniStack> {
    const program = await installed();
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), 'ministack-'));
    const child = spawn(program, [], {
      cwd: folder,
      stdio: 'ignore',
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        TMPDIR: folder,
        // Its defaults are every interface, and ports of its own for two services.
        BIND_HOST: '127.0.0.1',
        GATEWAY_PORT: String(port),
        SFTP_ENABLED: '0',
        IOT_MTLS_ENABLED: '0',
      },
    });
    const stack = new MiniStack(child, folder, `http://127.0.0.1:${port}`);
    await stack.answers();
    return stack;
  }

  /** A call that no SDK client of ours makes. Which service is meant is read from the signature's scope. */
  async call(service: string, method: string, path: string, body: unknown, headers: Record<string, string> = {}) {
    const answer = await fetch(`${this.endpoint}${path}`, {
      method,
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: {
        'content-type': 'application/json',
        authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${REGION}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
        ...headers,
      },
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    const text = await answer.text();
    return text === '' ? {} : JSON.parse(text);
  }

  /** Takes connections and answers nothing, as a network does that swallows packets. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    this.thaw();
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGKILL');
      await once(this.child, 'exit');
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async answers(): Promise<void> {
    for (;;) {
      if (this.child.exitCode !== null) throw new Error(`MiniStack ended by itself with ${this.child.exitCode}`);
      try {
        if ((await fetch(`${this.endpoint}/_ministack/health`, { signal: AbortSignal.timeout(2000) })).ok) return;
      } catch {
        // Not yet.
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** In an environment of its own, whose packages are those of requirements.txt by hash; its folder is named for that. */
async function installed(): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12);
  const folder = join(ROOT, '.jest', `ministack-${hash}`);
  const program = join(folder, 'bin', 'ministack');
  if (existsSync(program)) return program;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(ROOT, '.jest'), { recursive: true });
  try {
    // Not moved afterwards: the programs in it name the folder.
    await run('python3', ['-m', 'venv', folder]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--require-hashes', '--only-binary', ':all:', '-r', REQUIREMENTS];
    await run(join(folder, 'bin', 'python'), pip);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(
      `MiniStack can't be installed: ${error instanceof Error ? error.message : error}; it needs python3 with venv ` +
        '(Debian: apt-get install python3-venv) and a package index that pip reaches',
    );
  }
  return program;
}
