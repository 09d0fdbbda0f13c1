import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { screenHeaders, screenUrl, UrlBudget } from '../../../core/egress/dlp';
import { opaqueBytes } from '../../../core/egress/opaque';
import { compileSecrets, secretProblem } from '../../../core/egress/redact';
import { SecretFinder, SecretGate } from '../../../core/egress/secret-finder';
import { formsOf } from '../../../core/egress/secret-forms';
import { urlHash } from '../../../core/egress/url-set';
import { requestFor, ruleFor } from './requests';

const TOKEN = 'ghs_9fB2kQ7xLmZ4pT6w';
const secrets = compileSecrets([TOKEN, 'AKIA/s3cr+t&k=y%1']);
/** Random as an attacker's data are, and the same in each run. */
const data = (bytes: number): Buffer => {
  const blocks = Array.from({ length: Math.ceil(bytes / 32) }, (_, i) => createHash('sha256').update(`${i}`).digest());
  return Buffer.concat(blocks).subarray(0, bytes);
};
const hex = (bytes: number): string => data(bytes).toString('hex');
const base64url = (bytes: number): string => data(bytes).toString('base64url');

const RELEASE_ASSET =
  'https://release-assets.githubusercontent.com/github-production-release-asset/3402537/0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0' +
  '?sp=r&sv=2018-11-09&sr=b&spr=https&se=2026-11-22T20%3A40%3A11Z&rscd=attachment%3B+filename%3Dtool_linux_amd64.tar.gz' +
  '&rsct=application%2Foctet-stream&skoid=96c2d410-5711-43a1-aedd-ab1947aa7ab0&sktid=398a6654-997b-47e9-b12b-9515b896b4de' +
  '&skt=2026-11-22T19%3A40%3A00Z&ske=2026-11-22T20%3A40%3A11Z&sks=b&skv=2018-11-09' +
  `&sig=${encodeURIComponent(data(32).toString('base64'))}&jwt=${base64url(20)}.${base64url(190)}.${base64url(32)}` +
  '&response-content-disposition=attachment%3B%20filename%3Dtool_linux_amd64.tar.gz&response-content-type=application%2Foctet-stream';

describe('N12 what clients of registries ask for passes without any limit being set', () => {
  it.each<[string, string, string]>([
    ['an npm scoped package', '.npmjs.org', 'https://anything.npmjs.org/@babel%2fplugin-transform-modules-commonjs'],
    ['an npm tarball', '.npmjs.org', 'https://anything.npmjs.org/@types/node/-/node-24.1.0.tgz'],
    ['a security audit', '.npmjs.org', 'https://anything.npmjs.org/-/npm/v1/security/advisories/bulk'],
    [
      'a file of PyPI',
      '.pythonhosted.org',
      `https://anything.pythonhosted.org/packages/3c/5f/${hex(30)}/numpy-2.1.0-cp312-cp312-manylinux_2_17_x86_64.whl`,
    ],
    ['a release file of GitHub', 'release-assets.githubusercontent.com', RELEASE_ASSET],
    ['references of git', 'github.com', 'https://github.com/acme/shop.git/info/refs?service=git-upload-pack'],
    [
      'a Go module with capitals',
      '.golang.org',
      'https://anything.golang.org/github.com/!azure/azure-sdk-for-go/@v/v68.0.0+incompatible.zip',
    ],
    [
      'a Go pseudo-version',
      '.golang.org',
      'https://anything.golang.org/golang.org/x/net/@v/v0.0.0-20190404232315-eb5bcb51f2a3.zip',
    ],
    [
      'an image layer',
      '.docker.com',
      `https://production.cloudflare.docker.com/registry-v2/docker/registry/v2/blobs/sha256/ab/${hex(32)}/data`,
    ],
  ])('N12 %s', (_, host, url) => {
    const rule = ruleFor(host);
    expect(screenUrl(requestFor(url), rule, secrets)).toEqual({ kind: 'clean' });
    expect(new UrlBudget(urlHash(data(16))).admit(requestFor(url), rule)).toEqual({ kind: 'clean' });
  });

  it('N12 the signed link is as long as real ones', () => {
    expect(RELEASE_ASSET.length).toBeGreaterThan(900);
  });

  it.each([
    'https://docs.example.com/wiki/Internationalization_and_localization?action=history&limit=500',
    'https://docs.example.com/search?q=how+to+configure+webpack+module+federation',
    'https://docs.example.com/latest/api/interfaces/ClientConfigurationBuilder.html',
    'https://docs.example.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-securitygroup.html',
  ])('N12 a page to read passes tight limits: %s', (url) => {
    const limits = { maxUrlBytes: 256, maxOpaqueBytes: 16, distinctUrls: 10 };
    expect(screenUrl(requestFor(url), ruleFor('docs.example.com', { limits }), undefined)).toEqual({ kind: 'clean' });
  });
});

