export { CredentialBroker, type CredentialBrokerProps } from './credential-broker';
export type { ICredentialBroker } from './credential-broker-ref';
export { OauthProvider, type OauthProviderOptions } from './oauth-provider';
