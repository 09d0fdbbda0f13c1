import { canonicalHost } from './authority';
import { REFUSALS, type RefusalCode, type RefusalKind } from './refusal';
import type { Way } from './request';
import { METHODS } from './rule';

export interface RefusalInput {
  readonly code: RefusalCode;
  readonly way: Way;
  /** Normalised; anything else is left out of the answer. */
  readonly host?: string;
  readonly method?: string;
  readonly path?: string;
  /** Id of the rule. */
  readonly rule?: string;
  /** More than the code says; text of ours. */
  readonly problem?: string;
  /** The client's headers: what form of body it shows. */
  readonly accept?: string;
  readonly userAgent?: string;
  /** How this platform's people are asked, for example `agentctl request-access`; the operator's text. */
  readonly howToAsk?: string;
  /** In place of what {@link REFUSALS} has. */
  readonly retryAfterSeconds?: number;
}

export interface RefusalAnswer {
  readonly status: number;
  readonly reasonPhrase: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * An answer that says rule, host and remedy in whatever the client shows of it: pip and curl's CONNECT show the reason
 * phrase alone, git the body's lines where it is plain text, npm the `error` of a JSON body, Octokit its `message`,
 * GraphQL clients its `errors`, MCP clients a JSON-RPC error. Statuses are such that none prompts for a password or
 * tries again. Nothing of the request is echoed but a host, a method and a path in their normal form: no line break
 * reaches a header, no markup a body.
 */
export function refusalAnswer(input: RefusalInput): RefusalAnswer {
  const kind: RefusalKind = REFUSALS[input.code];
  const host = input.host !== undefined && canonicalHost(input.host) === input.host ? input.host : undefined;
  const rule = SHOWN_RULE.test(input.rule ?? '') ? input.rule : undefined;
  const method = (METHODS as readonly string[]).find((each) => each === input.method);
  const path = SHOWN_PATH.test(input.path ?? '') ? input.path : undefined;
  const retryAfter =
    kind.retryAfterSeconds === undefined ? undefined : (input.retryAfterSeconds ?? kind.retryAfterSeconds);

  const about = [host && `host ${host}`, rule && `rule ${rule}`].filter((part) => part !== undefined).join(', ');
  const says = input.problem === undefined ? kind.says : `${kind.says}: ${plain(input.problem)}`;
  const remedy = [kind.remedy, input.howToAsk && plain(input.howToAsk)].filter(Boolean).join('; ');
  const lines = [
    `agent-platform refused this request: ${input.code}`,
    ...(host === undefined ? [] : [`request: ${[method, `${host}${path ?? ''}`].filter(Boolean).join(' ')}`]),
    ...(rule === undefined ? [] : [`rule: ${rule}`]),
    `why: ${says}`,
    `what to do: ${remedy}${retryAfter === undefined ? '' : ` (after ${retryAfter} s)`}`,
  ];
  const facts = { code: input.code, host, rule, method, path, says, remedy, retryAfterSeconds: retryAfter };
  const { type, body } = render(form(input), lines, facts);
  return {
    status: kind.status,
    reasonPhrase: about === '' ? `refused ${input.code}` : `refused ${input.code} (${about})`,
    headers: {
      'content-type': type,
      'content-length': String(Buffer.byteLength(body)),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      // What follows a refused request on its connection may be the rest of its body, made to look like a request.
      connection: 'close',
      'x-agent-platform-refusal': input.code,
      ...(rule !== undefined && { 'x-agent-platform-rule': rule }),
      // Clients of model APIs made by one generator of SDKs, Claude Code among them, repeat what gets 429 or 5xx (Claude
      // Code ten times, over three minutes) unless this says that it helps nobody.
      ...(retryAfter === undefined ? { 'x-should-retry': 'false' } : { 'retry-after': String(retryAfter) }),
    },
    body,
  };
}

const SHOWN_RULE = /^[a-z0-9][a-z0-9.-]{0,127}$/;
const SHOWN_PATH = /^\/[A-Za-z0-9._~!$()*+,;=:@%/-]{0,255}$/;

type Form = 'text' | 'json' | 'json-rpc';

function form({ accept = '', userAgent = '' }: RefusalInput): Form {
  // git asks for anything, and shows a body only where it is plain text.
  if (/^git\//i.test(userAgent)) return 'text';
  if (/^(?:npm|pnpm|yarn|bun)\//i.test(userAgent)) return 'json';
  if (!/\bjson\b/i.test(accept)) return 'text';
  // MCP has its clients accept both.
  return /text\/event-stream/i.test(accept) ? 'json-rpc' : 'json';
}

function render(as: Form, lines: readonly string[], facts: object): { type: string; body: string } {
  if (as === 'text') return { type: 'text/plain; charset=utf-8', body: `${lines.join('\n')}\n` };
  const message = lines.join('; ');
  const value =
    as === 'json'
      ? { error: message, message, errors: [{ message }], refusal: facts }
      : { jsonrpc: '2.0', id: null, error: { code: -32001, message, data: facts } };
  return { type: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` };
}

/** Operators' and our own text too goes into one line of visible ASCII. */
function plain(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, 300);
}
