import { readFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { CREDENTIAL, HOST, PROXY, STREAM_HOSTS } from '../layout';

/**
 * The proxy of @anthropic-ai/sandbox-runtime in the form that is meant for sandboxes elsewhere: it asks a decider about
 * every request. The decider here is in the same process and says yes with a credential, which is the least it can cost.
 */

interface ProxyOnly {
  startProxyOnly(options: {
    listen: { host: string; port: number };
    decider: { input: PassThrough; output: PassThrough };
    caPem: string;
    upstreamCA: string;
  }): { ready: Promise<void> };
}

const [module_ = '', key = '', cert = '', roots = ''] = process.argv.slice(2);
const toProxy = new PassThrough();
const fromProxy = new PassThrough();

function say(message: object): void {
  const text = Buffer.from(JSON.stringify(message));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  toProxy.write(Buffer.concat([length, text]));
}

let held: Buffer = Buffer.alloc(0);
fromProxy.on('data', (chunk: Buffer) => {
  held = Buffer.concat([held, chunk]);
  while (held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) {
    const end = 4 + held.readUInt32BE(0);
    const message = JSON.parse(held.subarray(4, end).toString()) as { t: string; id?: number };
    held = held.subarray(end);
    if (message.t === 'hello') {
      say({ t: 'hello', proto: 1, allowedDomains: [HOST, ...STREAM_HOSTS], deniedDomains: [] });
    } else if (message.t === 'req') {
      say({ t: 'verdict', id: message.id, action: 'allow', cred: 'bench', credential: CREDENTIAL });
    }
  }
});

async function main(): Promise<void> {
  const { startProxyOnly } = (await import(pathToFileURL(module_).href)) as ProxyOnly;
  await startProxyOnly({
    listen: { ...PROXY },
    decider: { input: toProxy, output: fromProxy },
    caPem: readFileSync(key, 'utf8') + readFileSync(cert, 'utf8'),
    upstreamCA: readFileSync(roots, 'utf8'),
  }).ready;
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
