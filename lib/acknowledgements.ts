/**
 * Of every role the platform makes: its policy is inline on purpose.
 *
 * @internal
 */
export const INLINE_POLICY = {
  id: 'NIST.800.53.R5-IAMNoInlinePolicy',
  reason:
    'a policy for one role and nobody else; as a managed policy it could be attached to another principal, and would ' +
    'outlive the role',
};
