import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { FirewallRun, FirewallRunResult } from './lab/protocol';
import type { ResolverRun, ResolverRunResult } from './lab/resolver-protocol';

/** Runs cases through a firewall in namespaces of their own. Several runs at once don't meet. */
export function runFirewall(run: FirewallRun): Promise<FirewallRunResult> {
  return inOwnProcess('run-firewall.ts', run);
}

/** Asks questions of a resolver in a namespace of its own. */
export function runResolver(run: ResolverRun): Promise<ResolverRunResult> {
  return inOwnProcess('run-resolver.ts', run);
}

function inOwnProcess<Result>(program: string, order: FirewallRun | ResolverRun): Promise<Result> {
  const child = fork(join(__dirname, 'lab', program), {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  return new Promise((resolve, reject) => {
    let errors = '';
    let result: Result | undefined;
    child.stderr?.on('data', (chunk: Buffer) => {
      errors += chunk.toString('utf8');
    });
    child.once('message', (message) => {
      result = message as Result;
    });
    // Not before it has ended: until then its namespaces are there.
    child.once('close', (code) => {
      if (result !== undefined) resolve(result);
      else reject(new Error(`${program} ended with ${code}\n${errors}`));
    });
    child.send(order);
  });
}

/** Works on several items at a time and keeps their order. */
export async function severalAtATime<Item, Result>(
  atATime: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const entries = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of entries) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: atATime }, worker));
  return results;
}
