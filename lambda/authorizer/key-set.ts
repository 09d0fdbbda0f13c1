import { importJWK, type JWK, type KeyLike } from 'jose';
import type { Clock } from '../../runtime/clock';

export type TokenKey = KeyLike | Uint8Array;

export type KeyResult =
  | { readonly kind: 'key'; readonly key: TokenKey }
  | { readonly kind: 'unknown' }
  /** The issuer did not answer, and what is known is too old. */
  | { readonly kind: 'unreachable' };

/** A JSON Web Key Set as the issuer has it now. */
export type FetchKeys = () => Promise<readonly JWK[]>;

/** Asked again after so long: a key that the issuer took back is good no longer than this. */
const FRESH_MS = 10 * 60_000;
/** While the issuer does not answer. Sign-ins of an hour ago still end sessions then. */
const STALE_MS = 60 * 60_000;
/** Anybody can name keys that are not there; whoever does costs the issuer one question in so long, and no more. */
const COOLDOWN_MS = 30_000;

interface Known {
  readonly keys: ReadonlyMap<string, JWK>;
  readonly at: number;
}

/** The issuer's keys, by the algorithm each may be used with. */
export class KeySet {
  private known: Known | undefined;
  private askedAt = Number.NEGATIVE_INFINITY;
  private asking: Promise<void> | undefined;

  constructor(
    private readonly fetchKeys: FetchKeys,
    private readonly clock: Clock,
  ) {}

  async find(kid: string, algorithm: string): Promise<KeyResult> {
    const wanted = keyName(kid, algorithm);
    if (this.age() > FRESH_MS || !this.known?.keys.has(wanted)) await this.refresh();
    if (this.known === undefined || this.age() > STALE_MS) return { kind: 'unreachable' };
    const jwk = this.known.keys.get(wanted);
    return jwk === undefined ? { kind: 'unknown' } : { kind: 'key', key: await importJWK(jwk, algorithm) };
  }

  private async refresh(): Promise<void> {
    if (this.asking === undefined) {
      if (this.clock.wall() - this.askedAt < COOLDOWN_MS) return;
      this.askedAt = this.clock.wall();
      this.asking = this.ask().finally(() => {
        this.asking = undefined;
      });
    }
    await this.asking;
  }

  private async ask(): Promise<void> {
    try {
      const list = await this.fetchKeys();
      const usable = list.flatMap((jwk): [string, JWK][] => {
        const algorithm = algorithmOf(jwk);
        return jwk.kid === undefined || algorithm === undefined ? [] : [[keyName(jwk.kid, algorithm), jwk]];
      });
      this.known = { keys: new Map(usable), at: this.clock.wall() };
    } catch (error) {
      console.warn({ message: 'keys of the issuer can not be read', error: error instanceof Error ? error.name : '' });
    }
  }

  private age(): number {
    return this.known === undefined ? Number.POSITIVE_INFINITY : this.clock.wall() - this.known.at;
  }
}

const keyName = (kid: string, algorithm: string): string => `${algorithm} ${kid}`;

/** By the key's own kind: what a token says of its algorithm chooses between keys, and never how one is used. */
function algorithmOf({ kty, crv, use, alg }: JWK): 'RS256' | 'ES256' | undefined {
  if (use !== undefined && use !== 'sig') return undefined;
  const algorithm = kty === 'RSA' ? 'RS256' : kty === 'EC' && crv === 'P-256' ? 'ES256' : undefined;
  return alg === undefined || alg === algorithm ? algorithm : undefined;
}