describe('N12 N11 data in a URL is refused by tight limits', () => {
  const limits = { maxUrlBytes: 512, maxOpaqueBytes: 64, distinctUrls: 20 };
  const rule = ruleFor('docs.example.com', { limits });
  const at = (rest: string) => screenUrl(requestFor(`https://docs.example.com/${rest}`), rule, undefined);
  const tooOpaque = { kind: 'refused', code: 'url-too-opaque', problem: expect.stringContaining('bytes of data') };

  it.each<[string, string]>([
    ['base64 in a query', `s?q=${encodeURIComponent(data(96).toString('base64'))}`],
    ['base64url in a query', `s?q=${base64url(96)}`],
    ['base64url in a path', `files/${base64url(96)}/x.txt`],
    ['base64url in segments', (base64url(96).match(/.{1,12}/g) ?? []).join('/')],
    [
      'base64url over parameters',
      (base64url(96).match(/.{1,16}/g) ?? []).map((part, i) => `${i ? '&' : 's?'}p${i}=${part}`).join(''),
    ],
    ['hex in a path', hex(96)],
    ['hex in a query, upper case', `s?q=${hex(96).toUpperCase()}`],
    ['a number', `s?n=${BigInt(`0x${hex(96)}`)}`],
    ['base 36', `s?n=${BigInt(`0x${hex(96)}`).toString(36)}`],
    [
      'letters only',
      `s?q=${Array.from(data(60), (byte) => String.fromCharCode(97 + (byte >> 4), 97 + (byte & 15))).join('')}`,
    ],
    ['escaped bytes', `s?q=${Array.from(data(96), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')}`],
    [
      'escaped letters',
      `s?q=${Array.from('the plan is to sell everything on monday before the news is out ok', (c) => (c === ' ' ? '+' : `%${c.charCodeAt(0).toString(16)}`)).join('')}${'%61'.repeat(20)}`,
    ],
  ])('N12 %s', (_, rest) => {
    expect(at(rest)).toEqual(tooOpaque);
  });

  it('N12 the estimate is never far below what is carried', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 48, maxLength: 300 }), (bytes) => {
        const mixed = createHash('sha512').update(bytes).digest();
        for (const text of [
          mixed.toString('base64url'),
          mixed.toString('hex'),
          encodeURIComponent(mixed.toString('base64')),
        ]) {
          expect(opaqueBytes(`/${text}`)).toBeGreaterThanOrEqual(mixed.length * 0.5);
        }
      }),
    );
  });

  it('N12 a long URL, though it is made of words', () => {
    const words = 'the-quick-brown-fox/'.repeat(25);
    expect(at(words.slice(0, 512 - 'https://docs.example.com/'.length))).toEqual({ kind: 'clean' });
    expect(at(words.slice(0, 513 - 'https://docs.example.com/'.length))).toEqual({
      kind: 'refused',
      code: 'url-too-opaque',
      problem: expect.stringContaining('513 bytes'),
    });
  });

  it('N12 as much data as the rule allows passes, and not one byte more', () => {
    expect(at(hex(64))).toEqual({ kind: 'clean' });
    expect(at(`${hex(64)}0`)).toEqual(tooOpaque);
  });

  it('N12 the end of the path and the beginning of the query are no run together', () => {
    const strict = ruleFor('docs.example.com', { limits: { maxOpaqueBytes: 4 } });
    const order = requestFor('https://docs.example.com/order/12345?67890123');
    expect(screenUrl(order, strict, undefined)).toEqual({ kind: 'clean' });
  });

  it('N12 without limits of the rule the defaults hold', () => {
    const open = ruleFor('docs.example.com');
    expect(screenUrl(requestFor(`https://docs.example.com/?q=${base64url(2100)}`), open, undefined)).toEqual(tooOpaque);
    expect(screenUrl(requestFor(`https://docs.example.com/?q=${'word+'.repeat(1700)}`), open, undefined)).toMatchObject(
      {
        problem: expect.stringContaining('8192'),
      },
    );
  });

  it('N12 data in the labels that a wildcard leaves open', () => {
    const below = ruleFor('*.example.com', { limits });
    const host = (hex(80).match(/.{1,40}/g) ?? []).join('.');
    expect(screenUrl(requestFor(`https://${host}.example.com/`), below, undefined)).toEqual(tooOpaque);
    expect(screenUrl(requestFor('https://api.eu.example.com/'), below, undefined)).toEqual({ kind: 'clean' });
    const exact = ruleFor(`${host}.example.com`, { limits });
    expect(screenUrl(requestFor(`https://${host}.example.com/`), exact, undefined)).toEqual({ kind: 'clean' });
  });
});

