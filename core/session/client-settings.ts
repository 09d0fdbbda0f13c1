import { SERVICE_PORTS, serviceHost } from '../network/services';
import { SESSION_PATHS } from './task-layout';

/** Files that session-init writes for clients, and the launcher reads. */
export const CLIENT_FILES = {
  /** Public roots and the platform's authority, PEM. Most clients read one list and no second, so it has both. */
  authorities: `${SESSION_PATHS.session}/ca.pem`,
  /** The same for Java, whose machines read no PEM. */
  javaAuthorities: `${SESSION_PATHS.session}/ca.jks`,
  /** The variables below, as `export NAME='value'` lines; read by the launcher. */
  environment: `${SESSION_PATHS.session}/environment`,
  maven: `${SESSION_PATHS.session}/maven-settings.xml`,
  wget: `${SESSION_PATHS.session}/wgetrc`,
} as const;

/**
 * Stands where a client refuses to start without a credential. The proxy and the gateway take off whatever an agent
 * brings and add what the profile grants, so it is worth nothing anywhere.
 */
export const NO_CREDENTIAL = 'held-by-the-platform';

export interface ClientSettings {
  readonly variables: Readonly<Record<string, string>>;
  /** Texts by path. */
  readonly files: Readonly<Record<string, string>>;
}

export interface ClientPlace {
  /** DNS zone of the platform's services. */
  readonly zone: string;
  /** The task's own. */
  readonly region: string;
}

/**
 * What makes clients use the proxy and trust its authority. Convenience and no control: an agent may change all of it and
 * gains nothing, since there is no other route and nobody else to talk to.
 */
export function clientSettings({ zone, region }: ClientPlace): ClientSettings {
  const host = serviceHost('egressProxy', zone);
  const port = SERVICE_PORTS.egressProxy;
  const proxy = `http://${host}:${port}`;
  const direct = `.${zone},localhost,127.0.0.1,::1,169.254.170.2`;
  const ca = CLIENT_FILES.authorities;
  return {
    variables: {
      // Every client looks at one spelling or the other; curl reads http_proxy in lower case only.
      HTTPS_PROXY: proxy,
      https_proxy: proxy,
      HTTP_PROXY: proxy,
      http_proxy: proxy,
      NO_PROXY: direct,
      no_proxy: direct,
      // OpenSSL and with it Python's ssl, httpx, Ruby, PHP, .NET; Go; Rust's native roots; gh; uv.
      SSL_CERT_FILE: ca,
      CURL_CA_BUNDLE: ca,
      REQUESTS_CA_BUNDLE: ca,
      DENO_CERT: ca,
      WGETRC: CLIENT_FILES.wget,
      ...git(ca),
      ...node(ca, proxy),
      PIP_CERT: ca,
      PIP_DISABLE_PIP_VERSION_CHECK: '1',
      PIP_NO_INPUT: '1',
      CARGO_HTTP_CAINFO: ca,
      CARGO_NET_GIT_FETCH_WITH_CLI: 'true',
      JAVA_TOOL_OPTIONS: javaOptions(host, port, zone),
      MAVEN_ARGS: `--global-settings ${CLIENT_FILES.maven}`,
      ...aws(ca, region),
      GH_TOKEN: NO_CREDENTIAL,
      GH_PROMPT_DISABLED: '1',
      GH_NO_UPDATE_NOTIFIER: '1',
      ...claudeCode(zone),
    },
    files: {
      [CLIENT_FILES.maven]: mavenSettings(host, port),
      [CLIENT_FILES.wget]: `ca_certificate = ${ca}\n`,
    },
  };
}

function git(ca: string): Record<string, string> {
  const settings: readonly (readonly [string, string])[] = [
    // No ssh leaves a session. These are the two spellings in which clones and submodules are written.
    ['url.https://github.com/.insteadOf', 'git@github.com:'],
    ['url.https://github.com/.insteadOf', 'ssh://git@github.com/'],
  ];
  return {
    GIT_SSL_CAINFO: ca,
    // A prompt would wait for somebody who is not there.
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], i) => [
        [`GIT_CONFIG_KEY_${i}`, key],
        [`GIT_CONFIG_VALUE_${i}`, value],
      ]),
    ),
  };
}

function node(ca: string, proxy: string): Record<string, string> {
  return {
    NODE_EXTRA_CA_CERTS: ca,
    // Node's own fetch ignores proxy variables without it (from 22.21 and 24.0 on).
    NODE_USE_ENV_PROXY: '1',
    npm_config_cafile: ca,
    // Requests that no preset allows, and whose failure looks like that of an installation.
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
    YARN_HTTPS_PROXY: proxy,
    YARN_HTTPS_CA_FILE_PATH: ca,
  };
}

function javaOptions(host: string, port: number, zone: string): string {
  return [
    `-Dhttps.proxyHost=${host}`,
    `-Dhttps.proxyPort=${port}`,
    `-Dhttp.proxyHost=${host}`,
    `-Dhttp.proxyPort=${port}`,
    `-Dhttp.nonProxyHosts=*.${zone}|localhost|127.*|169.254.170.2`,
    `-Djavax.net.ssl.trustStore=${CLIENT_FILES.javaAuthorities}`,
    '-Djavax.net.ssl.trustStoreType=JKS',
  ].join(' ');
}

function aws(ca: string, region: string): Record<string, string> {
  return {
    AWS_CA_BUNDLE: ca,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    // The CLI signs or does not start; the proxy signs anew for whoever has a grant.
    AWS_ACCESS_KEY_ID: NO_CREDENTIAL,
    AWS_SECRET_ACCESS_KEY: NO_CREDENTIAL,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

function claudeCode(zone: string): Record<string, string> {
  return {
    ANTHROPIC_BASE_URL: `https://${serviceHost('modelGateway', zone)}`,
    ANTHROPIC_AUTH_TOKEN: NO_CREDENTIAL,
    // Telemetry, error reports and updates go to hosts that no profile has.
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
  };
}

/** Maven reads neither variables nor Java's properties for its own downloads. */
function mavenSettings(host: string, port: number): string {
  const proxy = (protocol: string): string =>
    `<proxy><id>${protocol}</id><active>true</active><protocol>${protocol}</protocol>` +
    `<host>${host}</host><port>${port}</port></proxy>`;
  return `<settings><proxies>${proxy('http')}${proxy('https')}</proxies></settings>\n`;
}

/** As a POSIX shell reads them. */
export function shellExports(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'\n`)
    .join('');
}
