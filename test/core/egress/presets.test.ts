import { matchesHost, parseHostPattern } from '../../../core/egress/host';
import { PRESET_NAMES, PRESETS, type PresetName, type PresetRule } from '../../../core/egress/presets';
import { isPublicSuffixWildcard } from '../../../core/egress/public-suffix';
import { egressRule, isWrite } from '../../../core/egress/rule';

const every = PRESET_NAMES.flatMap((name) =>
  PRESETS[name].map((rule: PresetRule, i): [string, PresetName, PresetRule] => [`${name}[${i}]`, name, rule]),
);

/** Read by this test alone, and by the text of rule.ts: `*` is part of one segment, `/**` the rest. */
function matchesPath(pattern: string, path: string): boolean {
  const rest = pattern.endsWith('/**');
  const head = (rest ? pattern.slice(0, -3) : pattern).replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '[^/]*');
  return new RegExp(`^${head}${rest ? '(/.*)?' : ''}$`).test(path);
}

/** The rules of one preset that would let `METHOD https://host/path?query` through. */
function matching(preset: PresetName, request: string): string[] {
  const [method = '', address = ''] = request.split(' ');
  const url = new URL(address);
  return every.flatMap(([label, name, rule]) => {
    const parsed = parseHostPattern(rule.host);
    const host = parsed.kind === 'ok' && matchesHost(parsed.value, url.hostname);
    const path = rule.paths === undefined || rule.paths.some((pattern) => matchesPath(pattern, url.pathname));
    const query =
      rule.query === undefined ||
      [...url.searchParams].every(([key, value]) =>
        rule.query?.some((q) => q.name === key && (q.values === undefined || q.values.includes(value))),
      );
    const method_ = (rule.methods as readonly string[]).includes(method);
    return name === preset && host && path && query && method_ ? [label] : [];
  });
}

describe('N4 presets name only hosts with one owner', () => {
  it.each(every)('N4 %s', (_, __, rule) => {
    const parsed = parseHostPattern(rule.host);
    expect(parsed.kind).toBe('ok');
    expect(parsed.kind === 'ok' && isPublicSuffixWildcard(parsed.value)).toBe(false);
  });

  it.each(every)('N4 %s says why it is open and is a rule a document takes', (label, _, rule) => {
    const { encodedSlash, ...match } = rule;
    const whole = { ...match, id: 'x', port: 443, limits: { encodedSlash }, origin: { kind: 'preset', name: label } };
    expect(rule.reason.length).toBeGreaterThan(10);
    expect(egressRule.safeParse(JSON.parse(JSON.stringify(whole))).success).toBe(true);
  });
});

describe('N4 with no preset can a session publish', () => {
  it('N4 the only write of all presets is the POST with which git fetches', () => {
    const writes = every.filter(([, , rule]) => isWrite(rule.methods));
    expect(writes.map(([, name, rule]) => [name, rule.host, rule.methods, rule.paths])).toEqual([
      ['github', 'github.com', ['POST'], ['/*/*/git-upload-pack']],
    ]);
  });

  // What each ecosystem's own client sends to publish, at any host of the owner that the preset opens.
  it.each<[string, PresetName, string]>([
    ['npm publish', 'npm', 'PUT https://anything.npmjs.org/left-pad'],
    ['npm publish of a scoped package', 'npm', 'PUT https://anything.npmjs.org/@acme%2fshop'],
    ['npm unpublish', 'npm', 'DELETE https://anything.npmjs.org/left-pad/-rev/1-abc'],
    ['npm dist-tag', 'npm', 'PUT https://anything.npmjs.org/-/package/left-pad/dist-tags/latest'],
    ['npm login', 'npm', 'PUT https://anything.npmjs.org/-/user/org.couchdb.user:mallory'],
    ['npm audit, which sends the list of packages', 'npm', 'POST https://anything.npmjs.org/-/npm/v1/security/audits'],
    ['twine upload', 'pypi', 'POST https://anything.pypi.org/legacy/'],
    ['twine upload to the index path', 'pypi', 'POST https://anything.pypi.org/simple/'],
    ['the account pages', 'pypi', 'GET https://anything.pypi.org/manage/account/'],
    ['cargo publish', 'crates', 'PUT https://anything.crates.io/api/v1/crates/new'],
    ['cargo yank', 'crates', 'DELETE https://anything.crates.io/api/v1/crates/serde/1.0.0/yank'],
    ['cargo owner', 'crates', 'PUT https://anything.crates.io/api/v1/crates/serde/owners'],
    ['a write to the module proxy', 'go', 'POST https://anything.golang.org/example.com/m/@v/v1.0.0.zip'],
    ['mvn deploy', 'maven', 'PUT https://anything.maven.org/maven2/org/acme/shop/1.0/shop-1.0.jar'],
    [
      'mvn deploy to the other name',
      'maven',
      'PUT https://anything.maven.apache.org/maven2/org/acme/shop/1.0/shop.jar',
    ],
    ['dput', 'debian', 'PUT https://anything.debian.org/pub/UploadQueue/shop_1.0.dsc'],
    ['docker push, start of a layer', 'docker', 'POST https://anything.docker.io/v2/acme/shop/blobs/uploads/'],
    ['docker push, layer', 'docker', 'PATCH https://anything.docker.io/v2/acme/shop/blobs/uploads/1'],
    ['docker push, end of a layer', 'docker', 'PUT https://anything.docker.io/v2/acme/shop/blobs/uploads/1'],
    ['docker push, manifest', 'docker', 'PUT https://anything.docker.io/v2/acme/shop/manifests/latest'],
    ['docker login', 'docker', 'POST https://anything.docker.io/token'],
    ['docker hub API', 'docker', 'POST https://anything.docker.com/v2/users/login'],
    ['git push, references', 'github', 'GET https://github.com/acme/shop.git/info/refs?service=git-receive-pack'],
    [
      'git push behind a second service parameter',
      'github',
      'GET https://github.com/acme/shop.git/info/refs?service=git-upload-pack&service=git-receive-pack',
    ],
    ['git push', 'github', 'POST https://github.com/acme/shop.git/git-receive-pack'],
    [
      'git push under a path that goes on',
      'github',
      'POST https://github.com/acme/shop/git-upload-pack/git-receive-pack',
    ],
    ['a release file', 'github', 'POST https://github.com/acme/shop/releases/download/v1/shop.tgz'],
    ['a gist', 'github', 'POST https://api.github.com/gists'],
    ['reading the API, where searches carry words out', 'github', 'GET https://api.github.com/search/code?q=x'],
    ['an issue made by a link', 'github', 'GET https://github.com/acme/shop/issues/new?title=x'],
  ])('N4 %s', (_, preset, request) => {
    expect(matching(preset, request)).toEqual([]);
  });
});

