export { type ServiceBuildOptions, ServiceImage } from '../service-image';
export { ClientIdentity, type SecurityGroupClient } from './client-identity';
export { EgressProxy, type EgressProxyProps } from './egress-proxy';
