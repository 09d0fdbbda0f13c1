export * from './access';
export { AgentPlatform, type AgentPlatformProps } from './agent-platform';
export { AgentPlatformStage, type AgentPlatformStageProps } from './agent-platform-stage';
export * from './credentials';
export * from './egress';
export * from './network';
export type { PlatformProps } from './platform-props';
export * from './profile';
export * from './session';
