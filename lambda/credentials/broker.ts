import { makeUuid } from '../../core/audit/id';
import { type BrokerCaller, callerOf, mayCall } from '../../core/credentials/callers';
import {
  type BrokerAnswer,
  type BrokerRequest,
  brokerRequest,
  type MintRequest,
} from '../../core/credentials/messages';
import { type CredentialRefused, refusedFor } from '../../core/credentials/refusal';
import { type DocumentGrant, documentGrant } from '../../core/egress/document';
import type { SessionRow } from '../../core/session/row';
import type { Clock } from '../../runtime/clock';
import type { AdmittedGrants } from './admitted-grants';
import type { GrantRecords } from './grant-records';
import type { LiveTokens } from './live-tokens';
import type { Minted, Minter, MintResult, Told } from './minter';
import type { DocumentReader } from './read-document';
import type { SessionReader } from './read-session';

export type Minters = {
  readonly [K in DocumentGrant['kind']]?: Minter<Extract<DocumentGrant, { kind: K }>>;
};

export interface BrokerPorts {
  readonly sessions: SessionReader;
  readonly documents: DocumentReader;
  readonly minters: Minters;
  readonly admitted: AdmittedGrants;
  readonly tokens: LiveTokens;
  readonly records: GrantRecords;
  readonly clock: Clock;
  /** Cryptographic. */
  readonly random: (bytes: number) => Uint8Array;
}

type Admitted = { readonly kind: 'admitted'; readonly row: SessionRow; readonly grants: readonly DocumentGrant[] };

/**
 * Gives credentials to the platform's own services, for a live session, as its policy document grants them. Nothing a
 * service says is believed but the session's id and which request it is about.
 */
export class CredentialBroker {
  constructor(private readonly ports: BrokerPorts) {}

  /** Answers nothing that is not written down. Throws only where a revocation has to be tried again. */
  async answer(event: unknown, invokedFunctionArn: string): Promise<BrokerAnswer> {
    const caller = callerOf(invokedFunctionArn);
    const parsed = brokerRequest.safeParse(event);
    if (caller === undefined) return await this.turnAway(refusedFor('caller-unknown'), 'unknown');
    if (!parsed.success) return await this.turnAway(refusedFor('message-invalid'), caller);
    const request = parsed.data;
    if (!mayCall(caller, request.op)) return await this.turnAway(refusedFor('not-for-caller'), caller, request);
    switch (request.op) {
      case 'mint':
        return await this.mint(caller, request);
      case 'check':
        return await this.check(caller, request);
      case 'revoke':
        return await this.revoke(request.sessionId);
    }
  }

  private async mint(caller: BrokerCaller, request: MintRequest): Promise<BrokerAnswer> {
    const admitted = await this.admit(request.sessionId, 'live');
    if (admitted.kind === 'refused') return await this.turnAway(admitted, caller, request);
    const { row, grants } = admitted;
    const grant = grants.find(({ id }) => id === request.grantId);
    if (!grant) return await this.turnAway(refusedFor('grant-missing'), caller, request, row);
    const result = await this.tryMint(caller, request, admitted, grant);
    if (result.kind === 'refused') {
      return await this.answerWritten(result, () => this.ports.records.refused({ caller, row, grant, result }));
    }
    return await this.handOut(caller, row, grant, result);
  }

  private async tryMint(
    caller: BrokerCaller,
    request: MintRequest,
    { row, grants }: Admitted,
    grant: DocumentGrant,
  ): Promise<MintResult> {
    const target = targetOf(grant);
    // Its pushes are its only business.
    if (caller === 'commit-broker' && grant.kind !== 'github-app') return { ...refusedFor('not-for-caller'), target };
    const minter = this.minterOf(grant);
    if (!minter) return { ...refusedFor('not-configured'), target };
    try {
      return await minter.mint({ caller, row, grants, request, now: this.ports.clock.wall() }, grant);
    } catch (error) {
      return { ...refusedFor('provider-unreachable', nameOf(error)), target };
    }
  }

  /**
   * First kept, so that it can be revoked whatever happens next; then written down; then the session is looked at once
   * more. A stop closes the session before it asks for its tokens: either this look sees that, or the stop sees the
   * token.
   */
  private async handOut(
    caller: BrokerCaller,
    row: SessionRow,
    grant: DocumentGrant,
    minted: Minted,
  ): Promise<BrokerAnswer> {
    const { tokens, records, sessions } = this.ports;
    const mintId = this.makeId();
    const takeBack = async (refusal: CredentialRefused): Promise<BrokerAnswer> => {
      if (minted.revocable !== undefined) {
        const revoked = await this.revokeOne(grant.kind, minted.revocable);
        if (revoked) await tokens.remove(row.sessionId, mintId).catch(() => undefined);
      }
      return answerOf(refusal);
    };
    try {
      const { revocable: token, target, expiresAt } = minted;
      if (token !== undefined) {
        const of = { sessionId: row.sessionId, mintId, grantId: grant.id, grantKind: grant.kind };
        await tokens.put({ ...of, caller, target, token, expiresAt });
      }
      await records.minted({ caller, row, grant, minted, mintId });
    } catch {
      return await takeBack(refusedFor('record-failed'));
    }
    const still = await sessions.live(row.sessionId);
    if (still.kind === 'refused') return await takeBack(still);
    return { version: 1, ...minted.form, mintId, expiresAt: new Date(minted.expiresAt).toISOString() };
  }