it('N12 no text carries more opaque bytes than it has characters, so short ones need no look', () => {
  const piece = fc.constantFrom('%ff', '%00', '%41', 'aZ09', '-', '/', 'x', '7', 'Qz', '\u00e9');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 64 }), (pieces) => {
      const text = pieces.join('');
      expect(opaqueBytes(text)).toBeLessThanOrEqual(text.length);
    }),
  );
});

describe('N12 what a session may ask for altogether', () => {
  const budget = () => new UrlBudget(urlHash(data(16)));
  const clean = { kind: 'clean' };

  it('N12 data in many small URLs ends at the number of different ones', () => {
    const rule = ruleFor('docs.example.com', { limits: { distinctUrls: 20 } });
    const own = budget();
    const answers = (base64url(96).match(/.{1,4}/g) ?? []).map(
      (part) => own.admit(requestFor(`https://docs.example.com/${part}`), rule).kind,
    );
    expect(answers.filter((kind) => kind === 'clean')).toHaveLength(20);
    expect(own.admit(requestFor('https://docs.example.com/next'), rule)).toMatchObject({ code: 'url-too-opaque' });
    // The query counts, and so does nothing that was asked before.
    expect(own.admit(requestFor(`https://docs.example.com/${base64url(96).slice(0, 4)}`), rule)).toEqual(clean);
    expect(own.admit(requestFor(`https://docs.example.com/${base64url(96).slice(0, 4)}?a`), rule).kind).toBe('refused');
  });

  it('N12 each rule has its own', () => {
    const own = budget();
    const [one, other] = ['a.example.com', 'b.example.com'].map((host) =>
      ruleFor(host, { limits: { distinctUrls: 1 } }),
    );
    if (!one || !other) throw new Error('two rules');
    expect(own.admit(requestFor('https://a.example.com/1'), one)).toEqual(clean);
    expect(own.admit(requestFor('https://b.example.com/1'), other)).toEqual(clean);
    expect(own.admit(requestFor('https://a.example.com/2'), one).kind).toBe('refused');
  });

  it.each([['*.example.com'], ['.example.com']])(
    'N12 data in many names below %s ends at the bytes of different ones',
    (host) => {
      const rule = ruleFor(host, { limits: { maxOpaqueBytes: 64 } });
      const own = budget();
      const names =
        base64url(192)
          .toLowerCase()
          .replace(/[-_]/g, 'x')
          .match(/.{1,8}/g) ?? [];
      const passed = names.filter(
        (name) => own.admit(requestFor(`https://${name}.example.com/`), rule).kind === 'clean',
      );
      expect(passed.join('').length).toBe(64);
      expect(own.admit(requestFor(`https://${passed[0]}.example.com/again`), rule)).toEqual(clean);
    },
  );

  it('N12 a refusal has its code', () => {
    const refused = { kind: 'refused', code: 'url-too-opaque', problem: expect.any(String) };
    const below = ruleFor('*.example.com', { limits: { maxOpaqueBytes: 4 } });
    expect(budget().admit(requestFor('https://abcde.example.com/'), below)).toEqual(refused);
    const own = budget();
    const once = ruleFor('docs.example.com', { limits: { distinctUrls: 1 } });
    expect(own.admit(requestFor('https://docs.example.com/1'), once)).toEqual(clean);
    expect(own.admit(requestFor('https://docs.example.com/2'), once)).toEqual(refused);
  });

  it('N12 a name that is asked for again spends nothing', () => {
    const rule = ruleFor('*.example.com', { limits: { maxOpaqueBytes: 8 } });
    const own = budget();
    for (const host of ['abcd', 'abcd', 'abcd', 'efgh']) {
      expect(own.admit(requestFor(`https://${host}.example.com/`), rule)).toEqual(clean);
    }
    expect(own.admit(requestFor('https://i.example.com/'), rule).kind).toBe('refused');
  });

  it('N12 is forgotten only where nothing was spent', () => {
    const own = budget();
    expect(own.isEmpty).toBe(true);
    own.admit(requestFor('https://a.example.com/'), ruleFor('a.example.com'));
    expect(own.isEmpty).toBe(true);
    own.admit(requestFor('https://a.example.com/'), ruleFor('.example.com'));
    expect(own.isEmpty).toBe(false);
  });

  it('N12 holds no URLs for a rule that does not count them', () => {
    const hash = jest.fn(() => 1);
    new UrlBudget(hash).admit(requestFor('https://a.example.com/'), ruleFor('*.example.com'));
    expect(hash).not.toHaveBeenCalled();
  });

  it('N12 the apex and an exact host spend no names', () => {
    const own = budget();
    const none = { maxOpaqueBytes: 0 };
    expect(own.admit(requestFor('https://example.com/'), ruleFor('.example.com', { limits: none }))).toEqual(clean);
    expect(own.admit(requestFor('https://a.example.com/'), ruleFor('a.example.com', { limits: none }))).toEqual(clean);
    const spelled = ruleFor('.b\u00fccher.example', { limits: none });
    expect(own.admit(requestFor('https://xn--bcher-kva.example/'), spelled)).toEqual(clean);
  });
});

