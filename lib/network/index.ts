export { SERVICE_PORTS } from '../../core/network/services';
export { AgentNetwork, type AgentNetworkProps } from './agent-network';
export type { IAgentNetwork, IServiceNetwork, ServiceOptions } from './agent-network-ref';
export { DnsFirewall, type DnsFirewallProps } from './dns-firewall';
export { FirewallPolicy, type FirewallPolicyProps, type IFirewallPolicy } from './firewall-policy';
export { NetworkFirewall, type NetworkFirewallProps } from './network-firewall';
export { ServiceNetwork, type ServiceNetworkProps } from './service-network';
export { SessionEndpoints, type SessionEndpointsProps } from './session-endpoints';
export { Tier } from './tier';
