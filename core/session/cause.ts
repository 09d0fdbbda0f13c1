import type { TerminalState } from './state';

interface Cause {
  readonly end: TerminalState;
  /** What happened, for the person whose session it was. */
  readonly says: string;
}

/**
 * What leads to an end. Each names one end, so a row whose cause is known says how it will end before it has: the first
 * cause written stays, whatever else is reported of a task that is being torn down.
 */
export const CAUSES = {
  'agent-succeeded': { end: 'SUCCEEDED', says: 'the agent ended with exit code 0' },

  'agent-failed': { end: 'FAILED', says: 'the agent ended with an exit code other than 0' },
  'init-failed': { end: 'FAILED', says: 'session-init could not prepare the task; the agent was never started' },
  'recorder-failed': { end: 'FAILED', says: 'session-recorder ended, and without it no agent runs on' },
  'task-failed-to-start': { end: 'FAILED', says: 'ECS could not start the task: an image, the network or the disk' },
  'host-retired': { end: 'FAILED', says: 'AWS took the host away' },
  'task-lost': { end: 'FAILED', says: 'ECS does not know the task any more' },
  'address-taken': { end: 'FAILED', says: 'another task was given its address: the task was gone before ECS said so' },
  'address-conflict': { end: 'FAILED', says: 'ECS reported one address for two running tasks; neither is trusted' },
  'preflight-failed': { end: 'FAILED', says: 'the checks before the start broke and said neither yes nor no' },
  'launch-failed': { end: 'FAILED', says: 'ECS took no task, however often it was asked' },
  'start-timeout': { end: 'FAILED', says: 'a task was started, and no agent came to run in it' },
  'never-started': { end: 'FAILED', says: 'nobody took the session up after it was accepted' },
  'platform-error': { end: 'FAILED', says: 'the state machine broke while the session ran' },

  'stop-requested': { end: 'STOPPED', says: 'a person or system stopped it' },
  panic: { end: 'STOPPED', says: 'the platform was put to a stop' },
  'control-stopped': { end: 'STOPPED', says: 'a control of the platform stopped it' },
  'stopped-in-ecs': { end: 'STOPPED', says: 'somebody stopped its task in ECS, past this platform' },

  'platform-paused': { end: 'REFUSED', says: 'the platform is stopped by a panic that nobody has lifted' },
  'profile-unknown': { end: 'REFUSED', says: 'no profile of the name is deployed' },
  'document-changed': { end: 'REFUSED', says: 'the policy document is not the one the session was admitted under' },
  'image-not-found': { end: 'REFUSED', says: 'the registry does not have the image of the profile' },
  'image-unsigned': { end: 'REFUSED', says: 'the image of the profile has no valid signature' },
  'task-text-missing': { end: 'REFUSED', says: 'the task text is not where the session says' },
  'grant-unresolvable': { end: 'REFUSED', says: 'a grant of the profile can not be had' },
  'grant-beyond-requester': { end: 'REFUSED', says: 'a grant of the profile gives more than the requester may do' },
  'branch-unprotected': { end: 'REFUSED', says: 'the default branch of the repository has no rules' },
  'budget-exceeded': { end: 'REFUSED', says: 'the budget of the team or the requester is used up' },
  'canary-escaped': { end: 'REFUSED', says: 'a probe of the network got out; the agent was never started' },
  'launcher-refused': {
    end: 'REFUSED',
    says: "a check inside the agent's container failed; the agent was never started",
  },

  'queue-timeout': { end: 'EXPIRED', says: 'it waited too long for a place' },
  'lifetime-over': { end: 'EXPIRED', says: 'its lifetime ran out' },
  idle: { end: 'EXPIRED', says: 'the agent did nothing for too long' },
} as const satisfies Readonly<Record<string, Cause>>;

export type CauseCode = keyof typeof CAUSES;
export type PreflightCause = {
  [C in CauseCode]: (typeof CAUSES)[C]['end'] extends 'REFUSED' ? C : never;
}[CauseCode];

export function isCause(code: string): code is CauseCode {
  return Object.hasOwn(CAUSES, code);
}

/** A cause nobody knows is a newer writer's; of an end that is not understood nothing good is said. */
export function endOf(cause: string | undefined): TerminalState {
  return cause !== undefined && isCause(cause) ? CAUSES[cause].end : 'FAILED';
}
