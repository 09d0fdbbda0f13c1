import { isMap, isNode, isScalar, type Pair, visit, type Document as YamlDocument } from 'yaml';
import * as z from 'zod/mini';
import type { Problem, ProblemPath } from './problem';
import { platformYaml } from './yaml-schema';

/** What keeps the text from becoming values. `toJS` throws on the alias problems found here. */
export function yamlProblems(document: YamlDocument): (Problem & { readonly offset: number })[] {
  const problems: (Problem & { offset: number })[] = document.errors.map((error) => {
    const known: Partial<Record<typeof error.code, Pick<Problem, 'expected' | 'fix'>>> = {
      DUPLICATE_KEY: { expected: 'each name once', fix: 'rename or merge the second one' },
      MULTIPLE_DOCS: { expected: 'one document', fix: 'remove the line --- and what follows it' },
    };
    return { path: [], offset: error.pos[0], ...(known[error.code] ?? { expected: 'YAML', fix: error.message }) };
  });
  if (document.directives?.yaml.explicit && document.directives.yaml.version !== '1.2') {
    const got = `%YAML ${document.directives.yaml.version}`;
    problems.push({
      path: [],
      offset: 0,
      got,
      expected: 'YAML 1.2',
      fix: 'remove the line; older versions merge keys',
    });
  }
  for (const warning of document.warnings) {
    problems.push({ path: [], offset: warning.pos[0], expected: 'plain YAML', fix: warning.message });
  }
  visit(document, {
    // An alias or a number as a key escapes the check for keys that stand twice, and the last one wins.
    Pair: (_, { key }) => {
      if (isScalar(key) && typeof key.value === 'string' && key.value !== '__proto__') return;
      const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0;
      const got = `the key ${String(key)}`;
      problems.push({ path: [], offset, got, expected: 'a key written as text', fix: 'write the name of the key' });
    },
    Alias: (_, alias, ancestors) => {
      const offset = alias.range?.[0] ?? 0;
      const got = `*${alias.source}`;
      if (alias.resolve(document) === undefined) {
        // `host: *.example.com` without quotes is an alias to YAML, and an easy slip in this file.
        problems.push({ path: [], offset, got, expected: 'quotes around a leading *', fix: `write "${got}"` });
      } else if (ancestors.some((node) => isNode(node) && 'anchor' in node && node.anchor !== undefined)) {
        // Aliases of aliases grow exponentially, and one inside its own anchor has no end.
        const expected = 'no alias inside a part that has an anchor itself';
        problems.push({ path: [], offset, got, expected, fix: 'write the repeated part out' });
      }
    },
  });
  return problems.sort((a, b) => a.offset - b.offset);
}

/** An issue of the schema, in words. */
export function problemsOf(issue: z.core.$ZodIssue, root: unknown): Problem[] {
  const path = issue.path.filter((key): key is string | number => typeof key !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(path);
    return issue.keys.map((key) => ({
      path: [...path, key],
      got: `the key "${key}"`,
      expected: known.length > 0 ? `one of ${known.join(', ')}` : 'no such key',
      fix: 'correct or remove it',
    }));
  }
  // The name of a record's entry is wrong: the sentence is that of the key's own issue.
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  const at = valueAt(root, path);
  const missing = at === undefined;
  const [expected, ...fix] = (message === 'Invalid input' ? defaultSentence(issue) : message).split('; ');
  // This text ends in build logs, and somebody who puts a secret where its ARN belongs should not find it there too.
  const shown = path.at(-1) === 'secret' ? 'a value that is not repeated here' : shorten(JSON.stringify(at));
  const got = issue.code === 'invalid_key' ? JSON.stringify(path.at(-1)) : missing ? 'nothing' : shown;
  return [{ path, got, expected: expected ?? message, fix: fix.join('; ') }];
}

function defaultSentence(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type')
    return `${article(issue.expected)}; see the schema or the comments in platform.yaml`;
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}; write it exactly so`;
  if (issue.code === 'too_small')
    return issue.origin === 'array' ? 'at least one entry; add one' : 'text that is not empty; write some';
  if (issue.code === 'invalid_format') return `text of the form ${issue.pattern}; correct the spelling`;
  return 'another value; see the schema or the comments in platform.yaml';
}

const article = (type: string): string =>
  ({
    object: 'keys and values',
    record: 'keys and values',
    array: 'a list',
    string: 'text',
    number: 'a number',
    boolean: 'true or false',
  })[type] ?? type;

/** The keys a strict object at this path knows, read from the published schema. */
function keysAt(path: ProblemPath): string[] {
  interface Node {
    properties?: Record<string, Node>;
    additionalProperties?: Node | boolean;
    items?: Node;
    anyOf?: Node[];
    oneOf?: Node[];
  }
  let nodes: Node[] = [z.toJSONSchema(platformYaml) as Node];
  const open = (node: Node): Node[] => [node, ...(node.anyOf ?? []).flatMap(open), ...(node.oneOf ?? []).flatMap(open)];
  for (const key of path) {
    nodes = nodes.flatMap(open).flatMap((node) => {
      const next = typeof key === 'number' ? node.items : (node.properties?.[key] ?? node.additionalProperties);
      return typeof next === 'object' ? [next] : [];
    });
  }
  return [...new Set(nodes.flatMap(open).flatMap((node) => Object.keys(node.properties ?? {})))];
}

export function valueAt(root: unknown, path: ProblemPath): unknown {
  return path.reduce<unknown>(
    (value, key) => (value === null || typeof value !== 'object' ? undefined : (value as Record<string, unknown>)[key]),
    root,
  );
}

function shorten(text: string | undefined): string {
  return text === undefined ? 'nothing' : text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** Where a path stands in the text: its key, or the nearest parent that is there. */
export function offsetOf(document: YamlDocument, path: ProblemPath): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((item: Pair) => isScalar(item.key) && String(item.key.value) === String(key));
      if (isScalar(pair?.key) && pair.key.range) return pair.key.range[0];
    }
    const node = document.getIn(path.slice(0, length), true);
    if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)) return node.range[0];
  }
  return 0;
}
