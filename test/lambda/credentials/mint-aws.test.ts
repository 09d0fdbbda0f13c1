import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { STSClient } from '@aws-sdk/client-sts';
import { BUCKET_ACTIONS } from '../../../core/credentials/aws-session';
import type { MintRequest } from '../../../core/credentials/messages';
import type { DocumentGrant } from '../../../core/egress/document';
import { AwsRoleMinter, assumeRoleWith } from '../../../lambda/credentials/mint-aws';
import { liveRow, SESSION } from '../../core/session/samples';
import { BrokerLab } from './broker-lab';
import { GithubServer } from './github-server';

const ROLE = 'arn:aws:iam::111122223333:role/agents/reader';
const GRANT: DocumentGrant = {
  kind: 'aws-role',
  id: 'cloud',
  roleArn: ROLE,
  region: 'eu-west-1',
  services: ['dynamodb', 'sts'],
  buckets: ['acme-data'],
};
const DYNAMO = { method: 'POST', host: 'dynamodb.eu-west-1.amazonaws.com', path: '/' } as const;

let github: GithubServer;
let sts: Server;
let asked: URLSearchParams[];
let failure: { readonly status: number; readonly code: string } | undefined;
let lab: BrokerLab;

beforeAll(async () => {
  github = await GithubServer.start();
  sts = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked.push(new URLSearchParams(Buffer.concat(chunks).toString()));
      response.writeHead(failure?.status ?? 200, {
        'content-type': 'text/xml',
        'x-amzn-requestid': 'c6104cbe-af31-11e0-8154-cbc7ccf896c7',
      });
      response.end(failure ? errorXml(failure.code) : credentialsXml());
    });
  });
  await new Promise<void>((resolve) => sts.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  sts.closeAllConnections();
  sts.close();
  await github.stop();
});
beforeEach(() => {
  asked = [];
  failure = undefined;
  const client = new STSClient({
    endpoint: `http://127.0.0.1:${(sts.address() as AddressInfo).port}`,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'AKIABROKER', secretAccessKey: 'x' },
    maxAttempts: 1,
  });
  lab = new BrokerLab(github, { 'aws-role': new AwsRoleMinter(assumeRoleWith(client), 'acme-agents') });
  lab.setDocument({ ...lab.document, grants: [GRANT] });
});

const mint = (change: Partial<MintRequest> = DYNAMO) => lab.mint('cloud', { ...DYNAMO, ...change });
const field = (name: string) => asked[0]?.get(name);

describe('C2 a role of AWS, narrowed to the grant', () => {
  it('C2 STS is asked for it with session policy, tags, source identity and external id', async () => {
    expect(await mint()).toMatchObject({ kind: 'aws-keys', region: 'eu-west-1', accessKeyId: 'ASIAEXAMPLE' });
    expect(asked).toHaveLength(1);
    expect(field('Action')).toBe('AssumeRole');
    expect(field('RoleArn')).toBe(ROLE);
    expect(field('RoleSessionName')).toBe(SESSION);
    expect(field('SourceIdentity')).toBe(SESSION);
    expect(field('ExternalId')).toBe('acme-agents/coder/cloud');
    expect(field('DurationSeconds')).toBe('900');
    const tags = [1, 2, 3, 4, 5].map((n) => [field(`Tags.member.${n}.Key`), field(`Tags.member.${n}.Value`)]);
    expect(tags).toStrictEqual([
      ['agent-platform:session', SESSION],
      ['agent-platform:profile', 'coder'],
      ['agent-platform:team', 'payments'],
      ['agent-platform:requester-sha256', createHash('sha256').update(liveRow.requester).digest('hex')],
      [null, null],
    ]);
    expect(JSON.parse(field('Policy') ?? '')).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['dynamodb:*', 'sts:GetCallerIdentity'],
          Resource: '*',
          Condition: { StringEquals: { 'aws:RequestedRegion': 'eu-west-1', 'aws:ResourceAccount': '111122223333' } },
        },
        {
          Effect: 'Allow',
          Action: BUCKET_ACTIONS,
          Resource: ['arn:aws:s3:::acme-data', 'arn:aws:s3:::acme-data/*'],
          Condition: { StringEquals: { 'aws:ResourceAccount': '111122223333' } },
        },
        { Effect: 'Deny', Action: ['sts:*'], Resource: '*' },
      ],
    });
  });

  it('C2 is recorded with the hash of its session policy, and without its keys', async () => {
    await mint();
    expect(lab.records).toMatchObject([
      {
        detail: {
          event: 'minted',
          target: ROLE,
          rights: { granted: ['dynamodb:*', 'sts:getcalleridentity', 's3:objects'] },
          sessionPolicy: { bytes: Buffer.byteLength(field('Policy') ?? '') },
          upstreamRequestId: 'c6104cbe-af31-11e0-8154-cbc7ccf896c7',
        },
      },
    ]);
    expect(JSON.stringify(lab.records)).not.toMatch(/wJalrXUtn|session-token-of-sts/);
  });

  it.each([
    ['another service', 'lambda.eu-west-1.amazonaws.com'],
    ['another region', 'dynamodb.us-east-1.amazonaws.com'],
    ['another bucket', 'other.s3.eu-west-1.amazonaws.com'],
    ['all buckets', 's3.eu-west-1.amazonaws.com'],
    ['no AWS', 'dynamodb.eu-west-1.amazonaws.com.evil.example'],
  ])('C2 keys are not given for %s', async (_, host) => {
    expect(await mint({ host })).toMatchObject({ kind: 'refused', code: 'target-not-granted' });
    expect(asked).toStrictEqual([]);
  });

  it.each([
    [403, 'AccessDenied', 'provider-refused'],
    [400, 'PackedPolicyTooLarge', 'policy-too-large'],
    [500, 'InternalFailure', 'provider-unreachable'],
  ])('C2 STS says %i %s', async (status, code, expected) => {
    failure = { status, code };
    expect(await mint()).toMatchObject({ kind: 'refused', code: expected });
    expect(lab.records).toMatchObject([{ detail: { event: 'refused', reason: expected } }]);
  });

  it('C2 a policy larger than AWS takes is refused and never left out', async () => {
    const buckets = Array.from({ length: 20 }, (_, i) => `a-bucket-with-quite-a-long-name-${i}`);
    lab.setDocument({ ...lab.document, grants: [{ ...GRANT, buckets } as DocumentGrant] });
    expect(await mint()).toMatchObject({ kind: 'refused', code: 'policy-too-large' });
    expect(asked).toStrictEqual([]);
  });

  it('S8 whether the role can be had is tried for keys that may do nothing', async () => {
    lab.row({ state: 'PREFLIGHT' });
    const check = () => lab.ask({ version: 1, op: 'check', sessionId: SESSION }, 'session-lifecycle');
    expect(await check()).toMatchObject({ problems: [] });
    expect(JSON.parse(field('Policy') ?? '')).toMatchObject({ Statement: [{ Effect: 'Deny', Action: '*' }] });
    failure = { status: 403, code: 'AccessDenied' };
    expect(await check()).toMatchObject({ problems: [{ grantId: 'cloud', code: 'provider-refused' }] });
  });
});

function credentialsXml(): string {
  return `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
    <AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>
    <SessionToken>session-token-of-sts</SessionToken><Expiration>2026-11-03T09:30:00Z</Expiration></Credentials>
    </AssumeRoleResult><ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata>
    </AssumeRoleResponse>`;
}

function errorXml(code: string): string {
  return `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`;
}
