/**
 * Why there is no credential. A word from here stands in the record and in the answer; `problem` beside it is for the
 * operator and holds nothing that was sent, and nothing of a secret.
 */
export const CREDENTIAL_REFUSALS = {
  'caller-unknown': 'nobody who may ask invoked the broker',
  'message-invalid': 'the request was not understood',
  'not-for-caller': 'this service may not ask for that',
  'session-not-live': 'no live session has this id',
  'platform-paused': 'a panic was raised',
  'tables-unreadable': 'it can not be told whether the session is live',
  'document-missing': "the profile's policy document can not be read",
  'document-changed': 'the policy document is not the one that the session was admitted under',
  'grant-missing': "the session's policy document has no such grant",
  'target-not-granted': 'the grant is not for this request',
  'not-configured': 'this kind of grant is not set up here',
  'requester-unknown': 'nobody knows which account of the provider is the requester',
  'requester-rights': 'the requester has less than the grant asks for',
  'branch-unprotected': 'the default branch takes pushes without review',
  'policy-too-large': 'the grant needs a session policy larger than AWS takes',
  'service-unknown': 'no session policy can be written for this service',
  'provider-refused': 'the provider gave no credential',
  'provider-unreachable': 'the provider did not answer',
  'secret-unusable': 'the stored secret can not be used',
  'record-failed': 'it could not be written down, so it was not done',
} as const;

export type CredentialRefusalCode = keyof typeof CREDENTIAL_REFUSALS;

export interface CredentialRefused {
  readonly kind: 'refused';
  readonly code: CredentialRefusalCode;
  readonly problem: string;
}

export function refusedFor(
  code: CredentialRefusalCode,
  problem: string = CREDENTIAL_REFUSALS[code],
): CredentialRefused {
  return { kind: 'refused', code, problem };
}
