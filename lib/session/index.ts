export { Sessions, type SessionsProps } from './sessions';
export { SESSION_PATHS, SESSION_USER } from './task-layout';
