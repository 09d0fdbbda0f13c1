import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { AUTHORITY_LIFE_MS, type SigningAuthority } from '../../core/egress/certificate-rotation';
import {
  bitString,
  boolean,
  explicit,
  implicit,
  integer,
  objectId,
  octetString,
  sequence,
  setOf,
  utcTime,
  utf8String,
} from './der';

/** Clients' clocks differ. */
const SKEW_MS = 3_600_000;

const OIDS = {
  organization: '2.5.4.10',
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
} as const;

/**
 * A new P-256 key with its self-signed certificate (RFC 5280). It may sign leaves and nothing that signs further, for
 * names and never for an address: the proxy serves no host that is one.
 *
 * @param owner stands in the certificate's name, so that people can tell whose it is
 * @param now milliseconds since 1970
 */
export function makeAuthority(owner: string, now: number): SigningAuthority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKeyInfo = publicKey.export({ format: 'der', type: 'spki' });
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 1;
  // A name of its own for each: clients look an issuer up by its name, and two are trusted at a time.
  const name = distinguishedName(owner.slice(0, 64), `Egress proxy ${serial.toString('hex').slice(0, 8)}`);
  const expires = new Date(now + AUTHORITY_LIFE_MS);
  const algorithm = sequence(objectId(OIDS.ecdsaWithSha256));
  const unsigned = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(serial),
    algorithm,
    name,
    sequence(utcTime(new Date(now - SKEW_MS)), utcTime(expires)),
    name,
    publicKeyInfo,
    explicit(3, sequence(...extensions(publicKeyInfo))),
  );
  const certificate = sequence(unsigned, algorithm, bitString(sign('sha256', unsigned, privateKey)));
  return {
    certificate: pem(certificate),
    privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    createdAt: new Date(now).toISOString(),
    expiresAt: expires.toISOString(),
  };
}

function distinguishedName(organization: string, commonName: string): Buffer {
  const attribute = (oid: string, value: string) => setOf(sequence(objectId(oid), utf8String(value)));
  return sequence(attribute(OIDS.organization, organization), attribute(OIDS.commonName, commonName));
}

function extensions(publicKeyInfo: Buffer): Buffer[] {
  const critical = (oid: string, value: Buffer) => sequence(objectId(oid), boolean(true), octetString(value));
  const keyId = createHash('sha256').update(publicKeyInfo).digest().subarray(0, 20);
  // The sixth bit; the two after it are not said.
  const keyCertSign = bitString(Buffer.from([0b0000_0100]), 2);
  const noPathBelow = sequence(boolean(true), integer(Buffer.from([0])));
  // Excluded: an address with a mask, all of zeros, is every IPv4 and every IPv6 address (4.2.1.10).
  const everyAddress = [8, 32].map((length) => sequence(implicit(7, Buffer.alloc(length))));
  const noAddresses = sequence(explicit(1, Buffer.concat(everyAddress)));
  return [
    critical(OIDS.basicConstraints, noPathBelow),
    critical(OIDS.keyUsage, keyCertSign),
    critical(OIDS.nameConstraints, noAddresses),
    sequence(objectId(OIDS.subjectKeyId), octetString(octetString(keyId))),
  ];
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
