import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { clientSettings, shellExports } from '../../../core/session/client-settings';
import { certificatesOf, javaTrustStore } from '../../../core/session/client-settings-jks';

const settings = clientSettings({ zone: 'agents.internal', region: 'eu-west-1' });

describe('N9 settings for clients', () => {
  it('N9 name the proxy in every spelling there is, and never for the platform’s own names', () => {
    for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']) {
      expect(settings.variables[name]).toBe('http://egress.agents.internal:3128');
    }
    expect(settings.variables.NO_PROXY).toBe(settings.variables.no_proxy);
    expect(settings.variables.NO_PROXY?.split(',')).toContain('.agents.internal');
  });

  it('N9 survive a shell, whatever stands in them', () => {
    const odd = { A: "it's", B: '$HOME `id` "x" \\', C: 'a\nb', D: '' };
    const script = `${shellExports(odd)}printf '%s|' "$A" "$B" "$C" "$D"`;
    expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(`${Object.values(odd).join('|')}|`);
  });

  it('N9 are the same for every session: nothing of one stands in them', () => {
    expect(JSON.stringify(settings)).not.toMatch(/s01|arn:|task\//);
  });
});

describe('N9 a trust store for Java', () => {
  const sha1 = (bytes: Uint8Array): Uint8Array => createHash('sha1').update(bytes).digest();

  it('N9 finds certificates among other text', () => {
    const block = (text: string): string =>
      `-----BEGIN CERTIFICATE-----\n${Buffer.from(text).toString('base64')}\n-----END CERTIFICATE-----\n`;
    const found = certificatesOf(`# one\n${block('first')}\nsubject=two\n${block('second')}`);
    expect(found.map((der) => Buffer.from(der).toString())).toEqual(['first', 'second']);
    expect(certificatesOf('none')).toEqual([]);
  });

  it('N9 has the form that Java reads: magic, version, entries, digest', () => {
    const store = Buffer.from(javaTrustStore([new Uint8Array([1, 2, 3])], sha1));
    expect(store.readUInt32BE(0)).toBe(0xfeedfeed);
    expect([store.readUInt32BE(4), store.readUInt32BE(8), store.readUInt32BE(12)]).toEqual([2, 1, 2]);
    expect(store.subarray(-23, -20)).toEqual(Buffer.from([1, 2, 3]));
  });
});
