import type { IncomingMessage, ServerResponse } from 'node:http';
import { decideHost } from '../../core/egress/decide';
import { SELF_PATH, TASK_TEXT_PATH } from '../../core/network/services';
import { REFUSED_HOST_CANDIDATES, type SelfAnswer } from '../../core/session/self';
import type { Caller, CallerTask } from '../../runtime/caller';
import type { ReadyPolicy } from './compiled-policies';
import type { Ingress } from './judge';
import type { EgressPorts } from './ports';

/**
 * What a session may ask the proxy about itself: which task it is taken for, and, while it starts, its task's text.
 * False for everything else, and for the text later on: then it is a path like any other, refused and recorded.
 */
export async function answerAboutSelf(
  ports: EgressPorts,
  request: IncomingMessage,
  response: ServerResponse,
  ingress: Ingress,
  caller: Caller,
  ready: ReadyPolicy,
): Promise<boolean> {
  const { subject, task } = caller;
  if (ingress.way !== 'named' || request.method !== 'GET' || !task || subject.kind !== 'session') return false;
  if (request.url !== SELF_PATH && request.url !== TASK_TEXT_PATH) return false;
  const state = ports.states.of(caller);
  // Counted like every other connection, and closed with the session.
  if (!state.connect(request.socket)) return false;
  // Who asks and does not read holds memory here.
  const timer = setTimeout(() => response.destroy(), ports.limits.stalledReaderMs);
  response.once('close', () => clearTimeout(timer));
  if (request.url === SELF_PATH) {
    const neighbour = task.state === 'STARTING' ? ports.callers.neighbourOf?.(ingress.address) : undefined;
    const answer = aboutSelf(subject, task, ready, neighbour);
    send(response, 'application/json', Buffer.from(JSON.stringify(answer)));
    return true;
  }
  // Once the agent may be there, the text comes from the volume only: nobody asks for it twice.
  if (task.state !== 'STARTING' || !ports.taskTexts || !state.beginText()) return false;
  response.once('close', () => state.endText());
  let text: Uint8Array;
  try {
    text = await ports.taskTexts.read(subject.sessionId);
  } catch (error) {
    ports.onError(error);
    response.writeHead(503, { 'content-length': 0, 'retry-after': '1', 'cache-control': 'no-store' });
    response.end();
    return true;
  }
  send(response, 'application/octet-stream', text);
  return true;
}

function aboutSelf(
  subject: Extract<Caller['subject'], { kind: 'session' }>,
  task: CallerTask,
  { policy }: ReadyPolicy,
  neighbour: string | undefined,
): SelfAnswer {
  const refusedHost = REFUSED_HOST_CANDIDATES.find((host) => decideHost(policy, host) !== undefined);
  return {
    version: 1,
    sessionId: subject.sessionId,
    taskArn: task.taskArn,
    generation: task.generation,
    profile: subject.profile,
    taskText: task.taskText,
    lifetimeEndsAt: task.lifetimeEndsAt,
    idleSeconds: policy.document.session.idleSeconds,
    ...(refusedHost !== undefined && { refusedHost }),
    ...(neighbour !== undefined && { neighbour }),
  };
}

function send(response: ServerResponse, type: string, bytes: Uint8Array): void {
  response.writeHead(200, { 'content-type': type, 'content-length': bytes.length, 'cache-control': 'no-store' });
  response.end(bytes);
}