describe('N4 presets let each client read', () => {
  // Exactly one: a request that two rules of a kind match is refused by the proxy.
  it.each<[string, PresetName, string]>([
    ['git clone, references', 'github', 'GET https://github.com/acme/shop.git/info/refs?service=git-upload-pack'],
    ['git clone, objects', 'github', 'POST https://github.com/acme/shop.git/git-upload-pack'],
    ['an archive', 'github', 'GET https://github.com/acme/shop/archive/refs/tags/v1.tar.gz'],
    ['a release file', 'github', 'GET https://github.com/acme/shop/releases/download/v1/shop.tgz'],
    ['a raw file', 'github', 'GET https://raw.githubusercontent.com/acme/shop/main/README.md'],
    ['npm install, metadata', 'npm', 'GET https://anything.npmjs.org/left-pad'],
    ['npm install, package', 'npm', 'GET https://anything.npmjs.org/left-pad/-/left-pad-1.3.0.tgz'],
    ['pip install, index', 'pypi', 'GET https://anything.pypi.org/simple/requests/'],
    ['pip install, file', 'pypi', 'GET https://anything.pythonhosted.org/packages/aa/bb/requests.whl'],
    ['cargo fetch, index', 'crates', 'GET https://anything.crates.io/se/rd/serde'],
    ['cargo fetch, crate', 'crates', 'GET https://anything.crates.io/crates/serde/1.0.0/download'],
    ['go mod download', 'go', 'GET https://anything.golang.org/example.com/m/@v/list'],
    ['go checksum', 'go', 'GET https://anything.golang.org/lookup/example.com/m@v1.0.0'],
    ['mvn package', 'maven', 'GET https://anything.maven.org/maven2/org/acme/shop/1.0/shop-1.0.pom'],
    [
      "mvn package, the repository's other name",
      'maven',
      'GET https://anything.maven.apache.org/maven2/org/acme/shop/a',
    ],
    ['apt update', 'debian', 'GET https://anything.debian.org/debian/dists/stable/InRelease'],
    ['docker pull, token', 'docker', 'GET https://anything.docker.io/token?service=x&scope=y'],
    ['docker pull, manifest', 'docker', 'HEAD https://anything.docker.io/v2/library/debian/manifests/latest'],
    ['docker pull, layer', 'docker', 'GET https://anything.docker.com/registry-v2/blobs/sha256/aa/data'],
  ])('N4 %s', (_, preset, request) => {
    expect(matching(preset, request)).toHaveLength(1);
  });

  it('N4 %2f in a path is allowed to npm alone, which writes scoped packages so', () => {
    expect(every.filter(([, , rule]) => rule.encodedSlash).map(([, name]) => name)).toEqual(['npm']);
  });
});
