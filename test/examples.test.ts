import { parseDocument } from '../core/egress/document';
import { type CfnResource, exampleNames, templatesOfExample } from './templates';

const resources = (name: string): CfnResource[] =>
  Object.values(templatesOfExample(name)).flatMap((template) => Object.values(template.Resources));

const ofType = (name: string, type: string): CfnResource[] => resources(name).filter((each) => each.Type === type);

/** The text of a policy document, deploy-time values as `later`. */
function contentOf(resource: CfnResource): string {
  const content = resource.Properties?.Content as string | { 'Fn::Join': [string, unknown[]] };
  if (typeof content === 'string') return content;
  return content['Fn::Join'][1].map((part) => (typeof part === 'string' ? part : 'later')).join('');
}

describe('W1 examples', () => {
  it('W1 all of them synthesize', () => {
    expect(exampleNames()).toEqual(['coding-agents', 'lean', 'library-import-firewall', 'library-import-platform']);
  });

  it('W1 coding-agents has a task definition and a readable policy document for each of its profiles', () => {
    const documents = ofType('coding-agents', 'AWS::AppConfig::HostedConfigurationVersion').map(contentOf);
    const read = documents.map((text) => parseDocument(text));
    expect(read.map((each) => (each.kind === 'ok' ? each.document.profile : each.problems))).toEqual([
      'claude-code',
      'codex',
      'reviewer',
    ]);
    expect(ofType('coding-agents', 'AWS::ECS::TaskDefinition')).toHaveLength(3 + 1);
    expect(ofType('coding-agents', 'AWS::NetworkFirewall::Firewall')).toHaveLength(2);
  });

  it('N4 coding-agents: what is blocked for everybody is in no rule of the firewall, whatever a preset opens', () => {
    const group = ofType('coding-agents', 'AWS::NetworkFirewall::RuleGroup')[0]?.Properties?.RuleGroup;
    const { RulesString: rules } = (group as { RulesSource: { RulesString: { 'Fn::Join': [string, unknown[]] } } })
      .RulesSource;
    const RulesString = rules['Fn::Join'][1].map((part) => (typeof part === 'string' ? part : 'later')).join('');
    const passed = RulesString.split('\n').filter((line) => line.startsWith('pass '));
    expect(passed.some((line) => line.includes('"codeload.github.com"'))).toBe(true);
    expect(passed.filter((line) => /gist\.github\.com|raw\.githubusercontent\.com/.test(line))).toEqual([]);
  });

  it('S4 a profile that only reads has no rule that writes but the two of git', () => {
    const text = ofType('coding-agents', 'AWS::AppConfig::HostedConfigurationVersion').map(contentOf)[2] ?? '';
    const { rules } = JSON.parse(text) as { rules: { methods: string[]; paths?: string[] }[] };
    const writes = rules.filter(({ methods }) => methods.some((method) => !['GET', 'HEAD'].includes(method)));
    expect(writes.flatMap(({ paths }) => paths).every((path) => path?.endsWith('/git-upload-pack'))).toBe(true);
    expect(writes).toHaveLength(2);
  });

  it('N14 lean has neither firewall nor NAT, and the same DNS allow-lists', () => {
    expect(ofType('lean', 'AWS::NetworkFirewall::Firewall')).toEqual([]);
    expect(ofType('lean', 'AWS::EC2::NatGateway')).toEqual([]);
    expect(ofType('lean', 'AWS::Route53Resolver::FirewallRuleGroupAssociation')).toHaveLength(2);
  });

  it('W2 library-import: deploy-time values reach the policy document', () => {
    const [document] = ofType('library-import-platform', 'AWS::AppConfig::HostedConfigurationVersion');
    const content = JSON.stringify(document?.Properties?.Content);
    expect(content).toContain('role/agents-read-staging');
    expect(content).toContain('AWS::AccountId');
    expect(content).toContain('agents/search-api-key');
  });

  it('W2 library-import: the firewall stands alone, with the routes of both zones', () => {
    const routes = ofType('library-import-firewall', 'AWS::EC2::Route').filter(
      (each) => each.Properties?.VpcEndpointId,
    );
    expect(routes).toHaveLength(4);
    expect(ofType('library-import-firewall', 'AWS::ECS::Cluster')).toEqual([]);
  });
});
