import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from '../harness/bench';
import { HOST, STREAM_HOSTS } from './layout';

/** Files of one authority, or of one certificate with its chain. */
export interface KeyPair {
  readonly key: string;
  readonly certificate: string;
}

export interface Pki {
  /** Signs what upstreams show; proxies trust it. */
  readonly root: string;
  readonly upstream: KeyPair;
  /** What proxies mint leaves with; the generator trusts it. */
  readonly authority: KeyPair;
  /** The same with an RSA key, for proxies that know no other. */
  readonly rsaAuthority: KeyPair;
  /** A leaf of `authority` for every name, for those that do not mint. */
  readonly leaf: KeyPair;
  /** A file with root and authorities. */
  readonly authorities: string;
}

export async function createPki(bench: Bench): Promise<Pki> {
  const folder = join(bench.folder, 'pki');
  mkdirSync(folder);
  const file = (name: string): string => join(folder, name);
  const openssl = (...args: string[]) => bench.run('openssl', args, { cwd: folder, env: process.env });

  const key = async (name: string, ...algorithm: string[]): Promise<string> => {
    await openssl('genpkey', ...algorithm, '-out', file(`${name}.key`));
    return file(`${name}.key`);
  };
  const EC = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const authority = async (name: string, ...algorithm: string[]): Promise<KeyPair> => {
    const pair = { key: await key(name, ...algorithm), certificate: file(`${name}.crt`) };
    const extensions = [
      'basicConstraints=critical,CA:TRUE,pathlen:0',
      'keyUsage=critical,keyCertSign,cRLSign',
      'subjectKeyIdentifier=hash',
    ].flatMap((extension) => ['-addext', extension]);
    const subject = ['-subj', `/CN=bench ${name}`, '-days', '7'];
    await openssl('req', '-x509', '-new', '-key', pair.key, '-out', pair.certificate, ...subject, ...extensions);
    return pair;
  };
  const names = [HOST, ...STREAM_HOSTS].map((host) => `DNS:${host}`).join(',');
  writeFileSync(file('names'), `subjectAltName=${names}\n`);
  const leaf = async (name: string, issuer: KeyPair): Promise<KeyPair> => {
    const pair = { key: await key(name, ...EC), certificate: file(`${name}.crt`) };
    const request = file(`${name}.csr`);
    await openssl('req', '-new', '-key', pair.key, '-subj', '/CN=bench', '-out', request);
    const signing = ['-CA', issuer.certificate, '-CAkey', issuer.key, '-CAcreateserial', '-days', '7'];
    await openssl('x509', '-req', '-in', request, ...signing, '-extfile', file('names'), '-out', pair.certificate);
    return pair;
  };

  const root = await authority('root', ...EC);
  const ours = await authority('authority', ...EC);
  const rsaAuthority = await authority('rsa-authority', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048');
  const all = [root, ours, rsaAuthority].map(({ certificate }) => readFileSync(certificate, 'utf8')).join('');
  writeFileSync(file('all.crt'), all);
  return {
    root: root.certificate,
    upstream: await leaf('upstream', root),
    authority: ours,
    rsaAuthority,
    leaf: await leaf('leaf', ours),
    authorities: file('all.crt'),
  };
}

/** The folder that the egress proxy reads everything from. */
export function copyAuthority(pki: Pki, folder: string): void {
  cpSync(pki.authority.certificate, join(folder, 'authority.crt'));
  cpSync(pki.authority.key, join(folder, 'authority.key'));
  cpSync(pki.root, join(folder, 'roots.pem'));
}
