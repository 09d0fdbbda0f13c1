/** Tag of a session's task, with its id. For people and bills; nothing here believes it. */
export const SESSION_TAG = 'agent-platform:session';
