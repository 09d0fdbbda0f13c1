import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLIENT_FILES, clientSettings, NO_CREDENTIAL, shellExports } from '../../../core/session/client-settings';
import { certificatesOf, javaTrustStore } from '../../../core/session/client-settings-jks';
import { PROXY } from '../egress/lab/addresses';
import { EgressLab, type Ran } from '../egress/lab/egress-lab';
import type { ProxyProcess } from '../egress/lab/proxy-process';

/**
 * What session-init writes for clients, read by the launcher's way (a shell that takes the environment file in), and used
 * by the clients themselves: each goes through the proxy and trusts the certificate made there, with no other setting.
 */
let lab: EgressLab;
let proxy: ProxyProcess;
let session: string;

beforeAll(async () => {
  lab = await EgressLab.start();
  proxy = await lab.startProxy();
  session = join(lab.folder, 'session');
  mkdirSync(session);
  const { variables, files } = clientSettings({ zone: 'agents.internal', region: 'eu-west-1' });
  const authority = lab.authority;
  const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest();
  const all: Record<string, string | Uint8Array> = {
    ...files,
    [CLIENT_FILES.authorities]: authority,
    [CLIENT_FILES.javaAuthorities]: javaTrustStore(certificatesOf(authority), sha1),
    [CLIENT_FILES.environment]: shellExports(variables),
  };
  // The one thing that is not as in a session: there is no /session on this machine.
  const here = (text: string): string => text.replaceAll('/session/', `${session}/`);
  for (const [path, content] of Object.entries(all)) {
    writeFileSync(here(path), typeof content === 'string' ? here(content) : content);
  }
  const etc = join('/etc/netns', lab.namespace, 'hosts');
  writeFileSync(etc, `127.0.0.1 localhost\n${PROXY} egress.agents.internal\n`);
});
afterAll(() => lab?.close());
afterEach(async () => {
  expect(await lab.leaks()).toEqual([]);
});

let folders = 0;
/** In a home of its own, with nothing in the environment but what the launcher makes of the file. */
async function run(script: string): Promise<Ran & { readonly hosts: string[] }> {
  const home = join(lab.folder, `home-${folders++}`);
  mkdirSync(home);
  const before = proxy.requests().length;
  const ran = await lab.run('sh', ['-c', `. ${session}/environment; ${script}`], {
    // Tools of this machine that are behind shims of a version manager find their versions in the real home.
    env: {
      HOME: home,
      PYENV_ROOT: join(process.env.HOME ?? '', '.pyenv'),
      RUSTUP_HOME: join(process.env.HOME ?? '', '.rustup'),
    },
    cwd: home,
    milliseconds: 90_000,
  });
  return {
    ...ran,
    hosts: proxy
      .requests()
      .slice(before)
      .map(({ detail }) => detail.host),
  };
}

const REQUEST = 'https://up.test/x';

const CLIENTS: readonly (readonly [string, string, string, string])[] = [
  ['curl', `curl -sS --max-time 20 ${REQUEST}`, '"url":"/x"', 'up.test'],
  ['curl without TLS', 'curl -sS --max-time 20 http://plain.test/x', '"url":"/x"', 'plain.test'],
  ['wget', `wget -q -t 1 -T 20 -O - ${REQUEST}`, '"url":"/x"', 'up.test'],
  ['git', 'git clone -q https://github.com/lab/repository c && cat c/README', 'from the lab', 'github.com'],
  ['git by an ssh URL', 'git clone -q git@github.com:lab/repository c && cat c/README', 'from the lab', 'github.com'],
  [
    'npm',
    'npm install --registry https://anything.npmjs.org/ lab-package @lab/scoped',
    'added 2 packages',
    'anything.npmjs.org',
  ],
  [
    'pip',
    'python3 -m pip download --no-cache-dir --no-deps lab-package --index-url https://anything.pypi.org/simple',
    'Successfully downloaded lab-package',
    'anything.pypi.org',
  ],
  [
    'requests',
    `python3 -c "from pip._vendor import requests; print(requests.get('${REQUEST}').text)"`,
    '"url":"/x"',
    'up.test',
  ],
  [
    "Python's own",
    `python3 -c "import urllib.request as u; print(u.urlopen('${REQUEST}').read().decode())"`,
    '"url":"/x"',
    'up.test',
  ],
  [
    "Node's fetch",
    `${process.execPath} -e "fetch('${REQUEST}').then((r) => r.text()).then(console.log)"`,
    '"url":"/x"',
    'up.test',
  ],
  ['gh', 'gh api repos/lab/repository', 'lab/repository', 'api.github.com'],
];

