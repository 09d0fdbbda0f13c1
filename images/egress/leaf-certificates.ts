import 'reflect-metadata'; // @peculiar/x509 wants it there before it loads
import {
  createHash,
  createPrivateKey,
  type KeyObject,
  X509Certificate as NodeCertificate,
  webcrypto,
} from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import * as x509 from '@peculiar/x509';
import type { Clock } from '../../runtime/clock';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** Clients' clocks differ; a leaf is valid from this long ago. */
const SKEW_MS = 3_600_000;
const LEAF_LIFE_MS = 24 * 3_600_000;
/** A leaf this close to its end is made anew. */
const RENEW_MS = 2 * 3_600_000;

/** The authority the sessions trust: PEM, as it lies in its secret. */
export interface AuthorityPem {
  readonly certificate: string;
  readonly privateKey: string;
}

/**
 * Leaf certificates for hosts that have passed policy, made when first asked for. All share one key that lives as long as
 * the process, so a new name costs one signature and nothing is written anywhere. At most `capacity` are kept, the
 * longest unused goes first, and one name is made once however many ask at the same time.
 */
export class LeafCertificates {
  private readonly contexts = new Map<string, { readonly context: Promise<SecureContext>; readonly renewAt: number }>();

  private constructor(
    private readonly clock: Clock,
    private readonly capacity: number,
    private readonly keys: webcrypto.CryptoKeyPair,
    private readonly keyPem: string,
    private authority: ImportedAuthority,
  ) {}

  /** @throws where the authority's key and certificate do not belong together, or it may not issue. */
  static async create(authority: AuthorityPem, clock: Clock, capacity = 1_000): Promise<LeafCertificates> {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
    const keyPem = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({
      format: 'pem',
      type: 'pkcs8',
    });
    return new LeafCertificates(clock, capacity, keys, keyPem.toString(), await importAuthority(authority));
  }

  /** From the next name on, leaves come from this authority; connections that are open keep theirs. */
  async replaceAuthority(authority: AuthorityPem): Promise<void> {
    this.authority = await importAuthority(authority);
    this.contexts.clear();
  }

  /** How many names are kept. */
  get size(): number {
    return this.contexts.size;
  }

  /** `host` is a name that core/egress/host.ts has accepted. */
  contextFor(host: string): Promise<SecureContext> {
    const now = this.clock.wall();
    const known = this.contexts.get(host);
    this.contexts.delete(host);
    if (known && now < known.renewAt) {
      this.contexts.set(host, known);
      return known.context;
    }
    const context = this.issue(host, now);
    this.contexts.set(host, { context, renewAt: now + LEAF_LIFE_MS - SKEW_MS - RENEW_MS });
    context.catch(() => this.contexts.delete(host));
    if (this.contexts.size > this.capacity) {
      const [oldest] = this.contexts.keys();
      if (oldest !== undefined) this.contexts.delete(oldest);
    }
    return context;
  }

  private async issue(host: string, now: number): Promise<SecureContext> {
    const { authority } = this;
    const notAfter = Math.min(now + LEAF_LIFE_MS - SKEW_MS, authority.notAfter);
    const leaf = await x509.X509CertificateGenerator.create({
      serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(16))).toString('hex'),
      issuer: authority.subject,
      // A name longer than 64 characters does not fit a common name; clients read the alternative name only.
      subject: 'CN=egress proxy',
      notBefore: new Date(now - SKEW_MS),
      notAfter: new Date(notAfter),
      publicKey: this.keys.publicKey,
      signingKey: authority.key,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: host }]),
        authority.keyIdentifier,
      ],
    });
    return createSecureContext({
      key: this.keyPem,
      cert: `${leaf.toString('pem')}\n${authority.pem}`,
      minVersion: 'TLSv1.2',
      // One key for all names: a ticket of one name must never be good for another.
      sessionIdContext: createHash('sha256').update(host).digest('hex').slice(0, 32),
    });
  }
}

interface ImportedAuthority {
  readonly pem: string;
  readonly subject: string;
  readonly key: webcrypto.CryptoKey;
  readonly keyIdentifier: x509.AuthorityKeyIdentifierExtension;
  readonly notAfter: number;
}

async function importAuthority(pem: AuthorityPem): Promise<ImportedAuthority> {
  const certificate = new x509.X509Certificate(pem.certificate);
  const privateKey: KeyObject = createPrivateKey(pem.privateKey);
  if (!new NodeCertificate(pem.certificate).checkPrivateKey(privateKey)) {
    throw new Error('certificate authority: its key does not belong to its certificate; create the secret anew');
  }
  if (!new NodeCertificate(pem.certificate).ca) {
    throw new Error('certificate authority: its certificate may not issue others; create the secret anew');
  }
  const der = privateKey.export({ format: 'der', type: 'pkcs8' });
  return {
    pem: pem.certificate,
    subject: certificate.subject,
    key: await webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']),
    keyIdentifier: await x509.AuthorityKeyIdentifierExtension.create(certificate.publicKey),
    notAfter: certificate.notAfter.getTime(),
  };
}
