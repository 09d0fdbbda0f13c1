import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { CustomResourceEvent } from '../../../runtime/custom-resource';

/**
 * The function as it is deployed: the bundle under assets/ with the real AWS SDK, which talks HTTP to a small Route 53
 * and puts its answer where CloudFormation would take it.
 */
const BUNDLE = join(__dirname, '../../../assets/network/index.js');
const XMLNS = 'https://route53.amazonaws.com/doc/2013-04-01/';

let server: Server;
let vpcs: Set<string>;
let refuse: { code: string; status: number } | undefined;
let calls: string[];
let answers: Record<string, unknown>[];
let handler: (event: CustomResourceEvent) => Promise<void>;

const change =
  '<ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status><SubmittedAt>2026-11-22T00:00:00Z</SubmittedAt></ChangeInfo>';

/** Route 53's REST API as far as it is used here, after its API reference, version 2013-04-01. */
function route53(method: string, path: string, body: string): { status: number; xml: string } {
  const error = (status: number, code: string) => ({
    status,
    xml: `<ErrorResponse xmlns="${XMLNS}"><Error><Type>Sender</Type><Code>${code}</Code><Message>because ${code}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
  });
  if (refuse) return error(refuse.status, refuse.code);
  const match = /^\/2013-04-01\/hostedzone\/([^/]+)(?:\/(\w+))?$/.exec(path);
  if (match?.[1] !== 'Z0123456789') return error(404, 'NoSuchHostedZone');
  const vpc = /<VPCId>(.*?)<\/VPCId>/.exec(body)?.[1] ?? '';
  calls.push([method, match[2] ?? 'get', vpc, /<VPCRegion>(.*?)<\/VPCRegion>/.exec(body)?.[1] ?? ''].join(' ').trim());
  if (method === 'GET') {
    const list = [...vpcs].map((id) => `<VPC><VPCRegion>eu-west-1</VPCRegion><VPCId>${id}</VPCId></VPC>`).join('');
    return {
      status: 200,
      xml: `<GetHostedZoneResponse xmlns="${XMLNS}"><HostedZone><Id>/hostedzone/Z0123456789</Id><Name>agents.internal.</Name><CallerReference>c</CallerReference></HostedZone><VPCs>${list}</VPCs></GetHostedZoneResponse>`,
    };
  }
  if (match[2] === 'associatevpc') {
    vpcs.add(vpc);
    return {
      status: 200,
      xml: `<AssociateVPCWithHostedZoneResponse xmlns="${XMLNS}">${change}</AssociateVPCWithHostedZoneResponse>`,
    };
  }
  if (!vpcs.delete(vpc)) return error(404, 'VPCAssociationNotFound');
  return {
    status: 200,
    xml: `<DisassociateVPCFromHostedZoneResponse xmlns="${XMLNS}">${change}</DisassociateVPCFromHostedZoneResponse>`,
  };
}

const before = { ...process.env };
beforeAll(async () => {
  server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts).toString();
    if (request.url === '/answer') {
      answers.push(JSON.parse(body));
      response.end();
      return;
    }
    const { status, xml } = route53(request.method ?? '', request.url ?? '', body);
    response.writeHead(status, { 'content-type': 'text/xml' }).end(`<?xml version="1.0"?>\n${xml}`);
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_ROUTE_53: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'dummy',
    AWS_SECRET_ACCESS_KEY: 'dummy',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  });
  ({ handler } = await import(BUNDLE));
});
afterAll(async () => {
  process.env = before;
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});
beforeEach(() => {
  vpcs = new Set(['vpc-1']);
  refuse = undefined;
  calls = [];
  answers = [];
});
afterEach(() => jest.restoreAllMocks());

const ask = (RequestType: CustomResourceEvent['RequestType'], zone = 'Z0123456789', PhysicalResourceId?: string) =>
  handler({
    RequestType,
    ResponseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/answer`,
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'Zone',
    PhysicalResourceId,
    ResourceProperties: { HostedZoneId: zone, VpcId: 'vpc-2', VpcRegion: 'eu-west-1' },
  });

describe('F8 the deployed function', () => {
  it('F8 exports the handler that the function names', () => {
    expect(typeof handler).toBe('function');
  });

  it('F8 associates the second VPC once, takes it away, and does not mind doing either twice', async () => {
    const id = 'Z0123456789/vpc-2';
    await ask('Create');
    await ask('Create');
    await ask('Delete', undefined, id);
    await ask('Delete', undefined, id);
    expect(calls).toEqual([
      'GET get',
      'POST associatevpc vpc-2 eu-west-1',
      'GET get',
      'POST disassociatevpc vpc-2 eu-west-1',
      'POST disassociatevpc vpc-2 eu-west-1',
    ]);
    expect([...vpcs]).toEqual(['vpc-1']);
    expect(answers.map(({ Status, PhysicalResourceId }) => [Status, PhysicalResourceId])).toEqual(
      Array(4).fill(['SUCCESS', id]),
    );
  });

  it('F8 a zone that is gone is nothing to delete', async () => {
    await ask('Delete', 'Z9999999999', 'Z9999999999/vpc-2');
    expect(answers).toMatchObject([{ Status: 'SUCCESS' }]);
  });

  it.each([
    ['AccessDenied', 403],
    ['NoSuchHostedZone', 404],
  ])('F8 tells CloudFormation that Route 53 said %s', async (code, status) => {
    jest.spyOn(console, 'error').mockImplementation(() => undefined);
    refuse = { code, status };
    await ask('Create');
    expect(answers).toMatchObject([
      { Status: 'FAILED', Reason: `${code}: because ${code}`, PhysicalResourceId: 'create-failed' },
    ]);
  });
});
