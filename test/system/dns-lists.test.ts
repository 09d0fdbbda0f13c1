import { App, Stack } from 'aws-cdk-lib';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { DnsFirewall } from '../../lib/network';
import { exampleNames, templatesOf, templatesOfExample, variantNames } from '../templates';
import { dnsRuleGroupsOf } from './dns-lists';
import { runResolver, severalAtATime } from './lab';
import type { DnsRule, ResolverRunResult } from './lab/resolver-protocol';

const NOT_PROVEN = `The DNS lists were asked in unbound, as response policy zones. This shows that the lists parse, which names they
take in as ordered rules, and that a refused name doesn't leave the resolver. It does not show AWS's side: that its *.x
leaves the apex out, how redirections (CNAME) are judged, that the service fails closed, other record types, or that the
rule group is associated with the right VPC.`;

const ANSWERED = { status: 'NOERROR', asked: true };
const BLOCKED = { status: 'NXDOMAIN', asked: false };

/** The lists of a synthesized DNS firewall with every spelling; the verdicts are written out. */
const SPELLINGS: Readonly<Record<string, typeof ANSWERED>> = {
  'allowed.test.example': ANSWERED,
  'ALLOWED.test.Example': ANSWERED,
  'a.allowed.test.example': BLOCKED,
  'evilallowed.test.example': BLOCKED,
  'allowed.test.example.evil.test': BLOCKED,
  'domain.example': ANSWERED,
  'a.domain.example': ANSWERED,
  'a.b.domain.example': ANSWERED,
  'evildomain.example': BLOCKED,
  'sub.example': BLOCKED,
  'a.sub.example': ANSWERED,
  'a.b.sub.example': ANSWERED,
  'evilsub.example': BLOCKED,
  'blocked.domain.example': BLOCKED,
  'BLOCKED.domain.example': BLOCKED,
  'a.blocked.domain.example': ANSWERED,
  'tree.domain.example': BLOCKED,
  'a.b.tree.domain.example': BLOCKED,
  'below.domain.example': ANSWERED,
  'a.below.domain.example': BLOCKED,
  'evil.test': BLOCKED,
  'c2VjcmV0LWRhdGEtaW4tYS1uYW1l.tunnel.evil.test': BLOCKED,
  example: BLOCKED,
};

function spellings(): DnsRule[] {
  const app = new App();
  const stack = new Stack(app, 'lab');
  new DnsFirewall(stack, 'Dns', {
    vpc: new Vpc(stack, 'Vpc', { natGateways: 0 }),
    allowedHosts: ['allowed.test.example', '.domain.example', '*.sub.example'],
    blockedHosts: ['blocked.domain.example', '.tree.domain.example', '*.below.domain.example'],
  });
  const [group] = dnsRuleGroupsOf(app.synth().getStackByName('lab').template);
  if (group === undefined) throw new Error('the template has no DNS Firewall rule group');
  return group[1];
}

describe('N3 DNS lists in a real resolver', () => {
  let answers: ResolverRunResult = {};
  beforeAll(async () => {
    answers = await runResolver({ rules: spellings(), names: Object.keys(SPELLINGS) });
  });
  it.each(Object.entries(SPELLINGS))('%s', (name, expected) => expect(answers[name]).toEqual(expected));
});

interface Group {
  readonly from: string;
  readonly rules: DnsRule[];
}

/** Of every template; groups with the same content are asked once. */
const GROUPS: readonly Group[] = [
  ...variantNames().map((name) => ({ name: `variant ${name}`, templates: templatesOf(name) })),
  ...exampleNames().map((name) => ({ name: `example ${name}`, templates: templatesOfExample(name) })),
].flatMap(({ name, templates }) =>
  Object.values(templates)
    .flatMap(dnsRuleGroupsOf)
    .map(([logicalId, rules]) => ({ from: `${name}: ${logicalId}`, rules })),
);
const DIFFERENT_GROUPS = [...new Map(GROUPS.map((group) => [JSON.stringify(group.rules), group])).values()];

/** For each entry of an allow-list: the name or one below it is answered, and what looks like it is not. */
function questionsFor(rules: readonly DnsRule[]): Record<string, typeof ANSWERED> {
  const allowed = rules.flatMap(({ action, domains }) => (action === 'ALLOW' ? domains : []));
  const wildcards = allowed.flatMap((domain) => (domain.startsWith('*.') ? domain.slice(2) : []));
  const exact = allowed.filter((domain) => !domain.startsWith('*.'));
  const isBelowWildcard = (name: string) => wildcards.some((domain) => name.endsWith(`.${domain}`));
  const expectation = (name: string) => (exact.includes(name) || isBelowWildcard(name) ? ANSWERED : BLOCKED);
  const names = [...exact, ...wildcards].flatMap((name) => [name, `below.${name}`, `evil${name}`, `${name}.evil.test`]);
  return Object.fromEntries([...names, 'evil.test'].map((name) => [name, expectation(name)]));
}

describe('N3 DNS lists of the templates in a real resolver', () => {
  let answers: ResolverRunResult[] = [];
  beforeAll(async () => {
    answers = await severalAtATime(3, DIFFERENT_GROUPS, ({ rules }) =>
      runResolver({ rules, names: Object.keys(questionsFor(rules)) }),
    );
  });

  it('there are groups of the sessions and of the egress VPC', () => {
    expect(GROUPS.some(({ from }) => from.includes('SessionsDns'))).toBe(true);
    expect(GROUPS.some(({ from }) => from.includes('EgressDns'))).toBe(true);
  });
  it.each(DIFFERENT_GROUPS.map(({ from, rules }, index) => ({ from, rules, index })))('$from', ({ rules, index }) =>
    expect(answers[index]).toEqual(questionsFor(rules)),
  );
  afterAll(() => {
    process.stdout.write(`\n${NOT_PROVEN}\n\n`);
  });
});
