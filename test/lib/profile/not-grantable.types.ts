import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Grant, SessionProfile } from '../../../lib/profile';

/**
 * Checked by `npm run typecheck` and never run: a session is no IAM principal. Were one of these lines to compile,
 * tsc would complain about the comment above it.
 */
export function s4NothingIsGrantedToASession(bucket: IBucket, profile: SessionProfile, grant: Grant): unknown[] {
  return [
    // @ts-expect-error a profile is not IGrantable
    bucket.grantRead(profile),
    // @ts-expect-error nor is a grant
    bucket.grantRead(grant),
    // @ts-expect-error nor does either pass for one
    profile satisfies IGrantable,
    // @ts-expect-error nor does either pass for one
    grant satisfies IGrantable,
  ];
}
