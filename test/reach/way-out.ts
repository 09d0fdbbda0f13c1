import type { Finding } from './inventory';
import { targetOf } from './resolver';
import type { Subnet, Topology } from './topology';
import { list, text, unique } from './values';

/** N14, F12: from a service to the internet and back, in one zone, past the firewall both ways. */
export function* wayOutFindings(topology: Topology): Generator<Finding> {
  const { inventory, egressVpc } = topology;
  const zones = (vpc: string): string[] =>
    unique(topology.subnets.filter((own) => own.vpc === vpc).map((own) => own.zone));
  const sessionZones = zones(topology.sessionsVpc);
  const serviceZones = unique(topology.egressSubnets('service').map((own) => own.zone));
  if (`${sessionZones}` !== `${zones(egressVpc)}` || `${sessionZones}` !== `${serviceZones}`) {
    yield { id: 'zones-differ', where: egressVpc, problem: `sessions in ${sessionZones}, services in ${serviceZones}` };
  }
  for (const subnet of topology.egressSubnets('service')) yield* serviceFindings(topology, subnet);
  for (const subnet of topology.egressSubnets('firewall')) yield* firewallSubnetFindings(topology, subnet);
  for (const subnet of topology.egressSubnets('nat')) yield* natSubnetFindings(topology, subnet);
  for (const subnet of topology.egressSubnets('isolated')) {
    for (const route of topology.routesOf(subnet)) {
      yield { id: 'route-of-isolated', where: route.id, problem: `endpoints need no way to ${route.destination}` };
    }
  }
  for (const nat of inventory.ofType('AWS::EC2::NatGateway')) {
    if (text(nat.props.AvailabilityMode) === 'regional' || !targetOf(nat.props.SubnetId)) {
      yield { id: 'nat-not-zonal', where: nat.id, problem: 'a regional NAT gateway has one route table: no way back' };
    }
  }
  for (const firewall of inventory.ofType('AWS::NetworkFirewall::Firewall')) {
    // Of several endpoints the order is not known, so a route by position may lead to another zone.
    if (list(firewall.props.SubnetMappings).length !== 1) {
      yield { id: 'firewall-not-zonal', where: firewall.id, problem: 'expected one firewall for each zone' };
    }
  }
}

function* serviceFindings(topology: Topology, subnet: Subnet): Generator<Finding> {
  const routes = topology.routesOf(subnet).filter((route) => route.way !== 'peering');
  if (!topology.firewallPromised) {
    for (const route of routes.filter((own) => own.way !== 'internet gateway')) {
      yield { id: 'way-out-past-firewall', where: route.id, problem: `${route.destination} through ${route.way}` };
    }
    return;
  }
  for (const route of routes) {
    const behind = topology.firewallOf(route);
    if (!behind) {
      yield { id: 'way-out-past-firewall', where: route.id, problem: `${route.destination} through ${route.way}` };
    } else if (behind.zone !== subnet.zone) {
      yield { id: 'way-out-in-other-zone', where: route.id, problem: `${subnet.zone} leaves through ${behind.zone}` };
    }
  }
  if (!routes.some((route) => route.destination === '0.0.0.0/0')) {
    yield { id: 'way-out-missing', where: subnet.id, problem: 'no default route: services reach nothing' };
  }
  for (const route of topology.routesOf(subnet).filter((own) => own.way === 'peering')) {
    if (!topology.sessionSubnets.some((own) => own.cidr === route.destination)) {
      yield { id: 'peering-route-wide', where: route.id, problem: `${route.destination} is no session subnet` };
    }
  }
}

function* firewallSubnetFindings(topology: Topology, subnet: Subnet): Generator<Finding> {
  const routes = topology.routesOf(subnet);
  const [only] = routes;
  const nat = topology.inventory.get(targetOf(only?.target));
  const zone = topology.subnets.find((own) => own.id === targetOf(nat?.props.SubnetId))?.zone;
  const right = only?.way === 'nat gateway' && only.destination === '0.0.0.0/0' && zone === subnet.zone;
  if (routes.length !== 1 || !right) {
    yield {
      id: 'firewall-to-nat',
      where: subnet.id,
      problem: `expected one route, to the NAT gateway in ${subnet.zone}`,
    };
  }
}

/** Without the way back through the same endpoint the firewall sees half of each connection, and drops it. */
function* natSubnetFindings(topology: Topology, subnet: Subnet): Generator<Finding> {
  if (topology.subnets.some((own) => own.id !== subnet.id && own.table === subnet.table)) {
    yield { id: 'nat-not-zonal', where: subnet.id, problem: 'shares its route table: the way back is another zone' };
  }
  const routes = topology.routesOf(subnet);
  const service = topology.egressSubnets('service').find((own) => own.zone === subnet.zone);
  const out = service && topology.routesOf(service).find((route) => route.destination === '0.0.0.0/0');
  const back = routes.filter((route) => route.way !== 'internet gateway');
  const [only] = back;
  const zone = only && topology.firewallOf(only)?.zone;
  const right = only?.destination === service?.cidr && zone === subnet.zone;
  // Where the way out itself is wrong, that is the finding; the way back is judged by its own zone.
  const same =
    out?.way !== 'firewall endpoint' || topology.firewallOf(out)?.zone !== subnet.zone || out.target === only?.target;
  if (topology.firewallPromised && (back.length !== 1 || !right || !same)) {
    const problem = `expected one route to ${service?.cidr} through the firewall endpoint in ${subnet.zone}`;
    yield { id: 'return-route', where: subnet.id, problem };
  }
  if (!routes.some((route) => route.way === 'internet gateway' && route.destination === '0.0.0.0/0')) {
    yield { id: 'way-out-missing', where: subnet.id, problem: 'the NAT gateway has no internet gateway behind it' };
  }
}