  private async check(caller: BrokerCaller, request: BrokerRequest): Promise<BrokerAnswer> {
    const admitted = await this.admit(request.sessionId, 'checkable');
    if (admitted.kind === 'refused') return await this.turnAway(admitted, caller, request);
    const { row, grants } = admitted;
    try {
      await this.ports.admitted.keep(row, grants);
    } catch {
      return answerOf(refusedFor('record-failed'));
    }
    const checked = await Promise.all(grants.map(async (grant) => ({ grant, found: await this.checkOne(row, grant) })));
    const problems = checked.flatMap(({ grant, found }) => found.map((result) => ({ grant, result })));
    const written = async (): Promise<void> => {
      for (const { grant, result } of problems) await this.ports.records.refused({ caller, row, grant, result });
    };
    return await this.answerWritten(
      {
        version: 1,
        kind: 'checked',
        problems: problems.map(({ grant, result: { code, problem } }) => ({ grantId: grant.id, code, problem })),
      },
      written,
    );
  }

  private async checkOne(row: SessionRow, grant: DocumentGrant): Promise<readonly (CredentialRefused & Told)[]> {
    const target = targetOf(grant);
    const minter = this.minterOf(grant);
    if (!minter) return [{ ...refusedFor('not-configured'), target }];
    try {
      return await minter.check(row, grant, this.ports.clock.wall());
    } catch (error) {
      return [{ ...refusedFor('provider-unreachable', nameOf(error)), target }];
    }
  }

  /** Asked for after the session was closed. Throws where tables or log do, so that the life cycle asks again. */
  private async revoke(sessionId: string): Promise<BrokerAnswer> {
    const { admitted, tokens, records, clock } = this.ports;
    await admitted.forget(sessionId);
    let [revoked, failed] = [0, 0];
    for (const token of await tokens.list(sessionId)) {
      const isOver = token.expiresAt <= clock.wall();
      const done = isOver || (await this.revokeOne(token.grantKind, token.token));
      if (!isOver) await records.ended(token, done);
      if (done) await tokens.remove(sessionId, token.mintId);
      if (done) revoked++;
      else failed++;
    }
    return { version: 1, kind: 'revoked', revoked, failed };
  }

  private async revokeOne(kind: DocumentGrant['kind'], token: string): Promise<boolean> {
    try {
      return (await this.ports.minters[kind]?.revoke?.(token)) ?? false;
    } catch {
      return false;
    }
  }

  private async admit(sessionId: string, how: keyof SessionReader): Promise<Admitted | CredentialRefused> {
    const session = await this.ports.sessions[how](sessionId);
    if (session.kind === 'refused') return session;
    const { row } = session;
    try {
      const policy = await this.ports.documents.read(row.profile, row.documentHash);
      if (policy === undefined) return refusedFor('document-missing');
      const { grants } = policy.document;
      if (policy.hash === row.documentHash) return { kind: 'admitted', row, grants };
      // A session has what it was admitted with and what still stands, and no grant that came later.
      const before = await this.ports.admitted.find(row);
      if (!before) return refusedFor('document-changed');
      return { kind: 'admitted', row, grants: grants.filter((grant) => before.some((one) => isSame(one, grant))) };
    } catch (error) {
      return refusedFor('document-missing', nameOf(error));
    }
  }

  private minterOf(grant: DocumentGrant): Minter<DocumentGrant> | undefined {
    // Kind and minter belong together by the type of Minters; TypeScript can't follow it through an index.
    return this.ports.minters[grant.kind] as Minter<DocumentGrant> | undefined;
  }

  /** A no before any grant was looked at. */
  private async turnAway(
    refusal: CredentialRefused,
    caller: BrokerCaller | 'unknown',
    request?: BrokerRequest,
    row?: SessionRow,
  ): Promise<BrokerAnswer> {
    return await this.answerWritten(refusal, () => this.ports.records.turnedAway({ refusal, caller, request, row }));
  }

  private async answerWritten(
    answer: CredentialRefused | BrokerAnswer,
    write: () => Promise<void>,
  ): Promise<BrokerAnswer> {
    try {
      await write();
    } catch {
      return answerOf(refusedFor('record-failed'));
    }
    return 'version' in answer ? answer : answerOf(answer);
  }

  private makeId(): string {
    return makeUuid(this.ports.clock.wall(), this.ports.random(10));
  }
}

function answerOf({ code, problem }: CredentialRefused): BrokerAnswer {
  return { version: 1, kind: 'refused', code, problem: problem.slice(0, 500) };
}

/** For records, where no minter named one. */
export function targetOf(grant: DocumentGrant): string {
  switch (grant.kind) {
    case 'github-app':
      return grant.repositories[0] ?? grant.id;
    case 'aws-role':
      return grant.roleArn;
    case 'secret-header':
      return grant.secretArn;
    case 'oauth':
      return grant.provider;
    case 'oidc':
      return grant.audience;
  }
}

/** A table gives the keys of a map back in any order; a schema puts them in its own. */
function isSame(one: DocumentGrant, other: DocumentGrant): boolean {
  const [a, b] = [one, other].map((grant) => JSON.stringify(documentGrant.parse(grant)));
  return a === b;
}

/** The name only: messages of IAM name principals, and those of sockets addresses. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
