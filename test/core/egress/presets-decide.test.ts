import { decide } from '../../../core/egress/decide';
import { type CompiledPolicy, compilePolicy } from '../../../core/egress/match';
import { normaliseRequest } from '../../../core/egress/normalise';
import { PRESET_NAMES, type PresetName } from '../../../core/egress/presets';
import { compileProfile } from '../../../core/profile/compile';

function policyOf(presets: readonly PresetName[]): CompiledPolicy {
  const result = compileProfile({
    name: 'coding',
    image: 'image@sha256:0',
    blocked: [],
    config: {
      image: { build: '.' },
      size: { cpu: 1, memory: 4096, storage: 21 },
      lifetime: 3600,
      idleTimeout: 900,
      egress: { presets, rules: [], requestable: [], blocked: [] },
      grants: {},
      models: { allow: [], budget: 0 },
    },
  });
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.problems));
  return compilePolicy(result.document);
}

/** What becomes of `METHOD https://host/target`, sent through a tunnel, from the wire to the verdict. */
function verdict(policy: CompiledPolicy, request: string): string {
  const [, method = '', host = '', target = ''] = /^(\S+) https:\/\/([^/]+)(\/\S*)$/.exec(request) ?? [];
  const normal = normaliseRequest({
    way: 'connect',
    method,
    target,
    httpVersion: '1.1',
    rawHeaders: ['Host', host, ...(method === 'GET' || method === 'HEAD' ? [] : ['Content-Length', '1'])],
    tunnel: { host, port: 443, serverName: host },
  });
  if (normal.kind === 'refused') return normal.code;
  const decision = decide(policy, { opened: [] }, normal.request);
  if (decision.kind === 'deny') return decision.code;
  return decision.kind === 'allow' && decision.grant === undefined ? 'allow' : decision.kind;
}

describe('N4 package presets, from the wire to the verdict', () => {
  const all = policyOf(PRESET_NAMES);

  // With every preset on at once: none opens for another what its own client publishes with.
  it.each([
    'PUT https://anything.npmjs.org/left-pad',
    'PUT https://anything.npmjs.org/@acme%2fshop',
    'PUT https://anything.npmjs.org/-/package/left-pad/dist-tags/latest',
    'DELETE https://anything.npmjs.org/left-pad/-rev/1-abc',
    'PUT https://anything.npmjs.org/-/user/org.couchdb.user:mallory',
    'POST https://anything.npmjs.org/-/v1/login',
    'POST https://anything.pypi.org/legacy/',
    'POST https://anything.pythonhosted.org/packages/x',
    'PUT https://crates.io/api/v1/crates/new',
    'DELETE https://crates.io/api/v1/crates/serde/1.0.0/yank',
    'POST https://anything.golang.org/example.com/m/@v/v1.0.0.zip',
    'PUT https://anything.maven.apache.org/maven2/org/acme/shop/1.0/shop-1.0.jar',
    'PUT https://anything.debian.org/pub/UploadQueue/shop_1.0.dsc',
    'POST https://anything.docker.io/v2/acme/shop/blobs/uploads/',
    'PUT https://anything.docker.io/v2/acme/shop/manifests/latest',
    'GET https://github.com/acme/shop.git/info/refs?service=git-receive-pack',
    'POST https://github.com/acme/shop.git/git-receive-pack',
    'POST https://github.com/acme/shop/releases/download/v1/shop.tgz',
  ])('N4 nothing is published: %s', (request) => {
    expect(verdict(all, request)).toBe('no-rule');
  });

  it.each<[string, PresetName, string]>([
    ['npm', 'npm', 'GET https://anything.npmjs.org/@babel%2fcore'],
    ['npm', 'npm', 'GET https://anything.npmjs.org/left-pad/-/left-pad-1.3.0.tgz'],
    ['pip', 'pypi', 'GET https://anything.pypi.org/simple/requests/'],
    [
      'pip',
      'pypi',
      `GET https://anything.pythonhosted.org/packages/aa/bb/${'0a'.repeat(30)}/requests-2.0-py3-none-any.whl`,
    ],
    ['cargo', 'crates', 'GET https://anything.crates.io/se/rd/serde'],
    ['cargo', 'crates', 'GET https://anything.crates.io/crates/serde/1.0.0/download'],
    ['go', 'go', 'GET https://anything.golang.org/github.com/!azure/azure-sdk-for-go/@v/v68.0.0+incompatible.zip'],
    ['go', 'go', 'GET https://anything.golang.org/lookup/example.com/m@v1.0.0'],
    ['maven', 'maven', 'GET https://anything.maven.apache.org/maven2/org/acme/shop/1.0/shop-1.0.pom'],
    ['docker', 'docker', 'GET https://anything.docker.io/token?service=x&scope=repository%3Aa%2Fb%3Apull'],
    ['docker', 'docker', 'HEAD https://anything.docker.io/v2/library/debian/manifests/latest'],
  ])('N4 %s reads with its preset alone, and with all', (_, preset, request) => {
    expect(verdict(policyOf([preset]), request)).toBe('allow');
    expect(verdict(all, request)).toBe('allow');
  });
});

