import { createHash } from 'node:crypto';
import type { DocumentGrant } from '../egress/document';
import type { SessionRow } from '../session/row';
import { actionsOf, credentialActionsOf } from './aws-services';
import { type CredentialRefused, refusedFor } from './refusal';

export type AwsGrant = Extract<DocumentGrant, { kind: 'aws-role' }>;

/** The least that STS gives, and the most a key of an ended session still works. */
export const AWS_SESSION_SECONDS = 900;
/** Of the text. Source: AWS STS API reference, AssumeRole. */
const MAX_POLICY_CHARACTERS = 2048;

export interface AwsSession {
  readonly roleArn: string;
  /** Session names and SourceIdentity are the session's id: what CloudTrail shows joins the records without a table. */
  readonly sessionName: string;
  readonly sourceIdentity: string;
  readonly externalId: string;
  readonly tags: readonly { readonly key: string; readonly value: string }[];
  readonly policy: string;
  readonly durationSeconds: number;
}

export type AwsSessionResult = { readonly kind: 'ok'; readonly session: AwsSession } | CredentialRefused;

/**
 * Bound to platform, profile and grant: a role is let to one of them by its trust policy, and the author of another
 * profile who names the same role gets nothing (confused deputy).
 */
export function externalId(platform: string, profile: string, grantId: string): string {
  return `${platform}/${profile}/${grantId}`;
}

export function awsSession(platform: string, row: SessionRow, grant: AwsGrant): AwsSessionResult {
  const policy = sessionPolicy(grant);
  if (policy.kind === 'refused') return policy;
  return {
    kind: 'ok',
    session: {
      roleArn: grant.roleArn,
      sessionName: row.sessionId,
      sourceIdentity: row.sessionId,
      externalId: externalId(platform, row.profile, grant.id),
      tags: [
        { key: 'agent-platform:session', value: row.sessionId },
        { key: 'agent-platform:profile', value: row.profile },
        { key: 'agent-platform:team', value: row.team },
        { key: 'agent-platform:requester-sha256', value: requesterHash(row.requester) },
      ],
      policy: policy.policy,
      durationSeconds: AWS_SESSION_SECONDS,
    },
  };
}

/**
 * A principal has a `|`, which no tag value may (IAM, "Rules for adding session tags in AWS STS"). Hashed and not mended:
 * a name that was mended could be another person's, and policies compare it.
 */
function requesterHash(requester: string): string {
  return createHash('sha256').update(requester, 'utf8').digest('hex');
}

/**
 * Objects, and what clients ask of a bucket to find them. No ACL, policy, replication, notification or tag of a bucket:
 * those let others in, and stay when the session is over.
 */
export const BUCKET_ACTIONS: readonly string[] = [
  's3:GetObject',
  's3:GetObjectVersion',
  's3:PutObject',
  's3:DeleteObject',
  's3:AbortMultipartUpload',
  's3:ListMultipartUploadParts',
  's3:ListBucket',
  's3:ListBucketVersions',
  's3:ListBucketMultipartUploads',
  's3:GetBucketLocation',
];

type PolicyResult = { readonly kind: 'ok'; readonly policy: string } | CredentialRefused;

/**
 * What the grant names, as a policy that the role is narrowed with: whatever else the role may do, a session may not. A
 * policy too large is no policy; leaving statements out would give less than said, and leaving the policy out all.
 *
 * Every customer of AWS answers at the hosts of a service, so what is allowed is allowed in the role's account. Actions
 * that do not tell AWS whose resource it is are refused by that condition, as they should be.
 */
export function sessionPolicy({ roleArn, region, services, buckets }: AwsGrant): PolicyResult {
  const [, partition, account] = /^arn:(aws[a-z-]*):iam::(\d{12}):role\//.exec(roleArn) ?? [];
  if (partition === undefined || account === undefined) {
    return refusedFor('service-unknown', 'the role is named by no ARN');
  }
  const unknown = services.filter((service) => actionsOf(service) === undefined);
  if (unknown.length > 0) {
    return refusedFor('service-unknown', `no IAM prefix is known for ${unknown.join(', ')}`);
  }
  const ours = { 'aws:ResourceAccount': account };
  const denied = [...new Set(services.flatMap(credentialActionsOf))];
  const statements = [
    ...(services.length > 0
      ? [
          {
            Effect: 'Allow',
            Action: [...new Set(services.flatMap((service) => actionsOf(service) ?? []))],
            Resource: '*',
            Condition: { StringEquals: { 'aws:RequestedRegion': region, ...ours } },
          },
        ]
      : []),
    ...(buckets.length > 0
      ? [
          {
            Effect: 'Allow',
            Action: BUCKET_ACTIONS,
            Resource: buckets.flatMap((bucket) => [
              `arn:${partition}:s3:::${bucket}`,
              `arn:${partition}:s3:::${bucket}/*`,
            ]),
            Condition: { StringEquals: ours },
          },
        ]
      : []),
    ...(denied.length > 0 ? [{ Effect: 'Deny', Action: denied, Resource: '*' }] : []),
  ];
  if (statements.length === 0) return refusedFor('service-unknown', 'the grant names no service and no bucket');
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  if (policy.length > MAX_POLICY_CHARACTERS) {
    return refusedFor(
      'policy-too-large',
      `its session policy has ${policy.length} characters, AWS takes ${MAX_POLICY_CHARACTERS}; split the grant in two`,
    );
  }
  return { kind: 'ok', policy };
}
