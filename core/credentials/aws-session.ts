import type { DocumentGrant } from '../egress/document';
import type { SessionRow } from '../session/row';
import { actionsOf } from './aws-services';
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
        ...requesterTag(row.requester),
      ],
      policy: policy.policy,
      durationSeconds: AWS_SESSION_SECONDS,
    },
  };
}

/** Source: IAM, "Rules for adding session tags in AWS STS". */
const TAG_VALUE = /^[A-Za-z0-9_.:/=+@ -]{1,256}$/;

/** Left out where it does not fit: a name that was mended could be another person's, and policies compare it. */
function requesterTag(requester: string): { readonly key: string; readonly value: string }[] {
  return TAG_VALUE.test(requester) ? [{ key: 'agent-platform:requester', value: requester }] : [];
}

type PolicyResult = { readonly kind: 'ok'; readonly policy: string } | CredentialRefused;

/**
 * What the grant names, as a policy that the role is narrowed with: whatever else the role may do, a session may not. A
 * policy too large is no policy; leaving statements out would give less than said, and leaving the policy out all.
 */
export function sessionPolicy({ roleArn, region, services, buckets }: AwsGrant): PolicyResult {
  const partition = roleArn.split(':')[1];
  if (partition === undefined || !/^aws[a-z-]*$/.test(partition)) {
    return refusedFor('service-unknown', 'the role is named by no ARN');
  }
  const unknown = services.filter((service) => actionsOf(service) === undefined);
  if (unknown.length > 0) {
    return refusedFor('service-unknown', `no IAM prefix is known for ${unknown.join(', ')}`);
  }
  const statements = [
    ...(services.length > 0
      ? [
          {
            Effect: 'Allow',
            Action: [...new Set(services.flatMap((service) => actionsOf(service) ?? []))],
            Resource: '*',
            Condition: { StringEquals: { 'aws:RequestedRegion': region } },
          },
        ]
      : []),
    ...(buckets.length > 0
      ? [
          {
            Effect: 'Allow',
            Action: 's3:*',
            Resource: buckets.flatMap((bucket) => [
              `arn:${partition}:s3:::${bucket}`,
              `arn:${partition}:s3:::${bucket}/*`,
            ]),
          },
        ]
      : []),
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
