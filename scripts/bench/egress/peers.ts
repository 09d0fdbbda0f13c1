import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from '../harness/bench';
import type { Lab } from './lab';
import { CREDENTIAL, HOST, PROXY, STREAM_HOSTS } from './layout';
import { type Contender, connect } from './proxies';

/** A proxy that somebody else makes. */
export interface Peer {
  readonly name: string;
  /** As it is installed here. */
  readonly version: string;
  prepare(bench: Bench): Promise<PeerProxy>;
}

interface PeerProxy {
  /** What was found where no version is pinned. */
  readonly version?: string;
  proxy(lab: Lab): Promise<Contender> | Contender;
}

const VERSIONS = { mitmproxy: '11.0.2', sandboxRuntime: '0.0.83', goproxy: 'v1.9.2' } as const;

/** Outside of the checkout and kept between runs. */
function cache(): string {
  const base = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return join(base, 'cdk-agent-platform-bench');
}

/** Installs into a folder of its own that only a complete installation leaves behind. */
async function installed(name: string, install: (folder: string) => Promise<unknown>): Promise<string> {
  const folder = join(cache(), name);
  if (existsSync(join(folder, 'complete'))) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await install(folder);
  writeFileSync(join(folder, 'complete'), '');
  return folder;
}

export const PEERS: readonly Peer[] = [
  { name: 'mitmproxy', version: `${VERSIONS.mitmproxy} from PyPI`, prepare: mitmproxy },
  { name: 'sandbox-runtime', version: `${VERSIONS.sandboxRuntime} from npm`, prepare: sandboxRuntime },
  { name: 'goproxy', version: `${VERSIONS.goproxy}, a Go module`, prepare: goproxy },
  { name: 'smokescreen', version: 'as found', prepare: smokescreen },
  { name: 'iron-proxy', version: 'as found', prepare: ironProxy },
];

async function mitmproxy(bench: Bench): Promise<PeerProxy> {
  const folder = await installed(`mitmproxy-${VERSIONS.mitmproxy}`, async (into) => {
    await bench.run('python3', ['-m', 'venv', into]);
    await bench.run(join(into, 'bin', 'pip'), ['install', '--quiet', `mitmproxy==${VERSIONS.mitmproxy}`]);
  });
  return {
    proxy: (lab) => {
      const { authority, root } = lab.pki;
      const configuration = lab.folder('mitmproxy');
      const pem = readFileSync(authority.key, 'utf8') + readFileSync(authority.certificate, 'utf8');
      writeFileSync(join(configuration, 'mitmproxy-ca.pem'), pem);
      const addon = join(configuration, 'addon.py');
      cpSync(join(__dirname, 'programs', 'mitmproxy-addon.py'), addon);
      const options = [
        `confdir=${configuration}`,
        `ssl_verify_upstream_trusted_ca=${root}`,
        'http2=false',
        // Held for its user interface otherwise; nothing here looks at them.
        'flow_detail=0',
        'termlog_verbosity=error',
        'connection_strategy=lazy',
      ];
      const args = ['--listen-host', PROXY.host, '--listen-port', String(PROXY.port), '-s', addon, '--quiet'];
      return {
        name: 'mitmproxy',
        via: connect,
        injects: true,
        start: () =>
          lab.startProxy(
            'mitmproxy',
            join(folder, 'bin', 'mitmdump'),
            [...args, ...options.flatMap((o) => ['--set', o])],
            {
              BENCH_CREDENTIAL: CREDENTIAL,
            },
          ),
      };
    },
  };
}

async function sandboxRuntime(bench: Bench): Promise<PeerProxy> {
  const folder = await installed(`sandbox-runtime-${VERSIONS.sandboxRuntime}`, async (into) => {
    writeFileSync(join(into, 'package.json'), '{"private":true}\n');
    const name = `@anthropic-ai/sandbox-runtime@${VERSIONS.sandboxRuntime}`;
    await bench.run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', name], {
      cwd: into,
      env: process.env,
    });
  });
  const module_ = join(folder, 'node_modules/@anthropic-ai/sandbox-runtime/dist/sandbox/proxy-only.js');
  return {
    proxy: async (lab) => {
      const program = await lab.bundle('scripts/bench/egress/programs/sandbox-runtime.ts');
      const { rsaAuthority, root } = lab.pki;
      const args = [program, module_, rsaAuthority.key, rsaAuthority.certificate, root];
      return {
        name: 'sandbox-runtime',
        via: connect,
        injects: true,
        start: () => lab.startProxy('sandbox-runtime', process.execPath, args),
      };
    },
  };
}

