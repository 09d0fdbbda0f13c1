export { AgentPlatformChecks } from './agent-platform-checks';
export { STACK_BUDGET } from './stack-budget';
