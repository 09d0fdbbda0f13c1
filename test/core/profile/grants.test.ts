import type { DocumentGrant } from '../../../core/egress/document';
import type { GrantConfig } from '../../../core/profile/config';
import { documentGrant, rulesOfGrant } from '../../../core/profile/grants';

const role = 'arn:aws:iam::111122223333:role/agent';
const secret = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:tickets-AbCdEf';
const host = 'a.example.com';
const aws = { kind: 'aws-role', role, region: 'eu-west-1' } as const;

describe('C4 a grant in the document says where its credential comes from, and no secret', () => {
  it.each<[GrantConfig, DocumentGrant]>([
    [
      { kind: 'github-app', repositories: ['acme/shop'], access: 'read' },
      { kind: 'github-app', id: 'x', repositories: ['acme/shop'], access: 'read' },
    ],
    [
      { ...aws, services: ['sqs'] },
      { kind: 'aws-role', id: 'x', roleArn: role, region: 'eu-west-1', services: ['sqs'], buckets: [] },
    ],
    [
      { ...aws, buckets: ['b'] },
      { kind: 'aws-role', id: 'x', roleArn: role, region: 'eu-west-1', services: [], buckets: ['b'] },
    ],
    [aws, { kind: 'aws-role', id: 'x', roleArn: role, region: 'eu-west-1', services: [], buckets: [] }],
    [
      { kind: 'secret-header', secret, header: 'x-api-key', host },
      { kind: 'secret-header', id: 'x', secretArn: secret, header: 'x-api-key', prefix: '' },
    ],
    [
      { kind: 'secret-header', secret, header: 'Authorization', prefix: 'Bearer ', host },
      { kind: 'secret-header', id: 'x', secretArn: secret, header: 'Authorization', prefix: 'Bearer ' },
    ],
    [
      { kind: 'oauth', provider: 'wiki', scopes: ['read', 'list'], host },
      { kind: 'oauth', id: 'x', provider: 'wiki', scopes: ['read', 'list'] },
    ],
    [
      { kind: 'oauth', provider: 'wiki', host },
      { kind: 'oauth', id: 'x', provider: 'wiki', scopes: [] },
    ],
    [
      { kind: 'oidc', audience: 'store', host },
      { kind: 'oidc', id: 'x', audience: 'store' },
    ],
  ])('C4 %j', (grant, expected) => {
    expect(documentGrant('x', grant)).toEqual(expected);
  });

  it('C2 an AWS grant that names nothing reaches nothing', () => {
    expect(rulesOfGrant('x', aws)).toEqual([]);
  });
});
