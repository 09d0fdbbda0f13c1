import { UNDECIDED_BYTES } from '../../core/network/default-deny';
import type { Answer, Observation } from './lab/protocol';

/** What must be seen of a case. Of a refusal nothing ever comes back, so that isn't said again in each. */
export interface Expectation {
  /** One of these; without it any but `answered`. */
  readonly answers?: readonly Answer[];
  /** Payload that may reach the server. */
  readonly mostAtServer: number;
  readonly noSynAtServer?: boolean;
}

export const PASS: Expectation = { answers: ['answered'], mostAtServer: Number.POSITIVE_INFINITY };
/** Refused at the first payload, which stays here. */
export const RESET: Expectation = { answers: ['reset'], mostAtServer: 0 };
/** Refused once the ClientHello is complete: what came before its last segment may have passed. */
export const RESET_LATE: Expectation = { answers: ['reset'], mostAtServer: 4_000 };
/** Not even a connection. */
export const NO_CONNECTION: Expectation = { answers: ['refused'], mostAtServer: 0, noSynAtServer: true };
/** However the client learns of it. */
export const NOTHING: Expectation = { mostAtServer: 0 };
/** A ClientHello that never ends: the limit of the rules, and nothing comes back. */
export const BOUNDED: Expectation = { mostAtServer: UNDECIDED_BYTES };

/** What is not as expected, in words; empty when all is. */
export function differences(expected: Expectation, seen: Observation): string[] {
  const { answers, mostAtServer, noSynAtServer = false } = expected;
  const passes = answers?.includes('answered') ?? false;
  const problems: string[] = [];
  if (answers ? !answers.includes(seen.answer) : seen.answer === 'answered') {
    problems.push(`the client saw "${seen.answer}", expected "${answers?.join('" or "') ?? 'no answer'}"`);
  }
  if (seen.answer.startsWith('error')) problems.push(`the client failed: ${seen.answer}`);
  if (seen.atServer > mostAtServer) problems.push(`${seen.atServer} bytes at the server, at most ${mostAtServer}`);
  if (!passes && seen.received > 0) problems.push(`${seen.received} bytes came back, expected none`);
  if (noSynAtServer && seen.synsAtServer > 0) problems.push('a SYN reached the server');
  return problems;
}
