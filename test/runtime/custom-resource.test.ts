import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type Answer,
  type CustomResourceEvent,
  type CustomResourceWork,
  customResourceHandler,
} from '../../runtime/custom-resource';

const event = (change: Partial<CustomResourceEvent> = {}): CustomResourceEvent => ({
  RequestType: 'Create',
  ResponseURL: 'http://127.0.0.1/answer',
  StackId: 'stack',
  RequestId: 'request',
  LogicalResourceId: 'Zone',
  ResourceProperties: {},
  ...change,
});
const works: CustomResourceWork = async () => ({ physicalId: 'made' });

/** Answers that fail as often as asked, and what was tried. */
function recorder(failures = 0) {
  const tried: { url: string; body: Record<string, unknown> }[] = [];
  const answer: Answer = async (url, body) => {
    tried.push({ url, body: JSON.parse(body) });
    if (tried.length <= failures) throw new Error(`attempt ${tried.length}`);
  };
  return { tried, answer };
}

let logged: jest.SpyInstance;
beforeEach(() => {
  logged = jest.spyOn(console, 'error').mockImplementation(() => undefined);
});
afterEach(() => jest.restoreAllMocks());

describe('W1 a custom resource always answers', () => {
  it('W1 with the id that the work gave, and to the address and request it was asked by', async () => {
    const { tried, answer } = recorder();
    await customResourceHandler(works, answer)(event());
    expect(tried).toEqual([
      {
        url: 'http://127.0.0.1/answer',
        body: {
          Status: 'SUCCESS',
          PhysicalResourceId: 'made',
          StackId: 'stack',
          RequestId: 'request',
          LogicalResourceId: 'Zone',
        },
      },
    ]);
    expect(logged).not.toHaveBeenCalled();
  });

  it.each<[string, unknown, string]>([
    ['an error', new TypeError('no zone'), 'TypeError: no zone'],
    ['something else', 'no zone', 'no zone'],
    ['nothing', undefined, 'undefined'],
  ])('W1 where the work throws %s, as a failure with its reason', async (_, thrown, reason) => {
    const { tried, answer } = recorder();
    await customResourceHandler(
      () => Promise.reject(thrown),
      answer,
    )(event({ RequestType: 'Update', PhysicalResourceId: 'old' }));
    expect(tried.map(({ body }) => body)).toMatchObject([
      // The id stays: another one would have CloudFormation delete the resource that is there.
      { Status: 'FAILED', Reason: reason, PhysicalResourceId: 'old' },
    ]);
    expect(logged).toHaveBeenCalledWith(expect.objectContaining({ request: 'Update', resource: 'Zone', reason }));
  });

  it('W1 where the work throws before its first await', async () => {
    const { tried, answer } = recorder();
    const throws: CustomResourceWork = () => {
      throw new Error('at once');
    };
    await customResourceHandler(throws, answer)(event());
    expect(tried.map(({ body }) => body.Status)).toEqual(['FAILED']);
  });

  it('W1 with a reason that fits: CloudFormation refuses an answer over 4 KB', async () => {
    const { tried, answer } = recorder();
    await customResourceHandler(() => Promise.reject(new Error('x'.repeat(10_000))), answer)(event());
    expect(String(tried[0]?.body.Reason)).toBe(`Error: ${'x'.repeat(1024 - 'Error: '.length)}`);
  });

  it.each([0, 1, 2])('W1 after %i answers that did not arrive', async (failures) => {
    const { tried, answer } = recorder(failures);
    let done = 0;
    const counted: CustomResourceWork = async (asked) => {
      done += 1;
      return works(asked);
    };
    await customResourceHandler(counted, answer)(event());
    expect(tried).toHaveLength(failures + 1);
    expect(tried.every(({ body }) => body.Status === 'SUCCESS')).toBe(true);
    expect(done).toBe(1);
  });

  it('W1 or fails itself after the third: then Lambda tries again, and the log says so', async () => {
    const { tried, answer } = recorder(3);
    await expect(customResourceHandler(works, answer)(event())).rejects.toThrow('attempt 3');
    expect(tried).toHaveLength(3);
  });

  it('W1 a create that failed may have been done half way: its delete is tried, and succeeds whatever comes of it', async () => {
    const { tried, answer } = recorder();
    const work = jest.fn<ReturnType<CustomResourceWork>, Parameters<CustomResourceWork>>(() =>
      Promise.reject(new Error('no rights')),
    );
    const handler = customResourceHandler(work, answer);
    await handler(event());
    const PhysicalResourceId = String(tried[0]?.body.PhysicalResourceId);
    await handler(event({ RequestType: 'Delete', PhysicalResourceId }));
    expect(tried.map(({ body }) => body.Status)).toEqual(['FAILED', 'SUCCESS']);
    expect(work).toHaveBeenCalledTimes(2);
  });

  it('W1 a delete of what was made is work', async () => {
    const { tried, answer } = recorder();
    const work = jest.fn(works);
    await customResourceHandler(work, answer)(event({ RequestType: 'Delete', PhysicalResourceId: 'made' }));
    expect(work).toHaveBeenCalledTimes(1);
    expect(tried.map(({ body }) => [body.Status, body.PhysicalResourceId])).toEqual([['SUCCESS', 'made']]);
  });
});

