import {
  type Authorities,
  certificatesOf,
  created,
  daysLeft,
  parseAuthorities,
  planRotation,
  prepared,
  type RotationStep,
  type SigningAuthority,
} from '../../core/egress/certificate-rotation';

/** The secret with the keys, and the place of the certificates. */
export interface AuthorityStore {
  /** Undefined where nothing was written yet. */
  readSecret(): Promise<string | undefined>;
  writeSecret(text: string): Promise<void>;
  /** Undefined where there is none. */
  readCertificates(): Promise<string | undefined>;
  writeCertificates(pem: string): Promise<void>;
  /** Nothing to remove is as good. */
  removeCertificates(): Promise<void>;
}

export interface Rotation {
  readonly step: RotationStep['kind'];
  readonly daysLeft: number;
}

/**
 * Takes the next step of the rotation, and hands out the certificates again where they are not what they should be.
 *
 * The order matters: certificates first, then the keys. A certificate whose key was lost in between harms nobody; a key
 * that signs before its certificate is out breaks every session.
 */
export async function rotateAuthority(
  store: AuthorityStore,
  make: (now: number) => SigningAuthority,
  now: number,
): Promise<Rotation> {
  const before = await read(store);
  const published = (await store.readCertificates()) ?? '';
  const step = planRotation(before, published, now);
  const after = next(before, step, make, now);
  const certificates = certificatesOf(after);
  // Where all is new nobody trusts anything yet, and a secret that can't be written must not cost the old certificates.
  if (step.kind === 'create') await store.writeSecret(JSON.stringify(after));
  if (certificates !== published) await store.writeCertificates(certificates);
  if (step.kind !== 'keep' && step.kind !== 'create') await store.writeSecret(JSON.stringify(after));
  return { step: step.kind, daysLeft: daysLeft(Date.parse(after.current.expiresAt), now) };
}

function next(
  before: Authorities | undefined,
  step: RotationStep,
  make: (now: number) => SigningAuthority,
  now: number,
): Authorities {
  switch (step.kind) {
    case 'announce':
    case 'promote':
    case 'retire':
      return step.authorities;
    case 'prepare':
      return before === undefined ? created(make(now)) : prepared(before, make(now), now);
    case 'keep':
      return before ?? created(make(now));
    case 'create':
      return created(make(now));
  }
}

/** A secret that is there and can't be read is somebody's mistake or attack: nothing is made in its place. */
async function read(store: AuthorityStore): Promise<Authorities | undefined> {
  const text = await store.readSecret();
  if (text === undefined) return undefined;
  const result = parseAuthorities(text);
  if (result.kind === 'ok') return result.authorities;
  throw new Error(
    `the secret with the certificate authorities is not what was written there (${result.problems.join('; ')}); find out ` +
      'who wrote it, then restore its previous version',
  );
}