describe('N4 a dependency that is no package of the registry follows the same rules', () => {
  const registries = policyOf(['npm', 'pypi', 'crates', 'go', 'maven']);
  const withGithub = policyOf(['npm', 'pypi', 'crates', 'go', 'maven', 'github']);

  it.each([
    ['a tarball by URL', 'GET https://packages.example.com/shop-1.0.0.tgz'],
    ['a tarball at a look-alike of the registry', 'GET https://anything.npmjs.org.example.com/x.tgz'],
    ['a wheel by URL', 'GET https://example.com/shop-1.0-py3-none-any.whl'],
    ['git at another host', 'GET https://gitlab.com/acme/shop.git/info/refs?service=git-upload-pack'],
    ['Go past its proxy', 'GET https://example.com/m?go-get=1'],
    ['a gist', 'GET https://gist.github.com/mallory/0123456789abcdef.git/info/refs?service=git-upload-pack'],
    ['a page of somebody', 'GET https://mallory.github.io/shop.tgz'],
  ])('N4 refused with every preset: %s', (_, request) => {
    expect(verdict(registries, request)).toBe('host-not-allowed');
    expect(verdict(withGithub, request)).toBe('host-not-allowed');
  });

  it.each([
    [
      'git+https of npm, pip and cargo: references',
      'GET https://github.com/acme/shop.git/info/refs?service=git-upload-pack',
    ],
    ['git+https of npm, pip and cargo: objects', 'POST https://github.com/acme/shop.git/git-upload-pack'],
    ['the archive that npm takes for github:acme/shop', 'GET https://codeload.github.com/acme/shop/tar.gz/0123abc'],
    ['an archive by URL', 'GET https://github.com/acme/shop/archive/refs/tags/v1.tar.gz'],
    ['a release file by URL', 'GET https://github.com/acme/shop/releases/download/v1/shop.tgz'],
    [
      'what a release file redirects to',
      'GET https://release-assets.githubusercontent.com/github-production-release-asset/1/x?sp=r&sv=2018-11-09&sr=b&sig=abc%3D&jwt=e30.e30.x',
    ],
  ])('N4 needs the preset of GitHub: %s', (_, request) => {
    expect(verdict(registries, request)).toBe('host-not-allowed');
    expect(verdict(withGithub, request)).toBe('allow');
  });

  it.each([
    ['Go past its proxy', 'GET https://github.com/acme/shop?go-get=1'],
    ['git by the old protocol, file by file', 'GET https://github.com/acme/shop.git/objects/info/packs'],
    ['a push by way of an install script', 'POST https://github.com/acme/shop.git/git-receive-pack'],
    ['a file with a query of its own', 'GET https://github.com/acme/shop.git/info/refs?service=git-upload-pack&x=leak'],
  ])('N4 and not everything there: %s', (_, request) => {
    expect(verdict(withGithub, request)).toBe('no-rule');
  });

  it('N4 an escaped slash is for npm alone', () => {
    expect(verdict(withGithub, 'GET https://anything.npmjs.org/@acme%2Fshop')).toBe('allow');
    expect(verdict(withGithub, 'GET https://anything.pypi.org/simple/a%2Fb/')).toBe('no-rule');
  });
});
