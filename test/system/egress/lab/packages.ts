import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { WHEEL } from './package-files';

/** The lab's folder, as upstream.ts is told it. */
const folder = process.argv[2] ?? '';

type Answer = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

const HOSTS: Readonly<Record<string, Answer>> = {
  'anything.npmjs.org': (request, response, url) => {
    request.resume();
    const tarball = /\/-\/([a-z-]+)-1\.0\.0\.tgz$/.exec(url.pathname)?.[1];
    if (tarball !== undefined) return void response.end(readFileSync(join(folder, 'npm', `${tarball}.tgz`)));
    const name = decodeURIComponent(url.pathname.slice(1));
    if (name !== 'lab-package' && name !== '@lab/scoped') return void response.writeHead(404).end('{}');
    const bare = name.replace('@lab/', '');
    const bytes = readFileSync(join(folder, 'npm', `${bare}.tgz`));
    const dist = {
      tarball: `https://anything.npmjs.org/${name}/-/${bare}-1.0.0.tgz`,
      integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
    };
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        name,
        'dist-tags': { latest: '1.0.0' },
        versions: { '1.0.0': { name, version: '1.0.0', dist } },
      }),
    );
  },
  'anything.pypi.org': (request, response, url) => {
    request.resume();
    if (url.pathname !== '/simple/lab-package/') return void response.writeHead(404).end();
    response.setHeader('content-type', 'text/html');
    response.end(`<a href="https://anything.pythonhosted.org/packages/ab/${WHEEL}">${WHEEL}</a>`);
  },
  'anything.pythonhosted.org': (request, response) => {
    request.resume();
    response.end(readFileSync(join(folder, WHEEL)));
  },
  'github.com': gitBackend,
  'api.github.com': (request, response, url) => {
    request.resume();
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ full_name: url.pathname.slice('/repos/'.length) }));
  },
};

/** Registries and git, by the host they are asked as; false where it is no such host. */
export function answerPackages(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  serverName: string | undefined,
): boolean {
  const answer = HOSTS[serverName ?? ''];
  answer?.(request, response, url);
  return answer !== undefined;
}

/** git's own server, which speaks CGI. */
function gitBackend(request: IncomingMessage, response: ServerResponse, url: URL): void {
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: join(folder, 'git'),
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_CONFIG_NOSYSTEM: '1',
      // The bare repository belongs to whoever runs the tests.
      HOME: folder,
      PATH_INFO: url.pathname.replace('/lab/repository/', '/lab/repository.git/'),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: request.headers['git-protocol']?.toString() ?? '',
    },
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  let head: Buffer | undefined = Buffer.alloc(0);
  child.stdout.on('data', (chunk: Buffer) => {
    if (head === undefined) return void response.write(chunk);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) return;
    const lines = head.toString('latin1', 0, end).split('\r\n');
    const headers = Object.fromEntries(lines.map((line) => line.split(': ') as [string, string]));
    const { Status: status = '200', ...others } = headers;
    response.writeHead(Number.parseInt(status, 10), others);
    response.write(head.subarray(end + 4));
    head = undefined;
  });
  child.once('close', () => response.end());
}
