import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ChildOptions {
  readonly cwd?: string;
  /** The whole environment. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface FinishedChild {
  readonly stdout: string;
  readonly stderr: string;
  /** From just before the start to the exit, milliseconds. */
  readonly wall: number;
}

/** One run of the harness: its temporary folder and its child processes, both gone after close(). */
export class Bench {
  readonly folder = mkdtempSync(join(tmpdir(), 'agent-platform-bench-'));
  private readonly children = new Set<ChildProcess>();
  private closed = false;

  /** Says on stderr what happens; stdout is for the figures. */
  progress(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  /** A child that runs until it ends by itself or the run ends. */
  start(command: string, args: readonly string[], options: ChildOptions = {}): ChildProcess {
    if (this.closed) throw new Error('the run is over');
    // A process group of its own, so that close() also ends what the child starts (jest's workers, a server's).
    const child = spawn(command, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.children.add(child);
    const forget = (): void => {
      this.children.delete(child);
    };
    child.once('close', forget);
    child.once('error', forget);
    return child;
  }

  /** A child that is measured as a whole. @throws when it does not exit with 0 */
  run(command: string, args: readonly string[], options: ChildOptions = {}): Promise<FinishedChild> {
    const begin = performance.now();
    const child = this.start(command, args, options);
    let wall = 0;
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      // The exit is the end of the process; `close` may come later, when a grandchild held the pipes.
      child.once('exit', () => {
        wall = performance.now() - begin;
      });
      child.once('close', (code, signal) => {
        if (code === 0) {
          resolve({ stdout, stderr, wall });
          return;
        }
        const output = `${stdout}${stderr}`.trimEnd().split('\n').slice(-20).join('\n');
        reject(new Error(`${command} ${args.join(' ')} ended with ${signal ?? code}:\n${output}`));
      });
    });
  }

  /** Synchronous, because it also runs in handlers of signals. */
  close(): void {
    this.closed = true;
    for (const { pid } of this.children) {
      if (pid === undefined) continue;
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // It ended between the loop and the signal.
      }
    }
    this.children.clear();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
