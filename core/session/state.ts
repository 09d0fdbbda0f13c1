/** In the order of a session's life. A session waits in QUEUED at the concurrency limit or at RunTask's rate. */
export const LIVE_STATES = [
  'PENDING',
  'PREFLIGHT',
  'QUEUED',
  'STARTING',
  'RUNNING',
  'AWAITING_APPROVAL',
  'STOPPING',
] as const;
export type LiveState = (typeof LIVE_STATES)[number];

/** Nothing leads out of one of these. Which control or event led there is the row's `cause`. */
export const TERMINAL_STATES = ['SUCCEEDED', 'FAILED', 'STOPPED', 'REFUSED', 'EXPIRED'] as const;
export type TerminalState = (typeof TERMINAL_STATES)[number];

export const SESSION_STATES = [...LIVE_STATES, ...TERMINAL_STATES] as const;
export type SessionState = (typeof SESSION_STATES)[number];

/** What a person reads at the end: what happened, and what to do next. One of each, so that nobody has to guess. */
export const ENDINGS: Readonly<Record<TerminalState, { readonly reason: string; readonly remedy: string }>> = {
  SUCCEEDED: {
    reason: 'the agent ended by itself with exit code 0',
    remedy: 'nothing to do; read what it made with `agentctl result`',
  },
  FAILED: {
    reason: 'the agent, its container or the platform broke before the work was done',
    remedy: 'read the cause with `agentctl status` and the last lines with `agentctl logs`, then start again',
  },
  STOPPED: {
    reason: 'a person or a control stopped it while it ran',
    remedy: 'read who and why with `agentctl status`; start again once that is settled',
  },
  REFUSED: {
    reason: 'a check said no before the agent ran, so nothing was done',
    remedy: 'read which check with `agentctl status`, mend what it names, then start again',
  },
  EXPIRED: {
    reason: 'its lifetime, idle time, or time in the queue ran out',
    remedy: 'give the profile more time or the session a smaller task, then start again',
  },
};

export function isTerminal(state: SessionState): state is TerminalState {
  return (TERMINAL_STATES as readonly string[]).includes(state);
}
