import { decide } from '../../../core/egress/decide';
import type { SessionFacts } from '../../../core/egress/decision';
import type { PolicyDocument } from '../../../core/egress/document';
import { compilePolicy } from '../../../core/egress/match';
import { OBSERVED, observedRule } from '../../../core/egress/observe';
import { REFUSALS, type RefusalCode } from '../../../core/egress/refusal';
import { requestFor, ruleFor } from './requests';

const NO_FACTS: SessionFacts = { opened: [] };
const policy = (change: Partial<PolicyDocument> = {}) =>
  compilePolicy({
    version: 1,
    profile: 'coding',
    mode: 'observe',
    session: { image: 'x', cpuUnits: 256, memoryMiB: 512, storageGiB: 21, lifetimeSeconds: 60, idleSeconds: 60 },
    rules: [
      ruleFor('.example.com', { paths: ['/docs/**'] }),
      ruleFor('plain.example.net', { port: 80 }),
      ruleFor('granted.example.net', { origin: { kind: 'grant', name: 'cloud' }, inject: 'cloud', paths: ['/v1'] }),
    ],
    requestable: [ruleFor('wiki.example.org', { origin: { kind: 'requestable', name: 'x' }, paths: ['/x'] })],
    blocked: ['bad.example.com'],
    grants: [{ kind: 'oidc', id: 'cloud', audience: 'x' }],
    models: { allow: [], budgetUsd: 0 },
    ...change,
  });
const post = requestFor('https://a.example.com/other', { method: 'POST' });
const passes = (
  request = post,
  change: Partial<PolicyDocument> = {},
  code: RefusalCode = 'no-rule',
  facts = NO_FACTS,
) => observedRule(policy(change), facts, request, { code }) !== undefined;

describe('N8 observing lets pass what fails a rule of the document, and nothing else', () => {
  it('N8 another method or path on a host that a rule names', () => {
    expect(decide(policy(), NO_FACTS, post)).toMatchObject({ kind: 'deny', code: 'no-rule' });
    expect(passes()).toBe(true);
    expect(passes(requestFor('https://granted.example.net/v2'))).toBe(true);
  });

  it('N8 nothing where the document enforces or says nothing', () => {
    expect(passes(post, { mode: 'enforce' })).toBe(false);
    expect(passes(post, { mode: undefined })).toBe(false);
  });

  it('N8 exactly these refusals', () => {
    const observed = Object.keys(REFUSALS).filter((code) => passes(post, {}, code as RefusalCode));
    expect(new Set(observed)).toEqual(new Set(['no-rule', 'body-not-understood', 'url-not-seen', 'url-too-opaque']));
    expect(new Set(OBSERVED)).toEqual(new Set(observed));
  });

  it.each([
    ['a host that no rule names', requestFor('https://a.example.edu/')],
    ['a blocked host', requestFor('https://bad.example.com/other')],
    ['a host that may only be requested', requestFor('https://wiki.example.org/other')],
    ['a host that is open on another port', requestFor('https://plain.example.net/')],
    ['plain http', requestFor('http://plain.example.net/', { method: 'POST' })],
    ['a WebSocket', requestFor('https://a.example.com/docs/x', { websocket: true })],
  ])('N8 never %s', (_, request) => {
    expect(passes(request)).toBe(false);
  });

  it('N8 by a rule without what it would inject, route elsewhere or ask a person for', () => {
    const asked = { inject: 'cloud', via: 'commit-broker', ask: true } as const;
    const rules = [
      ruleFor('a.example.com', { paths: ['/docs/**'], origin: { kind: 'grant', name: 'cloud' }, ...asked }),
    ];
    const rule = observedRule(policy({ rules }), NO_FACTS, post, { code: 'no-rule' });
    expect(rule).toMatchObject({ id: rules[0]?.id, paths: ['/docs/**'] });
    expect(Object.keys(rule ?? {}).filter((key) => key in asked)).toEqual([]);
  });

  it('N8 a requestable rule that was opened counts as a rule', () => {
    const opened = [policy().document.requestable[0]?.id ?? ''];
    expect(passes(requestFor('https://wiki.example.org/other'), {}, 'no-rule', { opened })).toBe(true);
  });
});
