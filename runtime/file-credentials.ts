import * as z from 'zod/mini';
import type { DocumentGrant } from '../core/egress/document';
import type { Caller } from './caller';
import { type Clock, systemClock } from './clock';
import type { CredentialResult, Credentials } from './credential';
import { headerName, headerValue, MIN_SECRET_LENGTH } from './header-value';
import { parseJson } from './parse-json';
import { WatchedFile } from './watched-file';

const credential = z.strictObject({
  headers: z.array(z.strictObject({ name: headerName, value: headerValue })).check(z.minLength(1), z.maxLength(8)),
  secrets: z.array(z.string().check(z.minLength(MIN_SECRET_LENGTH))).check(z.minLength(1), z.maxLength(16)),
});

export const credentialsFile = z.strictObject({
  version: z.literal(1),
  grants: z.record(z.string().check(z.regex(/^[a-z][a-z0-9-]{0,62}$/)), credential),
});

export interface FileCredentialsOptions {
  readonly path: string;
  readonly clock?: Clock;
  /** How long the last good content counts once the file is broken or gone; default 60 seconds. */
  readonly keepMs?: number;
  /** Default 1 second. */
  readonly pollMs?: number;
  readonly onProblem?: (problems: readonly string[]) => void;
}

/** The file may change at any time, so a user of the credential asks again soon. */
const LIFE_MS = 60_000;

/** Credentials from a JSON file, by the grant's id: for tests, and for a proxy that runs by itself. */
export class FileCredentials implements Credentials {
  private readonly file: WatchedFile<z.infer<typeof credentialsFile>>;
  private readonly clock: Clock;

  constructor(options: FileCredentialsOptions) {
    this.clock = options.clock ?? systemClock;
    this.file = new WatchedFile({
      path: options.path,
      parse: (text) => parseJson(credentialsFile, text, options.path),
      clock: this.clock,
      keepMs: options.keepMs ?? 60_000,
      pollMs: options.pollMs ?? 1000,
      onProblem: options.onProblem ?? (() => undefined),
    });
  }

  async get(_caller: Caller, grant: DocumentGrant): Promise<CredentialResult> {
    const grants = this.file.get()?.grants;
    if (grants === undefined) return { kind: 'unavailable', problem: 'the file of credentials is broken or gone' };
    // An own key only: a grant named "constructor" is a legal id.
    const found = Object.hasOwn(grants, grant.id) ? grants[grant.id] : undefined;
    if (found === undefined)
      return { kind: 'unavailable', problem: `the file of credentials has no grant "${grant.id}"` };
    return { kind: 'ok', credential: { ...found, expiresAt: this.clock.wall() + LIFE_MS } };
  }

  forget(): void {
    // Nothing is kept of a caller.
  }

  close(): void {
    this.file.close();
  }
}
