import type { DocumentGrant, PolicyDocument } from '../egress/document';
import { type EgressRule, isWrite } from '../egress/rule';

/**
 * What a session of this profile can change in the world outside, in a person's words; empty when it can only read.
 * Derived from the document that the services enforce, so it says what they do and not what a configuration meant.
 * What leaves in a request to an allowed host can't be taken back either; that is the list of hosts, not this one.
 */
export function irreversibleActs(document: PolicyDocument): readonly string[] {
  const open = document.rules.flatMap((rule) => actOf(rule, document, false));
  const observed = document.mode === 'observe' ? document.rules.map(observedAct) : [];
  const requestable = document.requestable.flatMap((rule) => actOf(rule, document, true));
  return merge([...open, ...requestable, ...observed]);
}

/** Where refusals are only written down, a rule that reads stops no write either. */
function observedAct(rule: EgressRule): Act {
  return { verb: 'any method on', subjects: [rule.host], manner: 'without a credential [the profile observes only]' };
}

/** `subjects` are what acts of one kind are listed together by: repositories, hosts, paths. */
interface Act {
  readonly verb: string;
  readonly subjects: readonly string[];
  readonly manner: string;
}

const GITHUB_PUSH = /^\/([^/]+\/[^/]+?)(?:\.git)?\/git-receive-pack$/;
const GITHUB_PULLS = /^\/repos\/([^/]+\/[^/]+)\/pulls$/;

function actOf(rule: EgressRule, document: PolicyDocument, requestable: boolean): Act[] {
  if (!changesSomething(rule)) return [];
  const grant = document.grants.find(({ id }) => id === rule.inject);
  const act = describe(rule, grant);
  const leave = [
    ...(requestable ? ['once an approver opens it'] : []),
    ...(rule.ask === true ? ['a person approves each'] : []),
  ];
  return [{ ...act, manner: [act.manner, leave.length > 0 ? `[${leave.join('; ')}]` : ''].filter(Boolean).join(' ') }];
}

/** A WebSocket starts as a GET and then carries anything; a GraphQL query and git's upload-pack are POSTs that read. */
function changesSomething(rule: EgressRule): boolean {
  if (rule.limits?.websocket === true) return true;
  if (!isWrite(rule.methods)) return false;
  if (rule.graphql !== undefined) return rule.graphql.operations.some((operation) => operation !== 'query');
  // Only in rules this package wrote: in a line of somebody's own, a path is a name that a server may take as it likes.
  const ours = rule.origin.kind === 'grant' || rule.origin.kind === 'preset';
  return !(ours && rule.paths?.every((path) => path.endsWith('/git-upload-pack')));
}

function describe(rule: EgressRule, grant: DocumentGrant | undefined): Act {
  const paths = rule.paths ?? [];
  if (rule.via === 'commit-broker') {
    const repositories = captures(paths, GITHUB_PUSH);
    if (repositories !== undefined)
      return { verb: 'push to', subjects: repositories, manner: '(through the commit broker)' };
  }
  if (grant?.kind === 'github-app' && rule.methods.every((method) => method === 'POST')) {
    const repositories = captures(paths, GITHUB_PULLS);
    if (repositories !== undefined) {
      return { verb: 'open pull requests in', subjects: repositories, manner: `(POST ${rule.host})` };
    }
  }
  if (grant?.kind === 'aws-role') {
    return { verb: 'call', subjects: [rule.host], manner: `as ${roleName(grant.roleArn)} (its policy is the limit)` };
  }
  const manner = [
    ...(grant === undefined ? [] : [`with grant ${grant.id}`]),
    ...(rule.via === undefined ? [] : [`through the ${rule.via}`]),
  ].join(' ');
  if (rule.graphql !== undefined) {
    const operations = rule.graphql.operations.filter((operation) => operation !== 'query').join(', ');
    const fieldNames = rule.graphql.fields ? ` (${rule.graphql.fields.join(', ')})` : '';
    return { verb: `GraphQL ${operations}${fieldNames} on`, subjects: [rule.host], manner };
  }
  if (rule.mcp !== undefined) return { verb: `MCP ${rule.mcp.tools.join(', ')} on`, subjects: [rule.host], manner };
  const verbs = [
    ...(isWrite(rule.methods) ? rule.methods.filter((method) => isWrite([method])) : []),
    ...(rule.limits?.websocket === true ? ['WebSocket'] : []),
  ];
  const places = rule.paths === undefined ? [rule.host] : rule.paths.map((path) => `${rule.host}${path}`);
  return { verb: verbs.join(', '), subjects: places, manner };
}

/** The first group of each path, each once; undefined unless every path matches. */
function captures(paths: readonly string[], pattern: RegExp): readonly string[] | undefined {
  const found = paths.map((path) => pattern.exec(path)?.[1]);
  const names = found.filter((name) => name !== undefined);
  return names.length > 0 && names.length === found.length ? [...new Set(names)] : undefined;
}

function merge(acts: readonly Act[]): string[] {
  const groups = new Map<string, Act>();
  for (const act of acts) {
    const key = JSON.stringify([act.verb, act.manner]);
    const subjects = [...(groups.get(key)?.subjects ?? []), ...act.subjects];
    groups.set(key, { ...act, subjects: [...new Set(subjects)] });
  }
  return [...groups.values()].map(({ verb, subjects, manner }) =>
    [verb, subjects.join(', '), manner].filter((piece) => piece !== '').join(' '),
  );
}

function roleName(arn: string): string {
  return arn.split(':role/')[1] ?? arn;
}
