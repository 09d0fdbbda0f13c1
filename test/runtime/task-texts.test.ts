import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAX_TASK_TEXT_BYTES } from '../../core/session/self';
import { bucketTaskTexts, fileTaskTexts, type TaskTexts } from '../../runtime/task-texts';
import { SESSION } from '../core/session/samples';

describe('C1 texts of tasks from the bucket', () => {
  let server: Server;
  let asked: string[];
  let answer: { status: number; body: string; length?: number; silent?: boolean };
  let texts: TaskTexts;

  beforeEach(async () => {
    asked = [];
    answer = { status: 200, body: 'fix the build' };
    server = createServer((request, response) => {
      asked.push(`${request.headers.host?.split(':')[0]} ${request.method} ${request.url}`);
      if (answer.silent) return;
      response.writeHead(answer.status, { 'content-length': answer.length ?? Buffer.byteLength(answer.body) });
      response.end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    texts = bucketTaskTexts({
      bucket: 'payloads',
      client: {
        region: 'eu-west-1',
        endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
        maxAttempts: 1,
      },
      deadlineMs: 300,
    });
  });
  afterEach(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });

  it('C1 asks for the object of the session, with the bucket in the path: no host has its name', async () => {
    expect(Buffer.from(await texts.read(SESSION)).toString()).toBe('fix the build');
    expect(asked).toEqual([`127.0.0.1 GET /payloads/task-text/${SESSION}?x-id=GetObject`]);
  });

  it.each<[string, typeof answer]>([
    ['there is none', { status: 404, body: '' }],
    ['it is longer than a text may be', { status: 200, body: 'x', length: MAX_TASK_TEXT_BYTES + 1 }],
    ['nothing answers', { status: 200, body: '', silent: true }],
  ])('C1 throws where %s', async (_, given) => {
    answer = given;
    await expect(texts.read(SESSION)).rejects.toThrow();
  });
});

describe('C1 texts of tasks from a folder', () => {
  it('C1 one file a session', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'task-texts-'));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, SESSION), 'text');
    expect(Buffer.from(await fileTaskTexts(folder).read(SESSION)).toString()).toBe('text');
    rmSync(folder, { recursive: true });
  });
});