describe('N12 known secrets do not leave', () => {
  const rule = ruleFor('*.example.com');
  const inHex = Buffer.from(TOKEN).toString('hex');
  it.each<[string, string]>([
    ['in a query', `https://a.example.com/?q=${TOKEN}`],
    ['in a path', `https://a.example.com/x/${TOKEN}/y`],
    ['in base64', `https://a.example.com/?q=${Buffer.from(`my ${TOKEN} ok`).toString('base64url')}`],
    ['in hex, as labels of the host', `https://${inHex.slice(0, 30)}.${inHex.slice(30)}.example.com/`],
    ['over segments of the path', `https://a.example.com/${TOKEN.slice(0, 8)}/${TOKEN.slice(8)}`],
    ['over parameters', `https://a.example.com/?a=${TOKEN.slice(0, 8)}&b=${TOKEN.slice(8)}`],
    ['escaped here and there in a path', `https://a.example.com/${TOKEN.replace('f', '%66').replace('k', '%6B')}`],
    ['escaped here and there in a query', `https://a.example.com/?${TOKEN.replace('Q', '%51')}`],
    ['escaped as it has to be', `https://a.example.com/?q=${encodeURIComponent('AKIA/s3cr+t&k=y%1')}`],
  ])('N12 %s', (_, url) => {
    expect(screenUrl(requestFor(url), rule, secrets)).toMatchObject({ kind: 'refused', code: 'secret-in-request' });
    expect(screenUrl(requestFor(url), rule, undefined).kind).toBe('clean');
  });

  it('N12 where the secret has what parts a name from its value', () => {
    const own = compileSecrets(['abcd=efgh&ijkl']);
    expect(screenUrl(requestFor('https://a.example.com/?abcd=efgh&ijkl'), rule, own).kind).toBe('refused');
  });

  it('N12 a path with a broken escape is screened as it stands', () => {
    expect(screenUrl(requestFor('https://a.example.com/%zz'), rule, secrets)).toEqual({ kind: 'clean' });
    const cut = `https://a.example.com/%zz?a=${TOKEN.slice(0, 8)}&b=${TOKEN.slice(8)}`;
    expect(screenUrl(requestFor(cut), rule, secrets)).toMatchObject({ code: 'secret-in-request' });
  });

  it('N12 in a header, its value or its name', () => {
    expect(screenHeaders(['Accept', '*/*', 'X-Note', `see ${TOKEN}`], secrets)).toMatchObject({
      code: 'secret-in-request',
    });
    expect(screenHeaders([TOKEN, 'x'], secrets)).toMatchObject({ code: 'secret-in-request' });
    expect(screenHeaders(['Accept', 'text/html', 'Cookie', 'a=b; session=0123456789'], secrets)).toEqual({
      kind: 'clean',
    });
    expect(screenHeaders(['X', TOKEN], undefined)).toEqual({ kind: 'clean' });
  });

  it('N12 what a problem says repeats nothing that was sent', () => {
    const screening = screenUrl(requestFor(`https://a.example.com/?q=${TOKEN}`), rule, secrets);
    expect(JSON.stringify(screening)).not.toContain('ghs_');
  });
});

