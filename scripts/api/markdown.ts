import type { Api, ApiType, Constant, Docs, Method, Parameter, Property, TypeReference } from './assembly';

const HEAD = `# API

Made from the docstrings by \`npm run api\`; \`npm run api:check\` fails where this is not what the sources say. Types of
\`aws-cdk-lib\` and \`constructs\` link to nothing. What is not listed here is internal and may change in any version.
`;

/** The whole public API as one page. */
export function markdown(api: Api, subpaths: ReadonlyMap<string, string>): string {
  const modules = new Map<string, { types: ApiType[]; constants: Constant[] }>();
  const moduleOf = (filename: string) => {
    const name = subpaths.get(filename.split('/').slice(0, 2).join('/')) ?? subpaths.get('lib') ?? '';
    const found = modules.get(name) ?? { types: [], constants: [] };
    modules.set(name, found);
    return found;
  };
  const sorted = [...api.types].sort((a, b) => order(a) - order(b) || compare(a.name, b.name));
  for (const type of sorted) moduleOf(type.locationInModule.filename).types.push(type);
  for (const constant of [...api.constants].sort((a, b) => compare(a.name, b.name))) {
    moduleOf(constant.filename).constants.push(constant);
  }
  const own = new Set(api.types.map(({ name }) => name));
  const contents = [...modules]
    .sort(([a], [b]) => compare(a, b))
    .map(([name, { types }]) => `- \`${name}\`: ${types.map((type) => link(type.name, own)).join(', ')}`);
  const sections = [...modules]
    .sort(([a], [b]) => compare(a, b))
    .flatMap(([name, { types, constants }]) => [
      `## ${name}`,
      ...types.map((type) => section(type, own)),
      ...constants.map(({ name, declaration, doc }) => `### ${name}\n\n\`${declaration}\`\n\n${doc}`),
    ]);
  return `${[HEAD.trim(), contents.join('\n'), ...sections].join('\n\n')}\n`;
}

// Not localeCompare: the page must not depend on the machine's language.
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Classes first, each followed in the alphabet by its props; then choices and data. */
const order = ({ kind, datatype }: ApiType): number => (kind === 'class' || datatype ? 0 : 1);

function section(type: ApiType, own: ReadonlySet<string>): string {
  const statics = (type.properties ?? []).filter((property) => property.static && !property.protected);
  const properties = (type.properties ?? []).filter((property) => !property.static && !property.protected);
  const methods = (type.methods ?? []).filter((method) => !method.protected);
  return [
    `### ${type.name}`,
    kindOf(type, own),
    words(type.docs),
    type.initializer?.parameters
      ? `\`\`\`ts\nnew ${type.name}(${type.initializer.parameters.map((one) => parameter(one)).join(', ')})\n\`\`\``
      : '',
    statics.length > 0 ? list(statics.map((one) => `\`${type.name}.${one.name}\`${after(one.docs)}`)) : '',
    type.datatype ? propsTable(properties, own) : propertyList(properties, own),
    methods.map((method) => methodText(type, method)).join('\n\n'),
    list((type.members ?? []).map((member) => `\`${type.name}.${member.name}\`${after(member.docs)}`)),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function kindOf(type: ApiType, own: ReadonlySet<string>): string {
  const parents = [type.base, ...(type.interfaces ?? [])]
    .filter((name) => name !== undefined)
    .map((fqn) => nameOf(fqn));
  const kind = type.datatype ? 'Data' : `${type.abstract && type.kind === 'class' ? 'Abstract ' : ''}${type.kind}`;
  const above = parents.length > 0 ? `, extends ${parents.map((name) => link(name, own)).join(', ')}` : '';
  return `*${kind[0]?.toUpperCase()}${kind.slice(1)}${above}.*`;
}

function propsTable(properties: readonly Property[], own: ReadonlySet<string>): string {
  if (properties.length === 0) return '';
  // What has to be given stands first.
  const rows = [...properties].sort((a, b) => Number(a.optional ?? false) - Number(b.optional ?? false));
  return [
    '| name | type | default | what |',
    '|---|---|---|---|',
    ...rows.map(
      ({ name, type, optional, docs }) =>
        `| \`${name}\` | ${typeLink(type, own)} | ${optional ? cell(docs?.default ?? '') : '**required**'} | ${cell(words(docs))} |`,
    ),
  ].join('\n');
}

function propertyList(properties: readonly Property[], own: ReadonlySet<string>): string {
  return list(
    properties.map(({ name, type, optional, docs }) => {
      return `\`${name}\`${optional ? ' (may be absent)' : ''}: ${typeLink(type, own)}${after(docs)}`;
    }),
  );
}

function methodText(type: ApiType, method: Method): string {
  const of = method.static ? `${type.name}.` : '';
  const returns = method.returns ? typeText(method.returns.type) : 'void';
  const parameters = (method.parameters ?? []).filter(({ docs }) => docs?.summary);
  return [
    `\`${of}${method.name}(${(method.parameters ?? []).map(parameter).join(', ')}): ${returns}\``,
    words(method.docs),
    list(parameters.map(({ name, docs }) => `\`${name}\`${after(docs)}`)),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

const parameter = ({ name, optional, type }: Parameter): string => `${name}${optional ? '?' : ''}: ${typeText(type)}`;

function words(docs: Docs = {}): string {
  const throws = docs.custom?.throws;
  // `{@link X}` is for editors.
  return [
    docs.deprecated ? `**Deprecated:** ${docs.deprecated}` : '',
    [docs.summary, docs.remarks].filter((part) => part !== undefined).join(' '),
    docs.returns ? `Returns ${docs.returns}` : '',
    throws ? `Throws ${throws}` : '',
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .replace(/\{@link ([\w.]+) *\}/g, '`$1`');
}

const after = (docs: Docs | undefined): string => (words(docs) === '' ? '' : `: ${inline(words(docs))}`);
const inline = (text: string): string => text.replace(/\s+/g, ' ').trim();
const cell = (text: string): string => inline(text).replace(/\|/g, '\\|');
const list = (items: readonly string[]): string => items.map((item) => `- ${item}`).join('\n');
const nameOf = (fqn: string): string => fqn.split('.').pop() ?? fqn;
const link = (name: string, own: ReadonlySet<string>): string =>
  own.has(name) ? `[${name}](#${name.toLowerCase()})` : `\`${name}\``;

function typeText(type: TypeReference): string {
  if (type.collection) {
    const element = typeText(type.collection.elementtype);
    return type.collection.kind === 'array' ? `${element}[]` : `Record<string, ${element}>`;
  }
  if (type.union) return type.union.types.map(typeText).join(' | ');
  return type.fqn ? nameOf(type.fqn) : (type.primitive ?? 'unknown');
}

function typeLink(type: TypeReference, own: ReadonlySet<string>): string {
  const inner = type.collection?.kind === 'array' ? type.collection.elementtype : type;
  const name = inner.fqn && nameOf(inner.fqn);
  if (name && own.has(name)) return `${link(name, own)}${inner === type ? '' : '[]'}`;
  return `\`${typeText(type).replace(/\|/g, '\\|')}\``;
}
