import type { IncomingMessage } from 'node:http';
import { Agent } from 'node:https';
import { Readable } from 'node:stream';
import { DynamoDBClient, ListTablesCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { DocumentGrant } from '../../../core/egress/document';
import { systemClock } from '../../../runtime/clock';
import { AwsSigner } from '../../../runtime/credential-signer';
import { KEYS, type Verified, verifySignature } from './lab/aws-verifier';
import { documentOf, Lab, rule } from './lab/lab';

const GRANT: DocumentGrant = {
  kind: 'aws-role',
  id: 'cloud',
  roleArn: 'arn:aws:iam::111122223333:role/x',
  region: 'eu-west-1',
  services: ['dynamodb', 'sts', 'api.ecr', 'lambda'],
  buckets: ['acme-data'],
};
const BUCKET = 'acme-data.s3.eu-west-1.amazonaws.com';
const HOSTS = ['dynamodb', 'sts', 'api.ecr', 'lambda'].map((name) => `${name}.eu-west-1.amazonaws.com`);
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'] as const;
const rules = [...HOSTS, BUCKET].map((host, i) =>
  rule({ id: `cloud.${i}`, host, methods: [...METHODS], inject: 'cloud', limits: { encodedSlash: true } }),
);
/** What an agent has: the names of variables want values. */
const DUMMY = { accessKeyId: 'AKIADUMMY', secretAccessKey: 'dummy', sessionToken: 'dummy-session-token' };

interface Seen {
  readonly request: IncomingMessage;
  readonly body: Buffer;
  readonly verified: Verified | string;
}

let lab: Lab;
let seen: Seen[];
let answer: { readonly status?: number; readonly body: string; readonly headers?: Record<string, string> };

beforeAll(async () => {
  lab = await Lab.start({
    document: documentOf(rules, { grants: [GRANT] }),
    certificate: (authority) => authority.issue([...HOSTS, BUCKET]),
    upstream: (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks);
        const verified = verifySignature(request, body, Date.now());
        seen.push({ request, body, verified });
        const { status = 200, headers } = answer;
        response.writeHead(typeof verified === 'string' ? 403 : status, headers);
        response.end(typeof verified === 'string' ? verified : answer.body);
      });
    },
  });
  lab.secret = KEYS.secretAccessKey;
  lab.signer = new AwsSigner(KEYS, systemClock);
});
afterAll(() => lab.stop());
beforeEach(() => {
  seen = [];
  answer = { body: '{}', headers: { 'content-type': 'application/x-amz-json-1.0' } };
});

/** Connections of a client inside a session: through the proxy, trusting its authority. */
class ThroughProxy extends Agent {
  override createConnection(
    options: { host?: string | null },
    done?: (error: Error | null, socket: never) => void,
  ): undefined {
    lab.tunnel(options.host ?? '').then(
      (socket) => done?.(null, socket as never),
      (error: Error) => done?.(error, undefined as never),
    );
    return undefined;
  }
}

const client = {
  region: 'eu-west-1',
  credentials: DUMMY,
  maxAttempts: 1,
  requestHandler: { httpsAgent: new ThroughProxy() },
};
const xml = (body: string) => ({ body, headers: { 'content-type': 'application/xml' } });

function signed(service: string): void {
  expect(seen.map(({ verified }) => verified)).toMatchObject(seen.map(() => ({ service, region: 'eu-west-1' })));
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.flatMap(({ request }) => request.rawHeaders).join(' ')).not.toMatch(/AKIADUMMY|dummy/);
}

describe("C2 real SDKs with keys that are none are signed with the grant's", () => {
  it('C2 DynamoDB: JSON in a body', async () => {
    const dynamo = new DynamoDBClient(client);
    answer = { ...answer, body: '{"TableNames":["a"]}' };
    expect((await dynamo.send(new ListTablesCommand({}))).TableNames).toEqual(['a']);
    await dynamo.send(new PutItemCommand({ TableName: 'a', Item: { id: { S: 'Grüße'.repeat(20_000) } } }));
    expect(seen[1]?.body.length).toBeGreaterThan(64 * 1024);
    signed('dynamodb');
  });

  it('C2 STS: who am I', async () => {
    answer = xml(
      `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
      <Arn>arn:aws:sts::111122223333:assumed-role/x/s01</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`,
    );
    const { Arn } = await new STSClient(client).send(new GetCallerIdentityCommand({}));
    expect(Arn).toBe('arn:aws:sts::111122223333:assumed-role/x/s01');
    signed('sts');
  });

  it('C2 S3: lists, reads and writes keys of every kind of name', async () => {
    const s3 = new S3Client(client);
    answer = xml('<ListBucketResult><Name>acme-data</Name></ListBucketResult>');
    const list = { Bucket: 'acme-data', Prefix: "a b/ü+&=~*'()!", Delimiter: '/', MaxKeys: 7 };
    expect((await s3.send(new ListObjectsV2Command(list))).Name).toBe('acme-data');
    answer = { body: 'content' };
    for (const Key of ['a.txt', "with space/and+plus/(x)!'*~.txt", 'grüße/日本.txt', 'a=b&c;d:e@f,g$h.txt', 'ends/']) {
      await s3.send(new GetObjectCommand({ Bucket: 'acme-data', Key }));
    }
    await s3.send(
      new PutObjectCommand({ Bucket: 'acme-data', Key: 'a', Body: 'text', Metadata: { note: 'two   spaces' } }),
    );
    expect(seen).toHaveLength(7);
    signed('s3');
  });

  it('C2 S3: a stream goes in pieces with a checksum behind it, and is not read whole', async () => {
    const s3 = new S3Client(client);
    const Body = Readable.from([Buffer.alloc(100_000, 'a'), Buffer.alloc(100_000, 'b')]);
    await s3.send(new PutObjectCommand({ Bucket: 'acme-data', Key: 'big', Body, ContentLength: 200_000 }));
    expect(seen[0]?.request.headers['x-amz-content-sha256']).toBe('STREAMING-UNSIGNED-PAYLOAD-TRAILER');
    expect(seen[0]?.body.length).toBeGreaterThan(200_000);
    signed('s3');
  });

  it('C5 what comes back is searched for the keys', async () => {
    answer = { body: `you are ${KEYS.secretAccessKey}` };
    const { Body } = await new S3Client(client).send(new GetObjectCommand({ Bucket: 'acme-data', Key: 'a' }));
    expect(await Body?.transformToString()).not.toContain(KEYS.secretAccessKey);
  });
});

