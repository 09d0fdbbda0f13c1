import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Compiled, compileApi } from '../../scripts/api/compile';
import { brokenRules } from '../../scripts/api/rules';

/** What an API must not have, each with what refuses it. jsii names the line; one line each, in this order. */
const REFUSED: readonly (readonly [what: string, code: string, refusal: RegExp])[] = [
  ['an index signature', '/** x */ export interface IndexProps { readonly [key: string]: string }', /Index signatures/],
  ['props that can be changed', '/** x */ export interface OpenProps { x: string }', /must be "readonly"/],
  ['Omit', "/** x */ export interface OmitProps { readonly x: Omit<Data, 'a'> }", /JSII1003/],
  ['Pick', "/** x */ export class Picks { /** x */ take(x: Pick<Data, 'a'>): void { void x } }", /JSII1003/],
  ['a function in props', '/** x */ export interface CallProps { readonly done: (x: string) => void }', /JSII1003/],
  ['behaviour whose name does not begin with I', '/** x */ export interface Runner { run(): void }', /"IRunner"/],
  [
    'a type that is not exported',
    '/** x */ export interface HidesProps { readonly x: Hidden }',
    /private or @internal/,
  ],
  ['a generic class', '/** x */ export class Box<T> { constructor(readonly value: T) {} }', /Generic types/],
];

/** What jsii lets through. */
const BROKEN: readonly (readonly [what: string, code: string, refusal: string])[] = [
  ['a union of classes', '/** x */ export interface Either { readonly x: One | Two }', 'Either.x: is a union; use'],
  ['a list of unions', '/** x */ export interface Many { readonly x: (One | Two)[] }', 'Many.x: is a union; use'],
  ['a generic method', '/** x */ export class Gen {\n  /** x */\n  get<T>(x: T): T { return x }\n}', 'Gen.get'],
  ['any', '/** x */ export interface Loose { readonly x: any }', 'Loose.x: is of any'],
  ['a class without docstring', 'export class Silent {}', 'Silent: has no docstring'],
  ['a method without docstring', '/** x */ export class Half { run(): void {} }', 'Half.run: has no docstring'],
  [
    'an optional prop without default',
    '/** x */ export interface Maybe { readonly x?: string }',
    'Maybe.x: is optional',
  ],
  ['a constant without docstring', 'export const BARE = { a: 1 } as const;', 'BARE: has no docstring'],
  ['a function', '/** x */ export function act(): void {}', 'act: is exported, and'],
  ['a type alias', '/** x */ export type Alias = { readonly x: string };', 'Alias: is exported, and'],
];

const CLEAN = `
interface Hidden { readonly y: string }
/** x */ export interface Data { readonly a: string; readonly tags: Record<string, string> }
/** x */ export class One {
  readonly first: number = 1;
  /** @internal */
  _hidden<T>(x: T): T { return x }
}
/** x */ export class Two { readonly second: number = 1 }
/** x */ export const KNOWN = { a: 1 } as const;
void (undefined as unknown as Hidden);
`;

describe('W2 rules of the public API', () => {
  const nothing = mkdtempSync(join(tmpdir(), 'agents-nothing-'));
  afterAll(() => rmSync(nothing, { recursive: true, force: true }));

  const compile = (codes: readonly string[]): Promise<Compiled> =>
    compileApi(nothing, [], [...codes, CLEAN].join('\n'));

  it('W2 a clean API passes, and what is internal is not looked at', async () => {
    const compiled = await compile([]);
    expect(compiled).toMatchObject({ kind: 'api' });
    expect(compiled.kind === 'api' && brokenRules(compiled.api)).toEqual([]);
  });

  describe('jsii', () => {
    let compiled: Compiled;
    beforeAll(async () => {
      compiled = await compile(REFUSED.map(([, code]) => code));
    });

    it.each(REFUSED)('W2 refuses %s', (_what, code, refusal) => {
      const line = REFUSED.findIndex(([, other]) => other === code) + 1;
      const problems = compiled.kind === 'refused' ? compiled.problems : [];
      expect(problems.filter((problem) => problem.includes(`api.ts:${line}:`))).toEqual([
        expect.stringMatching(refusal),
      ]);
    });
  });

  describe('the house', () => {
    let problems: string[] = [];
    beforeAll(async () => {
      const compiled = await compile(BROKEN.map(([, code]) => code));
      expect(compiled).toMatchObject({ kind: 'api' });
      problems = compiled.kind === 'api' ? brokenRules(compiled.api) : [];
    });

    it.each(BROKEN)('W2 refuses %s', (_what, _code, refusal) => {
      expect(problems.some((problem) => problem.startsWith(refusal))).toBe(true);
    });

    it('W2 refuses nothing else', () => {
      expect(problems.filter((problem) => !BROKEN.some(([, , refusal]) => problem.startsWith(refusal)))).toEqual([]);
    });
  });
});