async function goproxy(bench: Bench): Promise<PeerProxy> {
  const source = join(__dirname, 'programs', 'goproxy', 'main.go');
  const folder = await installed(`goproxy-${VERSIONS.goproxy}`, async (into) => {
    cpSync(source, join(into, 'main.go'));
    const go = (...args: string[]) =>
      bench.run('go', args, { cwd: into, env: { ...process.env, GOFLAGS: '-buildvcs=false' } });
    await go('mod', 'init', 'bench');
    await go('get', `github.com/elazarl/goproxy@${VERSIONS.goproxy}`);
    await go('build', '-o', 'proxy', '.');
  });
  return {
    proxy: (lab) => {
      const { authority, root } = lab.pki;
      const address = `${PROXY.host}:${PROXY.port}`;
      return {
        name: 'goproxy',
        via: connect,
        injects: true,
        start: () =>
          lab.startProxy(
            'goproxy',
            join(folder, 'proxy'),
            [address, authority.certificate, authority.key, root, CREDENTIAL],
            GO,
          ),
      };
    },
  };
}

/** Its schedule fits the one core it has. */
const GO = { GOMAXPROCS: '1' };

/** It passes bytes on unread: what it costs is a tunnel, without TLS of its own. */
async function smokescreen(): Promise<PeerProxy> {
  const { file, version } = found('smokescreen', 'EGRESS_BENCH_SMOKESCREEN', ['--version']);
  return {
    version,
    proxy: (lab) => {
      const folder = lab.folder('smokescreen');
      const hosts = [HOST, ...STREAM_HOSTS].map((host) => `    - ${host}\n`).join('');
      writeFileSync(
        join(folder, 'acl.yaml'),
        `version: v1\nservices: []\ndefault:\n  project: bench\n  action: enforce\n  allowed_domains:\n${hosts}`,
      );
      writeFileSync(
        join(folder, 'config.yaml'),
        `ip: ${PROXY.host}\nport: ${PROXY.port}\nacl_file: ${join(folder, 'acl.yaml')}\nallow_missing_role: true\n`,
      );
      const args = ['--config-file', join(folder, 'config.yaml')];
      return {
        name: 'smokescreen',
        via: connect,
        injects: false,
        start: () => lab.startProxy('smokescreen', file, args, GO),
      };
    },
  };
}

async function ironProxy(): Promise<PeerProxy> {
  const { file, version } = found('iron-proxy', 'EGRESS_BENCH_IRON_PROXY');
  return {
    version,
    proxy: (lab) => {
      const folder = lab.folder('iron-proxy');
      const { authority, root } = lab.pki;
      const configuration = join(folder, 'proxy.yaml');
      const hosts = [HOST, ...STREAM_HOSTS];
      const list = (indent: string, prefix: string): string =>
        hosts.map((host) => `${indent}- ${prefix}${host}\n`).join('');
      writeFileSync(
        configuration,
        `dns:
  enabled: false
proxy:
  http_listen: "127.0.0.1:3180"
  https_listen: "127.0.0.1:3143"
  tunnel_listen: "${PROXY.host}:${PROXY.port}"
tls:
  mode: mitm
  ca_cert: ${authority.certificate}
  ca_key: ${authority.key}
transforms:
  - name: allowlist
    config:
      domains:
${list('        ', '')}  - name: secrets
    config:
      secrets:
        - source:
            type: env
            var: BENCH_CREDENTIAL
          inject:
            header: Authorization
            formatter: "Bearer {{ .Value }}"
          rules:
${list('            ', 'host: ')}log:
  level: info
`,
      );
      return {
        name: 'iron-proxy',
        via: connect,
        injects: true,
        start: () =>
          lab.startProxy('iron-proxy', file, ['-config', configuration], {
            ...GO,
            SSL_CERT_FILE: root,
            BENCH_CREDENTIAL: CREDENTIAL,
          }),
      };
    },
  };
}

/** An executable that is there already: its own variable names it, or it is on the PATH. */
function found(
  name: string,
  variable: string,
  versionArguments?: readonly string[],
): { file: string; version: string } {
  const named = process.env[variable];
  const file =
    named ??
    (process.env.PATH ?? '')
      .split(':')
      .map((folder) => join(folder, name))
      .find(existsSync);
  if (file === undefined || !existsSync(file)) {
    throw new Error(`no executable: ${named ?? `${name} is not on the PATH`}; install one, or name it in ${variable}`);
  }
  if (versionArguments === undefined) return { file, version: `${file}, which does not say its version` };
  try {
    const said = execFileSync(file, versionArguments, { encoding: 'utf8', stdio: 'pipe', timeout: 10_000 });
    return { file, version: `${said.trim().split('\n')[0]}, ${file}` };
  } catch {
    return { file, version: `${file}, which does not say its version` };
  }
}
