/** Certificates of a PEM text, as DER, in their order. */
export function certificatesOf(pem: string): Uint8Array[] {
  const blocks = pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g);
  return [...blocks].map(([, base64 = '']) => new Uint8Array(Buffer.from(base64, 'base64')));
}

/**
 * A trust store that every Java since 1.2 reads: JKS, which Java reads without a password as well. Made here because the
 * image has no Java; the format is a list of names, times and certificates. A PKCS #12 store without a password needs
 * Java 8u301 or 17 and an attribute of Oracle's own. Source: sun.security.provider.JavaKeyStore of OpenJDK.
 *
 * @param sha1 of bytes; the digest at the end is looked at by whoever gives the password, which is `changeit`
 */
export function javaTrustStore(
  certificates: readonly Uint8Array[],
  sha1: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const parts: Uint8Array[] = [int(0xfeedfeed), int(2), int(certificates.length)];
  for (const [i, certificate] of certificates.entries()) {
    // Tag 2: a trusted certificate. Its time is not looked at.
    parts.push(int(2), text(`authority-${i}`), new Uint8Array(8), text('X.509'), int(certificate.length), certificate);
  }
  const store = Buffer.concat(parts);
  const password = Buffer.from('changeit', 'utf16le').swap16();
  return Buffer.concat([store, sha1(Buffer.concat([password, Buffer.from('Mighty Aphrodite'), store]))]);
}

function int(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Java's modified UTF-8, which plain ASCII is. */
function text(ascii: string): Uint8Array {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(ascii.length);
  return Buffer.concat([length, Buffer.from(ascii, 'latin1')]);
}
