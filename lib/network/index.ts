export { AgentNetwork, type AgentNetworkProps, SERVICE_PORTS } from './agent-network';
export { DnsFirewall, type DnsFirewallProps } from './dns-firewall';
export { FirewallPolicy, type FirewallPolicyProps, type IFirewallPolicy } from './firewall-policy';
export { NetworkFirewall, type NetworkFirewallProps } from './network-firewall';
export { SessionEndpoints, type SessionEndpointsProps } from './session-endpoints';
export { Tier } from './tier';
