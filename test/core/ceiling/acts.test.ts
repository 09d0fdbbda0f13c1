import { irreversibleActs } from '../../../core/ceiling/acts';
import { codingProfile, rule, withRules } from './documents';

const acts = (...rules: Parameters<typeof withRules>[0]) => irreversibleActs(withRules(rules));

describe('W4 what a session can change for good', () => {
  it('is what the write rules of a GitHub grant allow, by repository', () => {
    const github = { kind: 'github-app', repositories: ['acme/shop', 'acme/docs'], access: 'write' } as const;
    expect(irreversibleActs(codingProfile({ grants: { github } }))).toEqual([
      'push to acme/shop, acme/docs (through the commit broker)',
      'open pull requests in acme/shop, acme/docs (POST api.github.com)',
    ]);
  });

  it('is nothing for a profile that reads, although git fetches with a POST', () => {
    const github = { kind: 'github-app', repositories: ['acme/shop'], access: 'read' } as const;
    const reader = codingProfile({ grants: { github } });
    expect(reader.rules.some(({ methods }) => methods.includes('POST'))).toBe(true);
    expect(irreversibleActs(reader)).toEqual([]);
  });

  it('believes the name upload-pack only in rules this package wrote', () => {
    const upload = rule({ host: 'git.example.com', paths: ['/a/git-upload-pack'] });
    expect(acts(upload)).toEqual(['POST git.example.com/a/git-upload-pack']);
    expect(acts({ ...upload, origin: { kind: 'preset', name: 'github' } })).toEqual([]);
    const both = {
      ...upload,
      paths: ['/a/git-upload-pack', '/a/delete'],
      origin: { kind: 'preset', name: 'p' } as const,
    };
    expect(acts(both)).toEqual(['POST git.example.com/a/git-upload-pack, git.example.com/a/delete']);
  });

  it('names methods that write, host and paths of a rule, and its grant', () => {
    expect(acts(rule({ methods: ['GET', 'POST', 'DELETE'], paths: ['/v1/items', '/v1/items/*'] }))).toEqual([
      'POST, DELETE api.example.com/v1/items, api.example.com/v1/items/*',
    ]);
    const grants = [{ kind: 'secret-header', id: 'tracker', secretArn: 'arn', header: 'x-key', prefix: '' }] as const;
    expect(irreversibleActs(withRules([rule({ inject: 'tracker' })], { grants: [...grants] }))).toEqual([
      'POST api.example.com with grant tracker',
    ]);
  });

  it('puts rules of one method together and keeps others apart', () => {
    expect(
      acts(rule({}), rule({ id: 'rule.2', host: 'b.example.com' }), rule({ id: 'rule.3', methods: ['PUT'] })),
    ).toEqual(['POST api.example.com, b.example.com', 'PUT api.example.com']);
  });

  it('says when a person approves each, and when it first has to be opened', () => {
    const document = withRules([rule({ ask: true })], { requestable: [rule({ id: 'requestable.1', ask: true })] });
    expect(irreversibleActs(document)).toEqual([
      'POST api.example.com [a person approves each]',
      'POST api.example.com [once an approver opens it; a person approves each]',
    ]);
  });

  it('names an AWS role by its policy, not by methods that say nothing there', () => {
    const roleArn = 'arn:aws:iam::123456789012:role/agents/uploader';
    const uploads = {
      kind: 'aws-role',
      role: roleArn,
      region: 'eu-west-1',
      services: ['sqs'],
      buckets: ['acme-in'],
    } as const;
    expect(irreversibleActs(codingProfile({ grants: { uploads } }))).toEqual([
      'call sqs.eu-west-1.amazonaws.com, acme-in.s3.eu-west-1.amazonaws.com as agents/uploader (its policy is the limit)',
    ]);
  });

  it('looks into GraphQL, MCP and WebSocket, where the method says nothing', () => {
    expect(acts(rule({ graphql: { operations: ['query'] } }))).toEqual([]);
    expect(acts(rule({ graphql: { operations: ['query', 'mutation'], fields: ['addComment'] } }))).toEqual([
      'GraphQL mutation (addComment) on api.example.com',
    ]);
    expect(acts(rule({ mcp: { tools: ['create_issue'] } }))).toEqual(['MCP create_issue on api.example.com']);
    expect(acts(rule({ methods: ['GET'], limits: { websocket: true } }))).toEqual(['WebSocket api.example.com']);
  });

  it('takes a push only from the commit broker, and pull requests only with the GitHub App', () => {
    const push = rule({ host: 'github.com', paths: ['/acme/shop.git/git-receive-pack'] });
    expect(acts(push)).toEqual(['POST github.com/acme/shop.git/git-receive-pack']);
    const pulls = rule({ host: 'api.github.com', paths: ['/repos/acme/shop/pulls'] });
    expect(acts(pulls)).toEqual(['POST api.github.com/repos/acme/shop/pulls']);
  });

  it('does not hide another method or path behind a name it knows', () => {
    const { grants } = codingProfile();
    const pulls = rule({ host: 'api.github.com', paths: ['/repos/acme/shop/pulls'], inject: 'github' });
    const more = [
      { ...pulls, methods: ['POST' as const, 'DELETE' as const] },
      { ...pulls, paths: ['/user', ...(pulls.paths ?? [])] },
    ];
    expect(irreversibleActs(withRules(more, { grants }))).toEqual([
      'POST, DELETE api.github.com/repos/acme/shop/pulls with grant github',
      'POST api.github.com/user, api.github.com/repos/acme/shop/pulls with grant github',
    ]);
  });
});
