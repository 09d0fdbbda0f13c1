export { SESSION_PATHS, SESSION_USER } from '../../core/session/task-layout';
export type { IGrantBroker } from './lifecycle-functions';
export type { ISessionLifecycle } from './lifecycle-ref';
export { SessionLifecycle, type SessionLifecycleProps } from './session-lifecycle';
export { Sessions, type SessionsProps } from './sessions';
export type { ISessions, PolicyLocation } from './sessions-ref';
