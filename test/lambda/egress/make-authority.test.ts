import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AUTHORITY_LIFE_MS, created, parseAuthorities } from '../../../core/egress/certificate-rotation';
import { makeAuthority } from '../../../lambda/egress/make-authority';

const NOW = Date.parse('2026-11-22T12:00:00.000Z');
const folder = mkdtempSync(join(tmpdir(), 'authority-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const openssl = (...args: string[]): string =>
  execFileSync('openssl', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });

/** Whether a leaf with these alternative names, signed by the authority, is taken by OpenSSL that trusts it. */
function verifies(names: string, extensions = ''): string {
  const authority = makeAuthority('acme', Date.now());
  writeFileSync(join(folder, 'ca.pem'), authority.certificate);
  writeFileSync(join(folder, 'ca.key'), authority.privateKey);
  writeFileSync(join(folder, 'leaf.cnf'), `subjectAltName=${names}\n${extensions}`);
  openssl(
    'req',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    'leaf.key',
    '-subj',
    '/O=leaf',
    '-out',
    'leaf.csr',
  );
  openssl(
    'x509',
    '-req',
    '-in',
    'leaf.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-days',
    '1',
    '-extfile',
    'leaf.cnf',
    '-out',
    'leaf.pem',
  );
  try {
    return openssl('verify', '-x509_strict', '-CAfile', 'ca.pem', 'leaf.pem').trim();
  } catch (error) {
    return String((error as { stderr?: unknown }).stderr);
  }
}

describe('N5 a new certificate authority', () => {
  const authority = makeAuthority('acme-proxy', NOW);
  const certificate = new X509Certificate(authority.certificate);

  it('N5 is self-signed, its key is its own, and it may sign', () => {
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(authority.privateKey))).toBe(true);
    expect(certificate.ca).toBe(true);
    expect(certificate.issuer).toBe(certificate.subject);
    expect(certificate.subject).toMatch(/^O=acme-proxy\nCN=Egress proxy [0-9a-f]{8}$/);
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  });

  it('N5 is valid for a year, from an hour ago', () => {
    expect(Date.parse(certificate.validFrom)).toBe(NOW - 3_600_000);
    expect(Date.parse(certificate.validTo)).toBe(NOW + AUTHORITY_LIFE_MS);
    expect(authority.expiresAt).toBe(new Date(NOW + AUTHORITY_LIFE_MS).toISOString());
  });

  it('N5 is what the secret takes', () => {
    expect(parseAuthorities(JSON.stringify(created(authority))).kind).toBe('ok');
  });

  it('N5 no two are alike: name, serial number, key', () => {
    const other = new X509Certificate(makeAuthority('acme-proxy', NOW).certificate);
    expect(other.serialNumber).not.toBe(certificate.serialNumber);
    expect(other.subject).not.toBe(certificate.subject);
    expect(other.publicKey.equals(certificate.publicKey)).toBe(false);
  });

  it('N5 many of them are well-formed: a serial number with a zero in front would not be DER', () => {
    for (let i = 0; i < 50; i++) {
      const { serialNumber } = new X509Certificate(makeAuthority('acme', NOW).certificate);
      expect(serialNumber).toMatch(/^[0-7][0-9A-F]{31}$/);
    }
  });

  it('N5 signs for a name, by a strict reading of the standard', () => {
    expect(verifies('DNS:anything.npmjs.org')).toBe('leaf.pem: OK');
  });

  it.each(['IP:10.0.0.1', 'IP:2001:db8::1', 'DNS:a.example.com,IP:169.254.169.254'])(
    'N5 does not sign for an address: %s',
    (names) => {
      expect(verifies(names)).toMatch(/excluded subtree violation/);
    },
  );

  it('N5 signs nothing that signs further', () => {
    const text = openssl('x509', '-in', 'ca.pem', '-noout', '-text');
    expect(text).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
    expect(text).toMatch(/Key Usage: critical\s+Certificate Sign\n/);
  });
});
