import type { DocumentGrant } from '../egress/document';
import { type CredentialRefused, refusedFor } from './refusal';

export type SecretHeaderGrant = Extract<DocumentGrant, { kind: 'secret-header' }>;

/** A shorter value can't be looked for in answers: it would be found everywhere. */
export const MIN_SECRET_LENGTH = 8;

/** RFC 9110, section 5.6.2: token. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;
/** RFC 9110, section 5.5, without obs-text: CR, LF and NUL would end the header and start what an attacker likes. */
const HEADER_VALUE = /^[!-~](?:[\t -~]{0,16382}[!-~])?$/;

export type SecretHeaderResult =
  | { readonly kind: 'ok'; readonly name: string; readonly value: string; readonly secrets: readonly string[] }
  | CredentialRefused;

/** A value that is nearly right is refused, not mended: what is sent has to be what is looked for in answers. */
export function secretHeader({ header, prefix }: SecretHeaderGrant, text: string | undefined): SecretHeaderResult {
  const unusable = (problem: string) => refusedFor('secret-unusable', problem);
  if (!HEADER_NAME.test(header)) return unusable('the name of the header is none; mend it in the profile');
  if (text === undefined) return unusable('the secret holds bytes; store it as text');
  if (text.startsWith('{')) return unusable('the secret holds JSON; store the bare value in a secret of its own');
  if (/[\r\n]$/.test(text)) return unusable('the secret ends in a line break; store it without');
  if (text.length < MIN_SECRET_LENGTH) {
    return unusable(`the secret is shorter than ${MIN_SECRET_LENGTH} characters, too short to be found in answers`);
  }
  const value = `${prefix}${text}`;
  // The prefix is the profile's; together they make one line or none.
  if (!HEADER_VALUE.test(text) || !HEADER_VALUE.test(value)) {
    return unusable(
      'prefix and secret are no header value: visible ASCII, at most 16 KB, no line break, no space around',
    );
  }
  return { kind: 'ok', name: header, value, secrets: value === text ? [text] : [value, text] };
}