describe('C2 requests written by hand', () => {
  const HASH = `x-amz-content-sha256: ${'ab'.repeat(32)}`;
  const status = async (host: string, path: string, headers: readonly string[] = []) =>
    (await lab.get(host, path, headers)).status;
  const refusalOf = async (headers: readonly string[]) => {
    const reply = await lab.get(BUCKET, '/a', headers);
    expect(seen).toStrictEqual([]);
    return [reply.status, reply.body];
  };

  it('C2 without any signature: signed by what the host says', async () => {
    expect(await status(BUCKET, '/a')).toBe(200);
    expect(await status('api.ecr.eu-west-1.amazonaws.com', '/')).toBe(200);
    expect(seen.map(({ verified }) => (verified as Verified).service)).toEqual(['s3', 'ecr']);
    expect(seen[0]?.request.headers['x-amz-content-sha256']).toBe('UNSIGNED-PAYLOAD');
  });

  it('C2 the service in the scope is taken, region and keys never', async () => {
    const scope = 'Credential=AKIADUMMY/20261122/us-east-1/awslambda/aws4_request';
    const header = `authorization: AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=${'0'.repeat(64)}`;
    await lab.get('lambda.eu-west-1.amazonaws.com', '/2015-03-31/functions', [header]);
    expect(seen[0]?.verified).toMatchObject({ service: 'awslambda', region: 'eu-west-1' });
    await lab.get(BUCKET, '/a', [header]);
    expect(seen[1]?.verified).toMatchObject({ service: 's3' });
  });

  it('C2 a pre-signed URL loses its signature, and only that', async () => {
    const presigned =
      'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIADUMMY%2F20261122%2Feu-west-1%2Fs3%2Faws4_request' +
      '&X-Amz-Date=20261122T000000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=00&x-id=GetObject';
    expect(await status(BUCKET, `/a?response-content-type=text%2Fplain&${presigned}`)).toBe(200);
    expect(seen[0]?.request.url).toBe('/a?response-content-type=text%2Fplain&x-id=GetObject');
    expect(await status(BUCKET, '/a?AWSAccessKeyId=AKIADUMMY&Expires=1&Signature=x')).toBe(200);
    expect(seen[1]?.request.url).toBe('/a');
  });

  it('C2 headers that AWS acts on are signed, also where they stand twice', async () => {
    expect(await status(BUCKET, '/a', ['x-amz-meta-a:  one  two ', 'X-Amz-Meta-A: three', 'content-type: x/y'])).toBe(
      200,
    );
    const names = ['content-type', 'host', 'x-amz-meta-a', 'x-amz-date', 'x-amz-security-token'];
    expect(seen[0]?.verified).toMatchObject({ signedHeaders: expect.arrayContaining(names) });
  });

  it('C2 a plus in the query means to AWS what it meant to the rule', async () => {
    expect(await status(BUCKET, '/?prefix=a+b&list-type=2&empty&empty=')).toBe(200);
    expect(seen[0]?.request.url).toBe('/?prefix=a%20b&list-type=2&empty&empty=');
  });

  it('C2 a path that AWS escapes in another way', async () => {
    expect(await status(BUCKET, "/a(b)!*'c@d%2Fe%20f")).toBe(200);
    expect(await status('lambda.eu-west-1.amazonaws.com', '/functions/arn%3Aaws%3Alambda/x%20y')).toBe(200);
    signedWith(['s3', 'lambda']);
  });

  it.each([
    [
      'pieces signed with keys that are gone',
      ['x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD'],
      'piece by piece',
    ],
    [
      'such pieces and a trailer',
      ['x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'],
      'piece by piece',
    ],
    ['two hashes', [HASH, HASH], 'twice'],
    ['a word that nobody knows', ['x-amz-content-sha256: NONE'], 'neither a hash nor a known word'],
  ])('C2 %s: refused with the reason', async (_, headers, reason) => {
    expect(await refusalOf(headers)).toEqual([400, expect.stringContaining(reason)]);
  });

  it('C2 a hash that is not of the body is AWS to refuse', async () => {
    expect(await status(BUCKET, '/a', [HASH])).toBe(403);
    expect(seen[0]?.verified).toBe('XAmzContentSHA256Mismatch');
  });

  function signedWith(services: readonly string[]): void {
    expect(seen.map(({ verified }) => (typeof verified === 'string' ? verified : verified.service))).toEqual(services);
  }
});
