import type { IncomingMessage, ServerResponse } from 'node:http';
import { MODEL } from './documents';

interface Block {
  readonly type: string;
  readonly text?: string;
  readonly content?: string | readonly Block[];
}

/**
 * A model that does what its prompt says: `use Bash {"command":"ls"}` makes it ask for that tool, and what the tool gave
 * it becomes its answer, so that a test sees on the client's output what the model was sent. Whatever else it is asked,
 * it says {@link CANNED}. False where the request is none for a model.
 */
export function answerMessages(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  serverName: string | undefined,
): boolean {
  if (serverName !== MODEL || request.method !== 'POST' || url.pathname !== '/v1/messages') return false;
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.once('end', () => {
    const answer = answerTo(Buffer.concat(chunks).toString('utf8'));
    if (answer === undefined) response.writeHead(400).end();
    else stream(response, answer);
  });
  return true;
}

export const CANNED = 'an answer of the lab';
export const TOOL_SAID = 'the tool said:';

type Answer = { readonly text: string } | { readonly name: string; readonly input: string };

function answerTo(body: string): Answer | undefined {
  interface Asked {
    readonly messages: readonly { readonly role: string; readonly content: string | readonly Block[] }[];
  }
  try {
    const last = (JSON.parse(body) as Asked).messages.findLast(({ role }) => role === 'user')?.content ?? '';
    const result = typeof last === 'string' ? undefined : last.find(({ type }) => type === 'tool_result');
    if (result) return { text: `${TOOL_SAID} ${textOf(result.content ?? '')}` };
    const [, name, input] = /^use (\w+) (\{.*\})$/m.exec(textOf(last)) ?? [];
    return name !== undefined && input !== undefined ? { name, input } : { text: CANNED };
  } catch {
    // Fuzzers come here too.
    return undefined;
  }
}

function textOf(content: string | readonly Block[]): string {
  return typeof content === 'string' ? content : content.map(({ text = '' }) => text).join('\n');
}

function stream(response: ServerResponse, answer: Answer): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  const send = (type: string, data: object): void => {
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
  };
  const usage = { input_tokens: 1, output_tokens: 1 };
  const message = { id: 'msg_lab', type: 'message', role: 'assistant', model: 'lab', content: [], usage };
  send('message_start', { message: { ...message, stop_reason: null, stop_sequence: null } });
  const isText = 'text' in answer;
  const block = isText
    ? { type: 'text', text: '' }
    : { type: 'tool_use', id: 'toolu_lab', name: answer.name, input: {} };
  const delta = isText
    ? { type: 'text_delta', text: answer.text }
    : { type: 'input_json_delta', partial_json: answer.input };
  send('content_block_start', { index: 0, content_block: block });
  send('content_block_delta', { index: 0, delta });
  send('content_block_stop', { index: 0 });
  const stop_reason = isText ? 'end_turn' : 'tool_use';
  send('message_delta', { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 1 } });
  send('message_stop', {});
  response.end();
}
