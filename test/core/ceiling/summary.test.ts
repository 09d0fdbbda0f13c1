import { documentsIn } from '../../../core/ceiling/documents';
import { summaryText } from '../../../core/ceiling/summary';
import type { PolicyDocument } from '../../../core/egress/document';
import { codingProfile, rule, withRules } from './documents';
import { egressVpc, firewall, proxyTask, ref, resource, template } from './templates';

const hosted = (content: unknown) => resource('AWS::AppConfig::HostedConfigurationVersion', { Content: content });
const profiles = (...documents: readonly PolicyDocument[]) =>
  template(Object.fromEntries(documents.map((document, i) => [`Document${i}`, hosted(JSON.stringify(document))])));

/** The row of a label, and the unlabelled ones below it. */
function rows(text: string, label: string): string[] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.trimStart().startsWith(label));
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => !line.startsWith(' '.repeat(16)));
  return [lines[start] ?? '', ...rest.slice(0, end)].map((line) => line.slice(16));
}

describe('W4 finds the policy documents in the templates', () => {
  const document = codingProfile();

  it('reads one that is plain text', () => {
    expect(documentsIn({ Platform: profiles(document) })).toEqual([
      { kind: 'ok', where: 'Platform/Document0', document },
    ]);
  });

  it('reads one with deploy-time values, and names them', () => {
    const [before = '', after = ''] = JSON.stringify(document).split('123456789012');
    const image = (value: unknown) => {
      const joined = { 'Fn::Join': ['', [before, value, after]] };
      const [found] = documentsIn({ Platform: template({ Document: hosted(joined) }) });
      return found?.kind === 'ok' ? found.document.session.image.split('.')[0] : found;
    };
    expect(image(ref('AWS::AccountId'))).toBe(`\${AWS::AccountId}`);
    expect(image({ 'Fn::GetAtt': ['Repository', 'Arn'] })).toContain(`\${Repository`);
    expect(image({ 'Fn::GetStackOutput': { StackName: 'A', OutputName: 'Out"put' } })).toBe(`\${Output}`);
    expect(image({ 'Fn::Join': ['-', ['a', ref('B')]] })).toBe(`a-\${B}`);
    expect(image({ 'Fn::Select': [0, ref('List')] })).toBe(`\${Fn::Select}`);
  });

  it.each([
    ['broken JSON', '{"profile": "coding",', /not JSON/],
    ['an unknown version', JSON.stringify({ ...document, version: 99 }), /version/],
    ['an unknown rule field', JSON.stringify({ ...document, rules: [{ ...rule({}), allowAll: true }] }), /rules/],
    ['an intrinsic that is no text', { 'Fn::Transform': {} }, /neither text/],
  ])('says which one it can not read: %s', (_, content, problem) => {
    const [found] = documentsIn({ Platform: template({ Document: hosted(content) }) });
    expect(found).toEqual({ kind: 'unreadable', where: 'Platform/Document', problem: expect.stringMatching(problem) });
    const text = summaryText({ Platform: template({ Document: hosted(content) }) }, ['Platform']);
    expect(text).toContain("profile ?       Platform/Document can't be read: ");
  });

  it('leaves out what else AppConfig holds', () => {
    expect(documentsIn({ Platform: template({ Flags: hosted('{"version":"1","flags":{}}') }) })).toEqual([]);
  });
});

