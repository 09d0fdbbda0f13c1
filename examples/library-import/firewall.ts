import { App, Stack } from 'aws-cdk-lib';
import { SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { DnsFirewall, FirewallPolicy, NetworkFirewall } from 'cdk-agent-platform/network';

/** The network plane alone: an allow-list of names around workloads in a VPC of yours. */
const app = new App();
const stack = new Stack(app, 'team-firewall', { env: { region: 'eu-west-1' } });

const vpc = new Vpc(stack, 'Vpc', {
  maxAzs: 2,
  natGateways: 2,
  subnetConfiguration: [
    { name: 'Public', subnetType: SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false },
    { name: 'Firewall', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 28 },
    // Isolated: the firewall gives these their way out.
    { name: 'Workload', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 22 },
  ],
});

const allowedHosts = ['api.example.com', '.partner.example'];
const workload = { subnetGroupName: 'Workload' };

new NetworkFirewall(stack, 'Firewall', {
  vpc,
  policy: new FirewallPolicy(stack, 'Policy', {
    allowedHosts,
    homeNet: vpc.selectSubnets(workload).subnets.map((subnet) => subnet.ipv4CidrBlock),
  }),
  firewallSubnets: { subnetGroupName: 'Firewall' },
  protectedSubnets: workload,
});
new DnsFirewall(stack, 'Dns', { vpc, allowedHosts });
