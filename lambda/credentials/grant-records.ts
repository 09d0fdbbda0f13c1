import { createHash } from 'node:crypto';
import type { BrokerCaller } from '../../core/credentials/callers';
import type { BrokerRequest } from '../../core/credentials/messages';
import type { CredentialRefused } from '../../core/credentials/refusal';
import type { Rights } from '../../core/credentials/rights';
import type { DocumentGrant } from '../../core/egress/document';
import type { SessionRow } from '../../core/session/row';
import type { RecordDraft, Records } from '../../runtime/records';
import type { LiveToken } from './live-tokens';
import type { Minted, Told } from './minter';

interface Of {
  readonly caller: BrokerCaller;
  readonly row: SessionRow;
  readonly grant: DocumentGrant;
}

type GrantDraft = Extract<RecordDraft, { kind: 'grant' }>;
type Detail = GrantDraft['detail'];

/** Rows of sessions by id, for records about a token whose session is over. */
export type FindRow = (sessionId: string) => Promise<SessionRow | undefined>;

/** Writes what the broker did. Each resolves when it is durable, and rejects where it is not. */
export class GrantRecords {
  constructor(
    private readonly records: Records,
    private readonly findRow: FindRow,
  ) {}

  async minted({ caller, row, grant, minted, mintId }: Of & { minted: Minted; mintId: string }): Promise<void> {
    const { sessionPolicy, credentialSha256, upstreamRequestId } = minted;
    await this.write(row, {
      event: 'minted',
      ...base(caller, grant, minted.target, 'granted'),
      mintId,
      rights: recordedRights(minted.rights),
      expiresAt: new Date(minted.expiresAt).toISOString(),
      ...(sessionPolicy && { sessionPolicy }),
      ...(credentialSha256 !== undefined && { credentialSha256 }),
      ...(upstreamRequestId !== undefined && { upstreamRequestId }),
    });
  }

  async refused({ caller, row, grant, result }: Of & { result: CredentialRefused & Told }): Promise<void> {
    await this.write(row, {
      event: 'refused',
      ...base(caller, grant, result.target, result.code),
      ...(result.rights && { rights: recordedRights(result.rights) }),
    });
  }

  /** A token's end, or that it could not be ended. */
  async ended(token: LiveToken, revoked: boolean): Promise<void> {
    const row = await this.findRow(token.sessionId);
    // Without a row nobody can say whose it was; the mint's own record does.
    if (!row) return;
    const { grantId, grantKind, caller, mintId } = token;
    const detail = { grantId, grantKind, caller, mintId, target: target(token.target, grantId) };
    await this.write(
      row,
      revoked
        ? { event: 'revoked', ...detail, reason: 'session-over' }
        : {
            event: 'revocation-failed',
            ...detail,
            reason: 'provider-unreachable',
            expiresAt: new Date(token.expiresAt).toISOString(),
          },
    );
  }

  /** A no before any grant was looked at; whose session it is may not be known. */
  async turnedAway(of: {
    readonly refusal: CredentialRefused;
    readonly caller: BrokerCaller | 'unknown';
    readonly request: BrokerRequest | undefined;
    readonly row: SessionRow | undefined;
  }): Promise<void> {
    const { refusal, caller, request, row } = of;
    await this.records.write({
      kind: 'refusal',
      subject: row ? subjectOf(row) : { kind: 'platform' },
      ...(row && { documentHash: row.documentHash }),
      detail: {
        control: 'credential-broker',
        reason: refusal.code,
        action: request?.op ?? 'unknown',
        principal: caller,
        ...(request && { target: request.sessionId }),
        times: 1,
      },
    });
  }

  private async write(row: SessionRow, detail: Detail): Promise<void> {
    await this.records.write({ kind: 'grant', subject: subjectOf(row), documentHash: row.documentHash, detail });
  }
}

function base(caller: BrokerCaller, grant: DocumentGrant, asked: string, reason: string) {
  return { grantId: grant.id, grantKind: grant.kind, caller, target: target(asked, grant.id), reason };
}

function subjectOf({ sessionId, requester, team, profile, repository }: SessionRow): GrantDraft['subject'] {
  return { kind: 'session', sessionId, requester, team, profile, ...(repository !== undefined && { repository }) };
}

const TARGET = /^[A-Za-z0-9][A-Za-z0-9_.:/@+=,-]{0,255}$/;

/** An audience may be any text; what does not fit a record is named by its hash. */
function target(text: string, grantId: string): string {
  if (TARGET.test(text)) return text;
  return `${grantId}/sha256:${sha256(text)}`;
}

const RIGHT = /^[a-z][a-z0-9_:.*-]{0,63}$/;
const MOST_RIGHTS = 24;

/** Scopes of some providers are URLs: those are named by their hash. All of them, where they are too many, likewise. */
function recordedRights({ asked, held, granted }: Rights) {
  const recorded = (rights: readonly string[]) =>
    rights.slice(0, MOST_RIGHTS).map((right) => (RIGHT.test(right) ? right : `sha256:${sha256(right).slice(0, 32)}`));
  const all = JSON.stringify({ asked, held, granted });
  const cut = [asked, held, granted].some((rights) => rights.length > MOST_RIGHTS);
  return {
    asked: recorded(asked),
    held: recorded(held),
    granted: recorded(granted),
    ...(cut && { full: { sha256: sha256(all), bytes: Buffer.byteLength(all) } }),
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