describe('W4 W7 the text that ends npm run synth', () => {
  const standard = {
    Sessions: profiles(codingProfile()),
    Network: template(
      {
        ...egressVpc(),
        Firewall: firewall(ref('Vpc')),
        Logs: resource('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Interface', SubnetIds: ['a'] }),
        Key: resource('AWS::KMS::Key'),
        Task: proxyTask(),
        CDKMetadata: resource('AWS::CDK::Metadata'),
      },
      { Metadata: { AgentPlatform: { tier: 'standard' } } },
    ),
  };

  it('is about a dozen lines for the default platform', () => {
    const text = summaryText(standard, ['Network', 'Sessions']);
    expect(text).toBe(
      [
        'stacks          2, 9 resources: Network 8, Sessions 1',
        'idle            $300.30 a month, tier standard, before usage (us-east-1 prices of 2026-11; elsewhere up to 30 % more)',
        '                $288.35  1 x Network Firewall endpoint',
        '                  $7.30  1 x interface endpoint in one zone',
        '                  $3.65  1 x public IPv4 address',
        '                  $1.00  KMS key',
        '                  $0.00  1 x NAT gateway, waived beside a firewall endpoint',
        'profile coding',
        '  hosts         6: .npmjs.org, .pypi.org, .pythonhosted.org, .nodejs.org, github.com, api.github.com',
        '  on request    1: docs.aws.amazon.com',
        '  grants        github: write acme/shop',
        '  money         $20.00 of models + $0.25 of compute a session at most (2 vCPU, 8 GiB, 2h)',
        '  irreversible  push to acme/shop (through the commit broker)',
        '                open pull requests in acme/shop (POST api.github.com)',
        'next            npx cdk bootstrap (once for an account and region), then npm run deploy',
      ].join('\n'),
    );
  });

  it('lists stacks in the order given, and those it was not told of after them', () => {
    expect(rows(summaryText(standard, ['Sessions', 'Gone']), 'stacks')[0]).toContain('Sessions 1, Network 8');
  });

  it('says what it could not price', () => {
    const text = summaryText({ A: template({ New: resource('AWS::QuantumLedger::Bridge') }) }, ['A']);
    expect(rows(text, 'not priced')).toEqual(['AWS::QuantumLedger::Bridge']);
  });

  it('says that there is no profile instead of leaving the lines out', () => {
    expect(summaryText({ A: template({}) }, ['A'])).toContain('profiles        none: no policy document');
  });

  it('says of a reading profile that it changes nothing, and that data can still leave', () => {
    const text = summaryText({ A: profiles(codingProfile({ grants: {} })) }, ['A']);
    expect(rows(text, 'irreversible')).toEqual(['nothing outside; what it knows can still leave to its hosts']);
    expect(rows(text, 'grants')).toEqual(['none']);
  });

  it('shows each profile with its own numbers', () => {
    const review = { ...codingProfile({ models: { allow: [], budget: 0 }, lifetime: 5400 }), profile: 'review' };
    const text = summaryText({ A: profiles(codingProfile(), review) }, ['A']);
    expect(text.match(/^profile \w+$/gm)).toEqual(['profile coding', 'profile review']);
    expect(text).toContain('no models + $0.19 of compute a session at most (2 vCPU, 8 GiB, 1h 30m)');
  });

  it('never states a ceiling below the price of the whole lifetime and the time to stop', () => {
    const exact = (2 * 0.04048 + 8 * 0.004445 + 10 * 0.000111) * ((7200 + 180) / 3600);
    const stated = /\+ \$([\d.]+) of compute/.exec(summaryText(standard, []))?.[1];
    expect(Number(stated)).toBeGreaterThanOrEqual(exact);
    expect(Number(stated)).toBeLessThan(exact + 0.01);
  });

  it('N8 says of a profile that observes only that it does, and what that lets pass', () => {
    const reading = [rule({ methods: ['GET'] }), rule({ id: 'rule.2', host: 'b.example.com', methods: ['GET'] })];
    const text = summaryText({ A: profiles(withRules(reading, { mode: 'observe' })) }, ['A']);
    expect(rows(text, 'observes only')).toEqual([expect.stringContaining('passes without a credential')]);
    expect(rows(text, 'irreversible')).toEqual([
      'any method on api.example.com, b.example.com without a credential [the profile observes only]',
    ]);
    for (const more of [{}, { mode: 'enforce' as const }]) {
      const enforced = summaryText({ A: profiles(withRules(reading, more)) }, ['A']);
      expect(enforced).not.toContain('observes');
      expect(rows(enforced, 'irreversible')).toEqual([expect.stringContaining('nothing outside')]);
    }
  });

  it('N3 names the hosts that may have a private address', () => {
    const limits = { allowPrivate: true };
    const rules = [rule({ limits }), rule({ id: 'rule.2', host: 'b.example.com' })];
    const asked = [rule({ id: 'requestable.1', host: 'c.example.com', limits })];
    const text = summaryText({ A: profiles(withRules(rules, { requestable: asked })) }, ['A']);
    expect(rows(text, 'private too')).toEqual(['2: api.example.com, c.example.com']);
    expect(summaryText({ A: profiles(withRules([rule({})])) }, ['A'])).not.toContain('private too');
  });

  it('shows a rule of the profile that writes without a grant', () => {
    const text = summaryText({ A: profiles(withRules([rule({})])) }, ['A']);
    expect(rows(text, 'irreversible')).toEqual(['POST api.example.com']);
  });
});

describe('W4 the summary can not be made to lie', () => {
  it('W4 shows line breaks and escapes in what a profile says, and obeys none', () => {
    const audience = 'api\n  money         no models\u001b[8m';
    const grants: PolicyDocument['grants'] = [{ kind: 'oidc', id: 'api', audience }];
    const text = summaryText({ Sessions: profiles({ ...codingProfile({ grants: {} }), grants }) }, []);
    expect(text).not.toContain('\u001b');
    expect(text.split('\n').filter((line) => line.startsWith('  money'))).toHaveLength(1);
  });
});
