import { createHash } from 'node:crypto';
import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts';
import { actionsOf } from '../../core/credentials/aws-services';
import { type AwsGrant, type AwsSession, awsSession } from '../../core/credentials/aws-session';
import { type CredentialRefused, refusedFor } from '../../core/credentials/refusal';
import type { Rights } from '../../core/credentials/rights';
import type { SessionRow } from '../../core/session/row';
import type { Asked, Minter, MintResult, Told } from './minter';

export interface AssumedRole {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly requestId: string | undefined;
}

/** STS. A port, so that tests can have it fail; throws errors by the SDK's names. */
export type AssumeRole = (session: AwsSession) => Promise<AssumedRole>;

export function assumeRoleWith(client: STSClient): AssumeRole {
  return async ({ roleArn, sessionName, sourceIdentity, externalId, tags, policy, durationSeconds }) => {
    const answer = await client.send(
      new AssumeRoleCommand({
        RoleArn: roleArn,
        RoleSessionName: sessionName,
        SourceIdentity: sourceIdentity,
        ExternalId: externalId,
        // Transitive, so that they stay true of whatever the role goes on to assume.
        Tags: tags.map(({ key, value }) => ({ Key: key, Value: value })),
        TransitiveTagKeys: tags.map(({ key }) => key),
        Policy: policy,
        DurationSeconds: durationSeconds,
      }),
      { abortSignal: AbortSignal.timeout(8000) },
    );
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = answer.Credentials ?? {};
    if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration) throw new Error('STS answered without keys');
    return {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
      expiresAt: Expiration.getTime(),
      requestId: answer.$metadata.requestId,
    };
  };
}

const DENY_ALL = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }],
});

/** Keys of a role, narrowed to what the grant names. They leave the proxy never: it signs with them. */
export class AwsRoleMinter implements Minter<AwsGrant> {
  constructor(
    private readonly assumeRole: AssumeRole,
    /** In every external id, so that two platforms are two parties to a role's owner. */
    private readonly platform: string,
  ) {}

  async mint({ row, request }: Asked, grant: AwsGrant): Promise<MintResult> {
    const target = grant.roleArn;
    const rights = rightsOf(grant);
    if (!isHostOf(grant, request.host)) return { ...refusedFor('target-not-granted'), target };
    const made = awsSession(this.platform, row, grant);
    if (made.kind === 'refused') return { ...made, target, rights };
    const { session } = made;
    let role: AssumedRole;
    try {
      role = await this.assumeRole(session);
    } catch (error) {
      return { ...refusalOf(error), target, rights };
    }
    const { accessKeyId, secretAccessKey, sessionToken, expiresAt, requestId } = role;
    return {
      kind: 'minted',
      target,
      rights,
      form: { kind: 'aws-keys', region: grant.region, accessKeyId, secretAccessKey, sessionToken },
      expiresAt,
      sessionPolicy: {
        sha256: createHash('sha256').update(session.policy, 'utf8').digest('hex'),
        bytes: Buffer.byteLength(session.policy),
      },
      ...(requestId !== undefined && { upstreamRequestId: requestId }),
    };
  }

  async check(row: SessionRow, grant: AwsGrant): Promise<readonly (CredentialRefused & Told)[]> {
    const target = grant.roleArn;
    const made = awsSession(this.platform, row, grant);
    if (made.kind === 'refused') return [{ ...made, target }];
    try {
      // Whether a trust policy lets us in can't be asked, only tried: for keys that may do nothing.
      await this.assumeRole({ ...made.session, policy: DENY_ALL });
      return [];
    } catch (error) {
      return [{ ...refusalOf(error), target }];
    }
  }
}

function isHostOf({ region, services, buckets }: AwsGrant, host: string): boolean {
  const names = [...services, ...buckets.map((bucket) => `${bucket}.s3`)];
  return names.some((name) => host === `${name}.${region}.amazonaws.com`);
}

/** A role has no rights of its requester's to compare with: who may use it says its trust policy, by tags. */
function rightsOf({ services, buckets }: AwsGrant): Rights {
  const actions = [...new Set(services.flatMap((service) => actionsOf(service) ?? []))];
  const asked = [...actions.map((action) => action.toLowerCase()), ...(buckets.length > 0 ? ['s3:objects'] : [])];
  return { asked, held: asked, granted: asked };
}

function refusalOf(error: unknown): CredentialRefused {
  switch (error instanceof Error ? error.name : '') {
    case 'PackedPolicyTooLargeException':
    case 'PackedPolicyTooLarge':
      return refusedFor(
        'policy-too-large',
        'session policy and tags together are more than AWS packs; split the grant',
      );
    case 'AccessDenied':
    case 'AccessDeniedException':
      return refusedFor(
        'provider-refused',
        "the role's trust policy does not let the broker in; it has to allow sts:AssumeRole, sts:TagSession and " +
          'sts:SetSourceIdentity with the external id of this grant',
      );
    default:
      return refusedFor('provider-unreachable', `STS: ${error instanceof Error ? error.name : 'failed'}`);
  }
}
