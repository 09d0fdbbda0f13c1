import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Via } from './job';
import { type Lab, type Running, temporaryPaths } from './lab';
import { CALLERS, CREDENTIAL, callerAddress, HOST, PATHS, PROXY, STREAM_HOSTS, STREAMS, UPSTREAM } from './layout';
import { copyAuthority } from './pki';

/** Something under load. */
export interface Contender {
  readonly name: string;
  readonly via: Via;
  /** Whether the upstream sees {@link CREDENTIAL}; checked before anything is measured. */
  readonly injects: boolean;
  start(): Running;
}

export const EGRESS_PROXY = 'egress-proxy';
export const INJECTION = 'egress-proxy injection+redaction';
export const RELAY = 'node relay without policy';
export const NGINX = 'nginx';
export const connect: Via = { kind: 'connect', ...PROXY };

/** A reverse proxy, since nginx takes no CONNECT: the same two sides of TLS, upstream verified and kept open. */
export function nginx(lab: Lab): Contender {
  const folder = lab.folder('nginx-proxy');
  const configuration = join(folder, 'nginx.conf');
  const { leaf, root } = lab.pki;
  const server = (names: readonly string[], upstream: string, options = ''): string => `
  server {
    listen ${PROXY.host}:${PROXY.port} ssl${options}; server_name ${names.join(' ')};
    ssl_certificate ${leaf.certificate}; ssl_certificate_key ${leaf.key};
    location / {
      proxy_pass https://${upstream}; proxy_http_version 1.1; proxy_buffering on;
      proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_ssl_server_name on; proxy_ssl_name $host; proxy_ssl_verify on; proxy_ssl_trusted_certificate ${root};
      proxy_ssl_protocols TLSv1.2 TLSv1.3;
    }
    location = ${PATHS.stream} {
      proxy_pass https://${upstream}; proxy_http_version 1.1; proxy_buffering off;
      proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_ssl_server_name on; proxy_ssl_name $host; proxy_ssl_verify on; proxy_ssl_trusted_certificate ${root};
    }
  }`;
  writeFileSync(
    configuration,
    `worker_processes 1; daemon off; user root; pid ${folder}/pid; error_log ${folder}/errors;
events { worker_connections 8192; }
http {
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s;
  ${temporaryPaths(folder)}
  upstream api { server ${UPSTREAM}:443; keepalive 256; keepalive_requests 100000000; keepalive_timeout 600s; }
  upstream sse { server ${STREAMS}:443; keepalive 256; }
  ${server([HOST], 'api', ' backlog=4096')}
  ${server(STREAM_HOSTS, 'sse')}
}
`,
  );
  return {
    name: NGINX,
    via: { kind: 'reverse', ...PROXY },
    injects: false,
    start: () => lab.startProxy(NGINX, 'nginx', ['-c', configuration]),
  };
}

export async function relay(lab: Lab): Promise<Contender> {
  const program = await lab.bundle('scripts/bench/egress/programs/relay.ts');
  const { leaf, root } = lab.pki;
  const args = [program, leaf.key, leaf.certificate, root];
  return {
    name: RELAY,
    via: connect,
    injects: false,
    start: () => lab.startProxy(RELAY, process.execPath, args),
  };
}

/**
 * The program of images/egress as the image has it, told everything by files. Sixteen sessions, a document with the
 * hosts of this lab among others, and one record for each request.
 */
export async function egressProxies(lab: Lab): Promise<Contender[]> {
  const bundle = await lab.bundle('images/egress/main.ts');
  const before = process.env.EGRESS_BENCH_BEFORE;
  return [
    egressProxy(lab, EGRESS_PROXY, bundle, false),
    egressProxy(lab, INJECTION, bundle, true),
    ...(before === undefined ? [] : [egressProxy(lab, `${INJECTION}, before`, before, true)]),
  ];
}

function egressProxy(lab: Lab, name: string, program: string, injects: boolean): Contender {
  const folder = lab.folder(injects ? 'egress-injection' : 'egress');
  copyAuthority(lab.pki, folder);
  const write = (file: string, content: unknown): void => writeFileSync(join(folder, file), JSON.stringify(content));
  const sessions = Array.from({ length: CALLERS }, (_, index) => ({
    cidr: `${callerAddress(index)}/32`,
    subject: { kind: 'client', name: `bench-${index}`, profile: 'bench' },
  }));
  write('callers.json', { version: 1, bindings: sessions });
  const header = { name: 'authorization', value: `Bearer ${CREDENTIAL}` };
  const token = { headers: [header], secrets: [CREDENTIAL, header.value] };
  write('credentials.json', { version: 1, grants: injects ? { token } : {} });
  lab.folder(`${injects ? 'egress-injection' : 'egress'}/policies`);
  write('policies/bench.json', policyDocument(injects));
  return {
    name,
    via: connect,
    injects,
    start: () =>
      lab.startProxy(name, process.execPath, [...nodeOptions(), program], {
        EGRESS_FILES: folder,
        EGRESS_PORT: String(PROXY.port),
      }),
  };
}

/** `--cpu-prof` and the like, for a look at one run. */
function nodeOptions(): string[] {
  return (process.env.EGRESS_BENCH_NODE_OPTIONS ?? '').split(' ').filter((option) => option !== '');
}

/** As large as a profile with a dozen grants and presets compiles to; only the first rules are ever asked for. */
function policyDocument(injects: boolean): unknown {
  const methods = ['GET', 'HEAD', 'POST'];
  const rule = (id: string, host: string, more: object) => ({ id, host, methods, port: 443, reason: 'bench', ...more });
  const origin = injects ? { kind: 'grant', name: 'token' } : { kind: 'rule', name: 'bench' };
  const asked = [HOST, ...STREAM_HOSTS].map((host, index) =>
    rule(`asked.${index}`, host, {
      paths: ['/v1/**'],
      origin,
      ...(injects && { inject: 'token' }),
    }),
  );
  const others = Array.from({ length: 40 }, (_, index) =>
    rule(`other.${index}`, `${index % 4 === 0 ? '*.' : ''}other-${index}.example`, {
      paths: [`/repos/acme/app-${index}/**`, '/user'],
      origin: { kind: 'rule', name: `other-${index}` },
    }),
  );
  const grant = {
    kind: 'secret-header',
    id: 'token',
    secretArn: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:bench',
    header: 'authorization',
    prefix: 'Bearer ',
  };
  return {
    version: 1,
    profile: 'bench',
    session: {
      image: `bench@sha256:${'0'.repeat(64)}`,
      cpuUnits: 256,
      memoryMiB: 512,
      storageGiB: 20,
      lifetimeSeconds: 3600,
      idleSeconds: 600,
    },
    rules: [...asked, ...others],
    requestable: [],
    blocked: ['*.blocked.example'],
    grants: injects ? [grant] : [],
    models: { allow: [], budgetUsd: 0 },
  };
}
