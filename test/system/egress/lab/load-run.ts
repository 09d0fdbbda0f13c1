import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { EgressLab } from './egress-lab';
import type { LoadOrder } from './load';

/** A running generator of load. */
export class Load {
  /** Numbers of the requests whose answers came whole, in order. */
  readonly done: number[] = [];
  broken = 0;
  /** Resolves when the generator has ended. */
  readonly ended: Promise<void>;

  constructor(
    lab: EgressLab,
    order: Omit<LoadOrder, 'authority'>,
    private readonly keep = true,
  ) {
    const all: LoadOrder = { ...order, authority: join(lab.folder, 'ca.pem') };
    this.child = lab.spawn('load.ts', [JSON.stringify(all)]);
    let rest = '';
    let errors = '';
    this.child.stderr?.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    this.child.stdout?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.read(line);
    });
    this.ended = new Promise((resolve, reject) =>
      this.child.once('close', (code) =>
        code === 0 ? resolve() : reject(new Error(`load ended with ${code}: ${errors}`)),
      ),
    );
  }

  private readonly child: ChildProcess;
  count = 0;

  stop(): void {
    this.child.kill('SIGTERM');
  }

  private read(line: string): void {
    if (line === 'ready') return;
    const broken = /^broken (\d+)$/.exec(line)?.[1];
    if (broken !== undefined) this.broken = Number(broken);
    else {
      this.count++;
      if (this.keep) this.done.push(Number(line));
    }
  }
}
