import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { judgeBranchRules } from '../../../core/credentials/branch-rules';
import { BROKER_CALLERS, callerOf } from '../../../core/credentials/callers';
import { BROKER_ENVIRONMENT, readBrokerEnvironment } from '../../../core/credentials/environment';
import { githubIntersection, isWithin, permissionsFor } from '../../../core/credentials/github-rights';
import { githubHosts, githubTarget } from '../../../core/credentials/github-target';
import { githubHeader, isInstallationToken } from '../../../core/credentials/github-token';
import { appClaims } from '../../../core/credentials/jwt';
import { keepUntil } from '../../../core/credentials/life';
import { refreshSecretName } from '../../../core/credentials/oauth';
import { CREDENTIAL_REFUSALS } from '../../../core/credentials/refusal';
import { intersect, levelHolds } from '../../../core/credentials/rights';

describe('C3 rights', () => {
  it('C3 nothing is ever granted that was not asked for and held', () => {
    const right = fc.constantFrom('contents:read', 'contents:write', 'metadata:read', 'issues:write', 'issues:read');
    fc.assert(
      fc.property(fc.uniqueArray(right), fc.uniqueArray(right), (asked, held) => {
        const { granted, missing } = intersect(asked, held, levelHolds);
        for (const one of granted) expect(held.some((other) => levelHolds(other, one))).toBe(true);
        expect([...granted, ...missing].sort()).toEqual([...asked].sort());
        for (const one of missing) expect(held).not.toContain(one);
      }),
    );
  });

  it('C3 write takes in read, of the same thing, and nothing else takes in anything', () => {
    expect(levelHolds('contents:write', 'contents:read')).toBe(true);
    expect(levelHolds('contents:read', 'contents:write')).toBe(false);
    expect(levelHolds('issues:write', 'contents:read')).toBe(false);
    expect(levelHolds('contents:admin', 'contents:read')).toBe(false);
  });

  it('C3 no purpose has a permission that changes what guards a repository, and only pushing writes content', () => {
    const all = (['read', 'propose', 'push'] as const).map(permissionsFor);
    expect(all.flatMap(Object.keys)).not.toEqual(expect.arrayContaining(['workflows']));
    expect(all.flatMap(Object.keys)).not.toEqual(expect.arrayContaining(['administration']));
    expect(all.map(({ contents }) => contents)).toEqual(['read', 'read', 'write']);
  });

  it('C3 a person who may only read does not push', () => {
    expect(githubIntersection('push', 'read').missing).toEqual(['contents:write']);
    expect(githubIntersection('push', 'admin').missing).toEqual([]);
    expect(githubIntersection('read', '__proto__').granted).toEqual([]);
  });

  it('C3 a token may have less than was asked for and never more', () => {
    const asked = { contents: 'read', pull_requests: 'write' } as const;
    expect(isWithin({ contents: 'read', pull_requests: 'read' }, asked)).toBe(true);
    expect(isWithin({ contents: 'write' }, asked)).toBe(false);
    expect(isWithin({ issues: 'read' }, asked)).toBe(false);
    expect(isWithin({ constructor: 'read' }, asked)).toBe(false);
  });
});

describe('C1 what a request to GitHub needs', () => {
  const grant = {
    kind: 'github-app' as const,
    id: 'g',
    repositories: ['acme/shop', 'acme/shop.js'],
    access: 'write' as const,
  };
  const hosts = githubHosts('github.com');
  const of = (method: 'GET' | 'POST', host: string, path: string) => githubTarget(grant, hosts, { method, host, path });

  it('C1 names with a dot are not cut, and `.git` is', () => {
    expect(of('GET', 'github.com', '/acme/shop.git/info/refs')).toEqual({ repository: 'acme/shop', purpose: 'read' });
    expect(of('GET', 'github.com', '/acme/shop.js.git/info/refs')?.repository).toBe('acme/shop.js');
    expect(of('GET', 'api.github.com', '/repos/acme/shop.js/pulls')?.repository).toBe('acme/shop.js');
  });

  it.each([
    ['GET', 'github.com', '/acme/shop/settings'],
    ['GET', 'github.com', '/acme/shop.git/info/refs/x'],
    ['GET', 'github.com', '/acme/shop/../site/info/refs'],
    ['GET', 'api.github.com', '/repos/acme/shop%2fx'],
    ['GET', 'api.github.com', '/repositories/1'],
    ['POST', 'api.github.com', '/repos/acme/shop/pulls/1/merge'],
    ['POST', 'api.github.com', '/repos/acme/shop/pulls/'],
    ['GET', 'GITHUB.COM', '/acme/shop.git/info/refs'],
  ] as const)('C1 %s %s%s is nothing the grant is for', (method, host, path) => {
    expect(of(method, host, path)).toBeUndefined();
  });

  it('C1 where GitHub is', () => {
    expect(githubHosts('acme.ghe.com')).toEqual({ web: 'acme.ghe.com', api: 'api.acme.ghe.com', apiPrefix: '' });
    const own = githubHosts('git.example.com');
    expect(own).toEqual({ web: 'git.example.com', api: 'git.example.com', apiPrefix: '/api/v3' });
    const header = (path: string) => githubHeader(own, { host: 'git.example.com', path }, 'ghs_x').value;
    expect(header('/api/v3/repos/acme/shop')).toBe('Bearer ghs_x');
    expect(header('/acme/shop.git/info/refs')).toMatch(/^Basic /);
  });

  it('C1 installation tokens of both forms, and nothing else', () => {
    expect(isInstallationToken(`ghs_${'a'.repeat(36)}`)).toBe(true);
    expect(isInstallationToken(`ghs_12345_${'eyJ.x-y_z'.repeat(80)}`)).toBe(true);
    for (const token of [
      '',
      'ghs_',
      'ghs_short',
      `ghp_${'a'.repeat(36)}`,
      `ghs_${'a'.repeat(36)}\n`,
      `ghs_${'a'.repeat(9000)}`,
    ]) {
      expect(isInstallationToken(token)).toBe(false);
    }
  });

  it("C1 the App's own token is good for less than ten minutes", () => {
    const { iss, iat, exp } = appClaims('app', Date.parse('2026-11-03T09:15:00.900Z'));
    const now = Date.parse('2026-11-03T09:15:00.000Z') / 1000;
    expect([iss, iat - now, exp - now]).toEqual(['app', -60, 540]);
  });

  it('C3 rules of two rulesets count together, each only where it binds the App', () => {
    const rules = [
      { type: 'pull_request', rulesetId: 1, approvals: 2 },
      { type: 'non_fast_forward', rulesetId: 2 },
      { type: 'deletion', rulesetId: 2 },
    ];
    const never = new Map([1, 2].map((id) => [id, 'never'] as const));
    expect(judgeBranchRules(rules, never)).toEqual({ kind: 'protected' });
    expect(judgeBranchRules(rules, new Map([[1, 'never']]))).toEqual({
      kind: 'unprotected',
      missing: ['non_fast_forward', 'deletion'],
    });
    expect(judgeBranchRules([{ type: 'pull_request', rulesetId: 1, approvals: 0 }], never)).toMatchObject({
      missing: ['pull_request', 'non_fast_forward', 'deletion'],
    });
  });
});

