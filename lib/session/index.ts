export { SESSION_PATHS, SESSION_USER } from './session-task';
export { Sessions, type SessionsProps } from './sessions';
