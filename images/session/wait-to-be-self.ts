import * as z from 'zod/mini';
import { taskArn } from '../../core/audit/field';
import { type SelfAnswer, selfAnswer } from '../../core/session/self';
import type { InitPorts, InitSettings } from './init';

export interface ProxyUrls {
  readonly self: string;
  readonly taskText: string;
  readonly certificates: string;
}

export type SelfResult =
  | { readonly kind: 'self'; readonly answer: SelfAnswer; readonly waitedMs: number }
  | { readonly kind: 'failed'; readonly problem: string };

type Attempt =
  | { readonly kind: 'self'; readonly answer: SelfAnswer }
  | { readonly kind: 'not-yet'; readonly problem: string };

const metadata = z.object({ TaskARN: taskArn });
/** An answer about a caller is remembered by the proxy for 250 ms, so asking more often than that tells nothing new. */
const LONGEST_PAUSE_MS = 500;

/**
 * Until the proxy takes whoever calls from here for this very task. The address may have been another session's a moment
 * ago, and until its binding is closed the proxy would answer as if that one asked: no agent may run on it before.
 */
export async function waitToBeSelf(
  { urls, metadataUrl, waitMilliseconds }: Pick<InitSettings, 'urls' | 'metadataUrl' | 'waitMilliseconds'>,
  ports: Pick<InitPorts, 'fetch' | 'now' | 'wait'>,
): Promise<SelfResult> {
  const begun = ports.now();
  let own: string | undefined;
  let problem = '';
  for (let pause = 50; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    own ??= await ownTask(metadataUrl, ports);
    const attempt =
      own === undefined
        ? notYet('the task metadata does not say which task this is')
        : await ask(own, urls.self, ports);
    const waitedMs = ports.now() - begun;
    if (attempt.kind === 'self') return { ...attempt, waitedMs };
    problem = attempt.problem;
    if (waitedMs + pause > waitMilliseconds) break;
    await ports.wait(pause);
  }
  return { kind: 'failed', problem: `not known as this task in ${waitMilliseconds} ms; at last: ${problem}` };
}

const notYet = (problem: string): Attempt => ({ kind: 'not-yet', problem });

async function ownTask(metadataUrl: string, ports: Pick<InitPorts, 'fetch'>): Promise<string | undefined> {
  const answer = await ports.fetch(`${metadataUrl}/task`, { maxBytes: 256 * 1024, milliseconds: 2000 });
  return answer.kind === 'ok' ? parsed(metadata, answer.bytes)?.TaskARN : undefined;
}

async function ask(own: string, url: string, ports: Pick<InitPorts, 'fetch'>): Promise<Attempt> {
  const answer = await ports.fetch(url, { maxBytes: 64 * 1024, milliseconds: 2000 });
  if (answer.kind === 'failed') return notYet(answer.problem);
  const self = parsed(selfAnswer, answer.bytes);
  if (self === undefined) return notYet('an answer that is not understood');
  return self.taskArn === own ? { kind: 'self', answer: self } : notYet('the address is still bound to another task');
}

function parsed<T>(
  schema: { safeParse(value: unknown): { success: boolean; data?: T } },
  bytes: Buffer,
): T | undefined {
  try {
    const result = schema.safeParse(JSON.parse(bytes.toString('utf8')));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}
