import 'reflect-metadata'; // @peculiar/x509 wants it there before it loads
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY = 86_400_000;

/** PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly certificate: string;
}

export interface Issuer extends KeyAndCertificate {
  readonly imported: { readonly name: string; readonly key: webcrypto.CryptoKey };
}

export async function makeIssuer(name: string): Promise<Issuer> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomBytes(8).toString('hex'),
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - DAY),
    notAfter: new Date(Date.now() + 30 * DAY),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    key: await pem(keys.privateKey),
    certificate: certificate.toString('pem'),
    imported: { name: certificate.subject, key: keys.privateKey },
  };
}

export async function readIssuer({ key, certificate }: KeyAndCertificate): Promise<Issuer> {
  const der = x509.PemConverter.decodeFirst(key);
  const imported = await webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
  return { key, certificate, imported: { name: new x509.X509Certificate(certificate).subject, key: imported } };
}

export interface LeafOptions {
  readonly issuer: Issuer;
  readonly names: readonly string[];
  readonly commonName?: string;
  readonly expired?: boolean;
}

export async function makeLeaf({ issuer, names, commonName, expired }: LeafOptions): Promise<KeyAndCertificate> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: randomBytes(8).toString('hex'),
    subject: `CN=${commonName ?? 'lab'}`,
    issuer: issuer.imported.name,
    notBefore: new Date(Date.now() - 10 * DAY),
    notAfter: new Date(Date.now() + (expired ? -1 : 5) * DAY),
    publicKey: keys.publicKey,
    signingKey: issuer.imported.key,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value }))),
    ],
  });
  return { key: await pem(keys.privateKey), certificate: `${leaf.toString('pem')}\n${issuer.certificate}` };
}

async function pem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}
