import type { Template } from '../../../core/ceiling/template';

type Body = { readonly Type: string; readonly [key: string]: unknown };

export function template(resources: Readonly<Record<string, Body>>, more: Template = {}): Template {
  return { Resources: resources, ...more };
}

export function resource(type: string, properties: Template = {}, more: Template = {}): Body {
  return { ...more, Type: type, Properties: properties };
}

export const ref = (id: string) => ({ Ref: id });

/** The way out of tier STANDARD in one zone: firewall, NAT gateway and address in one VPC. */
export function egressVpc(zones: readonly string[] = ['1']) {
  return {
    Vpc: resource('AWS::EC2::VPC', { CidrBlock: '10.1.0.0/16' }),
    ...Object.fromEntries(
      zones.flatMap((zone) => [
        [`Public${zone}`, resource('AWS::EC2::Subnet', { VpcId: ref('Vpc') })],
        [`Eip${zone}`, resource('AWS::EC2::EIP', { Domain: 'vpc' })],
        [
          `Nat${zone}`,
          resource('AWS::EC2::NatGateway', {
            SubnetId: ref(`Public${zone}`),
            AllocationId: { 'Fn::GetAtt': [`Eip${zone}`, 'AllocationId'] },
          }),
        ],
      ]),
    ),
  };
}

export function firewall(vpc: unknown, subnets: readonly string[] = ['a'], more: Template = {}) {
  return resource('AWS::NetworkFirewall::Firewall', {
    FirewallName: 'outbound',
    FirewallPolicyArn: ref('Policy'),
    VpcId: vpc,
    SubnetMappings: subnets.map((subnet) => ({ SubnetId: ref(subnet) })),
    ...more,
  });
}

export function proxyTask(more: Template = {}) {
  return resource('AWS::ECS::TaskDefinition', {
    Cpu: '512',
    Memory: '1024',
    RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
    ...more,
  });
}