describe('N9 with what session-init writes, and nothing else', () => {
  it.each(CLIENTS)('N9 %s goes through the proxy', async (_, script, shows, host) => {
    const ran = await run(script);
    expect(ran.output).toContain(shows);
    expect(ran.status).toBe(0);
    expect(ran.hosts).toContain(host);
  });

  it('N9 Go does', async () => {
    const program = `package main
import ("fmt"; "io"; "net/http"; "os")
func main() { r, e := http.Get(os.Args[1]); if e != nil { panic(e) }; b, _ := io.ReadAll(r.Body); fmt.Println(string(b)) }`;
    const file = join(lab.folder, 'main.go');
    writeFileSync(file, program);
    const ran = await run(`GOCACHE=${join(process.env.HOME ?? '', '.cache/go-build')} go run ${file} ${REQUEST}`);
    expect(ran.output).toContain('"url":"/x"');
    expect(ran.hosts).toEqual(['up.test']);
  });

  it('N9 Java does, with both of its clients', async () => {
    const program = `import java.net.*; import java.net.http.*; import java.nio.charset.StandardCharsets;
public class Ask { public static void main(String[] a) throws Exception {
  System.out.println("one " + new String(new URL(a[0]).openStream().readAllBytes(), StandardCharsets.UTF_8));
  System.out.println("two " + HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create(a[0])).build(), HttpResponse.BodyHandlers.ofString()).body());
} }`;
    const file = join(lab.folder, 'Ask.java');
    writeFileSync(file, program);
    const ran = await run(`java ${file} ${REQUEST}`);
    expect(ran.output).toMatch(/one .*"url":"\/x"/);
    expect(ran.output).toMatch(/two .*"url":"\/x"/);
  });

  it('N9 Java’s own tool reads the trust store, with and without its password', async () => {
    const store = join(session, 'ca.jks');
    const list = await run(`keytool -list -keystore ${store} -storepass changeit -storetype JKS`);
    expect(list.output).toContain('trustedCertEntry');
    expect((await run(`keytool -list -keystore ${store} -storepass another1 -storetype JKS`)).output).toContain(
      'password was incorrect',
    );
  });

  it('N9 cargo does', async () => {
    const ran = await run(
      'mkdir -p c/src && cd c && : > src/lib.rs && printf \'[package]\\nname = "c"\\nversion = "0.1.0"\\n[dependencies]\\nx = { git = "https://github.com/lab/repository" }\\n\' > Cargo.toml && CARGO_HOME=$HOME/.cargo cargo fetch; CARGO_HOME=$HOME/.cargo CARGO_NET_RETRY=0 cargo search --registry crates-io x',
    );
    // By git's own command, and by cargo's own client to a host that the profile closes.
    expect(ran.hosts).toContain('github.com');
    expect(ran.output).toContain('host-not-allowed');
  });

  it('N9 aws signs with keys that are none, and is refused by the policy and not by itself', async () => {
    const ran = await run('aws --cli-connect-timeout 5 --cli-read-timeout 10 sts get-caller-identity');
    expect(ran.hosts).toContain('sts.eu-west-1.amazonaws.com');
    expect(ran.status).not.toBe(0);
    expect(ran.output).not.toMatch(/Unable to locate credentials|SSL|certificate/);
  });

  it('N9 maven’s settings are well formed, and read', async () => {
    const ran = await run(
      `mvn -q -v; mvn --global-settings ${session}/maven-settings.xml -B org.apache.maven.plugins:maven-help-plugin:3.4.0:effective-settings`,
    );
    expect(ran.output).not.toContain('Error parsing');
    expect(ran.hosts).toContain('repo.maven.apache.org');
  });

  it('S4 holds no credential: what stands where one is asked for is the same everywhere', () => {
    const environment = readFileSync(join(session, 'environment'), 'utf8');
    const named = [...environment.matchAll(/^export (\w*(?:TOKEN|KEY|SECRET|PASSWORD)\w*)='(.*)'$/gm)]
      .filter(([, name]) => !name?.startsWith('GIT_CONFIG_KEY_'))
      .map(([, name, value]) => [name, value]);
    expect(Object.fromEntries(named)).toEqual({
      ANTHROPIC_AUTH_TOKEN: NO_CREDENTIAL,
      AWS_ACCESS_KEY_ID: NO_CREDENTIAL,
      AWS_SECRET_ACCESS_KEY: NO_CREDENTIAL,
      GH_TOKEN: NO_CREDENTIAL,
    });
  });
});
