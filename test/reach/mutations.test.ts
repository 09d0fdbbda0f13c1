import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { templatesOf } from '../templates';
import { findings } from '.';
import { Draft, type Mutation } from './mutations/draft';
import { ENDPOINTS } from './mutations/endpoints';
import { FIREWALL } from './mutations/firewall';
import { IDENTITIES } from './mutations/identities';
import { NAMES } from './mutations/names';
import { NETWORK } from './mutations/network';
import { SERVICES } from './mutations/services';
import { unique } from './values';

const ALL = [...NETWORK, ...ENDPOINTS, ...NAMES, ...SERVICES, ...FIREWALL, ...IDENTITIES];

/** Ids that the mutation added to what its variant already had. */
function named({ variant = 'standard', edit }: Mutation): string[] {
  const templates = templatesOf(variant);
  const before = new Set(findings(templates).map((finding) => JSON.stringify(finding)));
  const draft = new Draft(templates);
  edit(draft);
  const after = findings(draft.templates).filter((finding) => !before.has(JSON.stringify(finding)));
  return unique(after.map((finding) => finding.id));
}

const table = (mutations: readonly Mutation[]): [string, Mutation][] => mutations.map((own) => [own.name, own]);

function judge(mutation: Mutation): void {
  expect(named(mutation)).toEqual([mutation.finding, ...(mutation.also ?? [])].sort());
}

describe('N2 a broken template is named by its finding', () => {
  it.each(table(NETWORK))('N2 network: %s', (_name, mutation) => judge(mutation));
  it.each(table(ENDPOINTS))('N2 endpoint: %s', (_name, mutation) => judge(mutation));
  it.each(table(NAMES))('N2 names and evidence: %s', (_name, mutation) => judge(mutation));
});

describe('N14 a broken way out is named by its finding', () => {
  it.each(table(SERVICES))('N14 services: %s', (_name, mutation) => judge(mutation));
  it.each(table(FIREWALL))('N14 firewall: %s', (_name, mutation) => judge(mutation));
});

describe('S4 a broken identity is named by its finding', () => {
  it.each(table(IDENTITIES))('S4 %s', (_name, mutation) => judge(mutation));
});

describe('N2 the checks themselves', () => {
  it('N2 every finding has a mutation that only it, or it first, names: each check can fail', () => {
    const sources = readdirSync(__dirname).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
    const ids = sources.flatMap((file) =>
      [...readFileSync(join(__dirname, file), 'utf8').matchAll(/\bid: '([a-z-]+)'/g)].map((match) => match[1] ?? ''),
    );
    expect(unique(ALL.map((mutation) => mutation.finding))).toEqual(unique(ids));
  });

  it('N2 no import of the product: a second opinion that shares its code is none', () => {
    const files = readdirSync(__dirname, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const imports = files.flatMap((file) =>
      [...readFileSync(join(__dirname, file), 'utf8').matchAll(/ from '([@./\w-]+|node:\w+)';/g)].map(
        (match) => match[1] ?? '',
      ),
    );
    const allowed = /^(\.|\.\.|\.\/[\w/-]+|\.\.\/(templates|resolver|topology|inventory|values)|node:(fs|path))$/;
    expect(unique(imports).filter((path) => !allowed.test(path))).toEqual([]);
  });

  it('N2 names of mutations are their ids in the report, so no two are the same', () => {
    expect(unique(ALL.map((mutation) => mutation.name))).toHaveLength(ALL.length);
  });
});