describe('W1 the answer on the wire', () => {
  let server: Server;
  let url: string;
  let received: { method?: string; headers: IncomingMessage['headers']; body: string }[];
  let respond: (response: ServerResponse, attempt: number) => void;

  beforeEach(async () => {
    received = [];
    respond = (response) => response.end();
    server = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part);
      received.push({ method: request.method, headers: request.headers, body: Buffer.concat(parts).toString() });
      respond(response, received.length);
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/answer?AWSAccessKeyId=a&Signature=b%2Fc`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });

  it('W1 is a PUT that says no content type: the URL is signed without one, and S3 would refuse any other', async () => {
    await customResourceHandler(works)(event({ ResponseURL: url }));
    expect(received).toHaveLength(1);
    expect(received[0]).toMatchObject({ method: 'PUT', body: expect.stringContaining('"Status":"SUCCESS"') });
    expect(received[0]?.headers['content-type'] ?? '').toBe('');
    expect(received[0]?.headers['content-length']).toBe(String(received[0]?.body.length));
    expect(received[0]?.headers['transfer-encoding']).toBeUndefined();
  });

  it.each([500, 403, 503])('W1 is sent again where it is answered with %i', async (status) => {
    respond = (response, attempt) => {
      response.statusCode = attempt < 3 ? status : 200;
      response.end();
    };
    await customResourceHandler(works)(event({ ResponseURL: url }));
    expect(received.map(({ body }) => body)).toEqual(Array(3).fill(received[0]?.body));
  });

  it('W1 fails after three refusals, and says what CloudFormation said', async () => {
    respond = (response) => {
      response.statusCode = 500;
      response.end();
    };
    await expect(customResourceHandler(works)(event({ ResponseURL: url }))).rejects.toThrow(
      'CloudFormation answered 500',
    );
    expect(received).toHaveLength(3);
  });

  it('W1 waits for a silent server no longer than the function lives', async () => {
    // The clock is the test's: what was asked for is recorded, what is waited is short.
    const asked: number[] = [];
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    jest.spyOn(AbortSignal, 'timeout').mockImplementation((milliseconds) => {
      asked.push(milliseconds);
      return timeout(50);
    });
    respond = () => undefined;
    await expect(customResourceHandler(works)(event({ ResponseURL: url }))).rejects.toThrow(/timeout/i);
    expect(received).toHaveLength(3);
    expect(asked).toEqual([10_000, 10_000, 10_000]);
  });

  it('W1 is tried three times where nobody listens', async () => {
    const port = (server.address() as AddressInfo).port;
    await new Promise((closed) => server.close(closed));
    await expect(customResourceHandler(works)(event({ ResponseURL: `http://127.0.0.1:${port}/` }))).rejects.toThrow();
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  });
});
