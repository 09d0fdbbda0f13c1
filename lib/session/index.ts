export { SESSION_PATHS, SESSION_USER } from '../../core/session/task-layout';
export { Sessions, type SessionsProps } from './sessions';
export type { ISessions, PolicyLocation } from './sessions-ref';
