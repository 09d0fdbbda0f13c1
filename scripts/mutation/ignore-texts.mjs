import { declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';

/**
 * Leaves out mutants of sentences that only people read: what a problem got and expected and how to mend it, reasons,
 * descriptions of the schema, texts of exceptions. Only the literal itself: what decides which sentence is said, or when,
 * is mutated like everything else. Texts of firewall rules are no sentences in this sense; tests hold each of them.
 */
const NAMES = new Set(['got', 'expected', 'fix', 'problem', 'todo', 'reason', 'message', 'error', 'title']);
/** Functions whose text arguments are such sentences. */
const CALLS = new Set([
  'Error',
  'TypeError',
  'Unreadable',
  'broken',
  'describe',
  'invalid',
  'malformed',
  'meta',
  'names',
  'notUnderstood',
  'says',
  'slug',
  'text',
]);
/** Functions whose first argument decides something, and whose second is such a sentence. */
const CALLS_WITH_CODE = new Set(['refused']);

/** What the literal is for: the outermost node that only chooses between it and others. */
function use(path) {
  const parent = path.parentPath;
  return parent?.isConditionalExpression() || parent?.isLogicalExpression() ? use(parent) : path;
}

function nameOf(node) {
  return node?.type === 'MemberExpression' ? nameOf(node.property) : (node?.name ?? node?.value);
}

const texts = {
  shouldIgnore(path) {
    if (!path.isStringLiteral() && !path.isTemplateLiteral()) return undefined;
    const whole = use(path);
    const { parentPath } = whole;
    const isText =
      (parentPath?.isObjectProperty() && whole.key === 'value' && NAMES.has(nameOf(parentPath.node.key))) ||
      (parentPath?.isVariableDeclarator() && NAMES.has(nameOf(parentPath.node.id))) ||
      ((parentPath?.isCallExpression() || parentPath?.isNewExpression()) &&
        CALLS.has(nameOf(parentPath.node.callee))) ||
      (parentPath?.isCallExpression() && whole.key === 1 && CALLS_WITH_CODE.has(nameOf(parentPath.node.callee)));
    return isText ? 'a sentence for people' : undefined;
  },
};

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, 'texts', texts)];
