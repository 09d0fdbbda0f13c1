import { readFileSync } from 'node:fs';
import type * as z from 'zod/mini';
import type * as answers from '../core/access/answers';
import { decide } from '../core/egress/decide';
import type { Decision } from '../core/egress/decision';
import { type PolicyDocument, parseDocument } from '../core/egress/document';
import { compilePolicy } from '../core/egress/match';
import { normaliseRequest } from '../core/egress/normalise';
import type { EgressRule } from '../core/egress/rule';
import type { ApiClient } from './api-client';
import { UsageError } from './api-settings';
import { apiVerb, type Given, type Printed } from './api-verb';
import { EXITS, type Verb } from './verb';

const HELP = `agentctl policy list
agentctl policy show PROFILE
agentctl policy test PROFILE METHOD URL

What sessions of a profile may do, by which grant, preset or line of platform.yaml, and what would become of one request,
decided by the code that the egress proxy runs. Exit code 1 where it would be refused.

  agentctl policy show coding
  agentctl policy test coding POST https://api.github.com/repos/acme/shop/issues
  agentctl policy test coding GET https://example.com/ --document document.json

  --document FILE    a policy document in a file, in place of the one in force; needs no sign-in
`;

const verb = (
  name: string,
  positionals: readonly string[],
  run: (given: Given, client: () => ApiClient) => Promise<Printed>,
) =>
  apiVerb({
    name: `policy ${name}`,
    help: HELP,
    options: { document: { type: 'string' } },
    positionals,
    run,
  });

const listed = verb('list', [], async (_, client) => {
  const found = await client().call<z.infer<typeof answers.profiles>>('listProfiles');
  const rows = found.profiles.map(
    ({ profile, teams }) => `${profile.padEnd(20)} ${teams.join(', ') || 'not for you'}\n`,
  );
  return { kind: 'profiles', json: found, text: rows.join('') };
});

const shown = verb('show', ['PROFILE'], async (given, client) => {
  const { document, documentHash } = await load(given, client);
  const { session, models } = document;
  const rules = (title: string, list: readonly EgressRule[]) =>
    list.length === 0 ? '' : `${title}\n${list.map((rule) => `  ${ruleText(rule)}\n`).join('')}`;
  const text =
    `profile      ${document.profile}${document.mode === 'observe' ? ' (observes only)' : ''}\n` +
    `image        ${session.image}\nlifetime     ${session.lifetimeSeconds} s at most\n` +
    `models       ${models.allow.join(', ') || 'none'}, ${models.budgetUsd} USD a session\n` +
    `grants       ${document.grants.map(({ id, kind }) => `${id} (${kind})`).join(', ') || 'none'}\n` +
    rules('may', document.rules) +
    rules('may, once approved', document.requestable) +
    `everything else is closed\n`;
  return { kind: 'policy', json: { profile: document.profile, documentHash, document }, text };
});

const tested = verb('test', ['PROFILE', 'METHOD', 'URL'], async (given, client) => {
  const [, method = '', url = ''] = given.positionals;
  const { document } = await load(given, client);
  const wire = wireOf(method, url);
  const normal = normaliseRequest(wire);
  const decision: Decision =
    normal.kind === 'ok'
      ? decide(compilePolicy(document), { opened: [] }, normal.request)
      : { kind: 'deny', code: normal.code, problem: normal.problem, operations: [] };
  const exit = decision.kind === 'deny' ? EXITS.wrong : EXITS.done;
  return { kind: 'decision', json: { method, url, decision }, text: `${decisionText(decision)}\n`, exit };
});

export const policy: Verb = (args, io) => {
  const [name, ...rest] = args;
  const verbs: Readonly<Record<string, Verb>> = { list: listed, show: shown, test: tested };
  const found = name !== undefined && Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (found) return found(rest, io);
  if (name === '--help' || name === '-h') return shown(['--help'], io);
  io.stderr(`agentctl policy: got "${name ?? 'nothing'}", expected list, show or test; see agentctl policy --help\n`);
  return EXITS.usage;
};

async function load({ positionals: [profile = ''], values }: Given, client: () => ApiClient) {
  if (values.document === undefined) {
    const found = await client().call<z.infer<typeof answers.policy>>('getPolicy', { parts: { profile } });
    return { document: parse(JSON.stringify(found.document)), documentHash: found.documentHash };
  }
  let text: string;
  try {
    text = readFileSync(values.document, 'utf8');
  } catch (error) {
    throw new UsageError(`--document: ${(error as Error).message}; name a file that is there`);
  }
  return { document: parse(text), documentHash: undefined };
}

function parse(text: string): PolicyDocument {
  const read = parseDocument(text);
  if (read.kind === 'ok') return read.document;
  throw new UsageError(`the policy document is not one that this version understands: ${read.problems.join('; ')}`);
}

function wireOf(method: string, text: string) {
  const [, scheme, authority = '', path] = /^(https?):\/\/([^/?#]+)([^#]*)$/.exec(text) ?? [];
  if (scheme === undefined) throw new UsageError(`URL: got "${text}", expected https://HOST/PATH`);
  const target = `${scheme}://${authority}${path === '' ? '/' : path}`;
  return { way: 'absolute' as const, method, target, httpVersion: '1.1', rawHeaders: ['Host', authority] };
}

function ruleText({ id, host, port, methods, origin }: EgressRule): string {
  return `${id.padEnd(28)} ${host}${port === 443 ? '' : `:${port}`}  ${methods.join(' ')}  (${origin.kind} ${origin.name})`;
}

function decisionText(decision: Decision): string {
  switch (decision.kind) {
    case 'allow':
      return `allowed by ${decision.rule.id}${decision.grant ? `, with the credential of grant ${decision.grant.id}` : ''}`;
    case 'ask':
      return `waits for an approval, by ${decision.rule.id}`;
    case 'inspect':
      return 'depends on the body: a rule here looks into GraphQL or MCP';
    case 'deny':
      return `refused: ${decision.code}${decision.rule ? `, by ${decision.rule.id}` : ''}${decision.problem ? ` (${decision.problem})` : ''}`;
  }
}
