export { AgentImage, type AgentImageConfig, type IAgentRepositories } from './agent-image';
export {
  EgressPreset,
  EgressRule,
  type EgressRuleOptions,
  type EgressTarget,
  type GraphqlOperations,
  type QueryParameter,
} from './egress';
export {
  type AwsRoleGrantOptions,
  type GithubAppGrantOptions,
  Grant,
  type OauthGrantOptions,
  type OidcGrantOptions,
  type SecretHeaderGrantOptions,
} from './grant';
export { HttpMethod } from './http-method';
export { type ModelAccess, SessionProfile, type SessionProfileProps } from './session-profile';