const split = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...at, bytes.length].map((end, i) => bytes.subarray(at[i - 1] ?? 0, end));
};
const value = fc
  .string({ unit: fc.constantFrom(...'aZ09_-+/="&%'), minLength: 10, maxLength: 30 })
  .filter((text) => secretProblem(text) === undefined);
const around = fc.string({ unit: fc.constantFrom(...'aZ0+/=" \n&%'), maxLength: 20 });

describe('N12 a body is screened while it passes', () => {
  const body = fc.tuple(value, fc.nat(), around, around, fc.array(fc.nat(), { maxLength: 10 }));

  it('N12 the gate lets nothing of a secret pass, in any spelling, however the body is cut', () => {
    fc.assert(
      fc.property(body, ([secret, n, before, after, cuts]) => {
        const forms = formsOf(secret);
        const form = forms[n % forms.length] ?? Buffer.alloc(0);
        const gate = new SecretGate(compileSecrets([secret]));
        const passed: Buffer[] = [];
        for (const chunk of split(Buffer.concat([Buffer.from(before), form, Buffer.from(after)]), cuts)) {
          const out = gate.push(chunk);
          if (out === undefined) break;
          passed.push(out);
        }
        expect(gate.push(Buffer.from('more'))).toBeUndefined();
        expect(gate.end()).toBeUndefined();
        const left = Buffer.concat(passed);
        expect(left.length).toBeLessThanOrEqual(Buffer.byteLength(before));
        expect(Buffer.from(before).subarray(0, left.length).equals(left)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('N12 the gate changes nothing of a clean body, and the chunk itself passes', () => {
    const gate = new SecretGate(secrets);
    const chunk = Buffer.from('{"text":"hello"}');
    expect(gate.push(chunk)).toBe(chunk);
    expect(gate.push(Buffer.from(`x ${TOKEN.slice(0, 9)}`))?.toString()).toBe('x ');
    expect(gate.end()?.toString()).toBe(TOKEN.slice(0, 9));
  });

  it('N12 the gate keeps back a secret that is whole only at the end', () => {
    const gate = new SecretGate(compileSecrets(['abcdefgh12', 'abcdefgh12/3456']));
    expect(gate.push(Buffer.from('abcdefgh12%2F'))?.length).toBe(0);
    expect(gate.end()).toBeUndefined();
  });

  it('N12 the finder answers with the piece in which a secret ends', () => {
    fc.assert(
      fc.property(body, ([secret, n, before, after, cuts]) => {
        const forms = formsOf(secret);
        const form = forms[n % forms.length] ?? Buffer.alloc(0);
        const compiled = compileSecrets([secret]);
        const finder = new SecretFinder(compiled);
        const sent = Buffer.concat([Buffer.from(before), form, Buffer.from(after)]);
        const ends = forms.flatMap((each) => {
          const at = sent.indexOf(each);
          return at < 0 ? [] : [at + each.length];
        });
        let read = 0;
        for (const chunk of split(sent, cuts)) {
          read += chunk.length;
          expect(finder.push(chunk) || read < Math.min(...ends)).toBe(true);
          if (read >= Math.min(...ends)) return;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('N12 the finder finds nothing where nothing is, though beginnings come by', () => {
    const finder = new SecretFinder(secrets);
    for (let i = 0; i < 30; i++) expect(finder.push(Buffer.from(`${TOKEN.slice(0, i % TOKEN.length)} `))).toBe(false);
  });

  it('N12 the finder does not wait for a longer spelling', () => {
    const finder = new SecretFinder(compileSecrets(['abcdefgh12', 'abcdefgh12/3456']));
    expect(finder.push(Buffer.from('abcdefgh12%2F'))).toBe(true);
  });
});
