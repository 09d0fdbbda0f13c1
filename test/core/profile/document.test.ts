import { compileProfile } from '../../../core/profile/compile';
import type { EgressConfig, ProfileConfig } from '../../../core/profile/config';

function compiled(egress: Partial<EgressConfig>, blocked: readonly string[] = [], change: Partial<ProfileConfig> = {}) {
  const config: ProfileConfig = {
    image: { build: '.' },
    size: { cpu: 1, memory: 4096, storage: 21 },
    lifetime: 3600,
    idleTimeout: 900,
    egress: { presets: [], rules: [], requestable: [], blocked: [], ...egress },
    grants: {},
    models: { allow: [], budget: 0 },
    ...change,
  };
  return compileProfile({ name: 'coding', config, image: 'image@sha256:0', blocked });
}

describe('N1 a document says what the profile says and nothing else', () => {
  it('N1 a rule without limits has none, not even empty ones: readers refuse what they do not know', () => {
    const result = compiled({ rules: [{ host: 'a.example.com' }] });
    expect(result.kind === 'ok' && result.document.rules).toStrictEqual([
      {
        id: 'rule.1',
        host: 'a.example.com',
        port: 443,
        methods: ['GET', 'HEAD'],
        reason: 'read only',
        origin: { kind: 'rule', name: 'a.example.com' },
      },
    ]);
  });

  it('O11 the models of a profile stand in the document, with what one session may spend', () => {
    const result = compiled({}, [], { models: { allow: ['a', 'b'], budget: 0.5 } });
    expect(result.kind === 'ok' && result.document.models).toEqual({ allow: ['a', 'b'], budgetUsd: 0.5 });
  });

  it('N1 a rule with one limit has that one', () => {
    const result = compiled({ rules: [{ host: 'a.example.com', rate: 5 }] });
    expect(result.kind === 'ok' && result.document.rules[0]?.limits).toStrictEqual({ requestsPerMinute: 5 });
  });

  it('N1 rules that meet, also among those that may be asked for, are told where they stand', () => {
    const twice = [{ host: 'a.example.com' }, { host: '.example.com' }];
    for (const list of ['rules', 'requestable'] as const) {
      expect(compiled({ [list]: twice })).toMatchObject({
        kind: 'invalid',
        problems: [{ path: ['egress', list, 1], got: expect.stringContaining(`egress.${list}[0]`) }],
      });
    }
  });

  it('N3 a private host that is none is told as what it is, once', () => {
    const result = compiled({ rules: [{ host: '10.0.0.1', allowPrivate: true }] });
    expect(result.kind === 'invalid' && result.problems.map(({ path }) => path)).toEqual([
      ['egress', 'rules', 0, 'host'],
    ]);
  });

  it('N1 a wrong profile has no document', () => {
    const result = compiled({}, [], { lifetime: 1 });
    expect(result.kind).toBe('invalid');
    expect(result).not.toHaveProperty('document');
  });

  it('N4 a blocked host of the platform that nobody checked is a mistake in the code, and says so', () => {
    expect(() => compiled({ rules: [{ host: 'a.example.com' }] }, ['a b'])).toThrow(/^host "a b": /);
  });
});
