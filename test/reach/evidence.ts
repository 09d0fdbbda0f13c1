import type { Finding } from './inventory';
import { targetOf } from './resolver';
import type { Topology } from './topology';
import { at, list, text } from './values';

/** What is left to read after the fact: flows and names of both VPCs, verdicts of each firewall. */
export function* evidenceFindings({ inventory, sessionsVpc, egressVpc }: Topology): Generator<Finding> {
  for (const vpc of [sessionsVpc, egressVpc]) {
    const flows = inventory.ofType('AWS::EC2::FlowLog').filter(({ props }) => targetOf(props.ResourceId) === vpc);
    if (!flows.some(({ props }) => props.TrafficType === 'ALL')) {
      yield { id: 'flow-log-missing', where: vpc, problem: 'no flow log of all traffic' };
    }
    const queries = inventory.ofType('AWS::Route53Resolver::ResolverQueryLoggingConfigAssociation');
    if (!queries.some(({ props }) => targetOf(props.ResourceId) === vpc)) {
      yield { id: 'query-log-missing', where: vpc, problem: 'names asked for leave no trace' };
    }
  }
  for (const firewall of inventory.ofType('AWS::NetworkFirewall::Firewall')) {
    const kinds = inventory
      .ofType('AWS::NetworkFirewall::LoggingConfiguration')
      .filter(({ props }) => targetOf(props.FirewallArn) === firewall.id)
      .flatMap(({ props }) => list(at(props, 'LoggingConfiguration', 'LogDestinationConfigs')))
      .map((config) => text(at(config, 'LogType')));
    for (const kind of ['ALERT', 'FLOW'].filter((own) => !kinds.includes(own))) {
      yield { id: 'firewall-log-missing', where: firewall.id, problem: `no ${kind} log` };
    }
  }
}