describe('C4 how long a credential is kept', () => {
  it('C4 less than it lives, at most a quarter of an hour', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000_000 }), (life) => {
        const until = keepUntil(1000, 1000 + life);
        expect(until).toBeLessThan(1000 + life);
        expect(until).toBeLessThanOrEqual(1000 + 14 * 60_000);
        expect(until).toBeGreaterThan(1000);
      }),
    );
    expect(keepUntil(0, 3_600_000)).toBe(14 * 60_000);
    expect(keepUntil(0, 100_000)).toBe(75_000);
    expect(keepUntil(1000, 500)).toBeLessThan(1000);
  });

  it('C4 a consent is found by who gave it, in a name that Secrets Manager takes', () => {
    const name = refreshSecretName('p/oauth', 'acme', 'https://idp.example.com|00u1a2b3');
    expect(name).toMatch(/^p\/oauth\/acme\/[0-9a-f]{64}$/);
    expect(refreshSecretName('p/oauth', 'acme', 'https://idp.example.com|00u1a2b4')).not.toBe(name);
  });
});

describe('F16 callers', () => {
  it('F16 each alias is one service', () => {
    for (const caller of BROKER_CALLERS) {
      expect(callerOf(`arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:x_y-z:${caller}`)).toBe(caller);
    }
  });
});

describe('W2 what the broker is told', () => {
  const good = {
    [BROKER_ENVIRONMENT.platform]: 'agent-platform',
    [BROKER_ENVIRONMENT.sessionsTable]: 's',
    [BROKER_ENVIRONMENT.bindingsTable]: 'b',
    [BROKER_ENVIRONMENT.table]: 't',
    [BROKER_ENVIRONMENT.tokenKey]: 'k',
    [BROKER_ENVIRONMENT.records]: 'r',
    [BROKER_ENVIRONMENT.policies]: JSON.stringify([
      { profile: 'p', applicationId: 'a', environmentId: 'e', configurationProfileId: 'c' },
    ]),
  };

  it('W2 is read whole or not at all, and what is wrong is named', () => {
    expect(readBrokerEnvironment(good)).toMatchObject({ kind: 'ok', settings: { platform: 'agent-platform' } });
    for (const name of Object.keys(good)) {
      const result = readBrokerEnvironment({ ...good, [name]: undefined });
      expect(result).toMatchObject({ kind: 'invalid', problems: [expect.stringContaining(name)] });
    }
    expect(readBrokerEnvironment({ ...good, BROKER_GITHUB: '{"host":' })).toMatchObject({ kind: 'invalid' });
    expect(
      readBrokerEnvironment({
        ...good,
        BROKER_OAUTH:
          '{"secretPrefix":"p","providers":{"a":{"tokenEndpoint":"http://x/","clientId":"c","authentication":"basic"}}}',
      }),
    ).toMatchObject({ kind: 'invalid', problems: [expect.stringContaining('BROKER_OAUTH.providers.a.tokenEndpoint')] });
  });
});

describe('W11 docs/credentials.md', () => {
  it('W11 has every refusal as the code has it', () => {
    const page = readFileSync(join(__dirname, '../../../docs/credentials.md'), 'utf8');
    const table = page.slice(page.indexOf('## Refusals'), page.indexOf('## Known limits'));
    const rows = [...table.matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].map(([, code, says]) => [code, says]);
    expect(Object.fromEntries(rows)).toEqual(CREDENTIAL_REFUSALS);
  });
});
