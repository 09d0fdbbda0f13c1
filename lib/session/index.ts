export { Sessions, type SessionsProps } from './sessions';
export type { ISessions, PolicyLocation } from './sessions-ref';
export { SESSION_PATHS, SESSION_USER } from './task-layout';
