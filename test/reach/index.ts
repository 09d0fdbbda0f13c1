import { endpointFindings, permits } from './endpoint-policies';
import { evidenceFindings } from './evidence';
import { firewallFindings } from './firewall-policy';
import { groupFindings } from './group-findings';
import { identityFindings } from './identities';
import type { Finding } from './inventory';
import { answeredNames, nameFindings } from './names';
import type { Templates } from './resolver';
import { sessionFindings } from './session-findings';
import { networkReach } from './session-reach';
import { Topology } from './topology';
import { unique } from './values';
import { wayOutFindings } from './way-out';

const CHECKS = [
  sessionFindings,
  groupFindings,
  endpointFindings,
  nameFindings,
  identityFindings,
  wayOutFindings,
  firewallFindings,
  evidenceFindings,
];

/** What a session can send to, ask for and resolve. */
export interface SessionReach {
  /** `protocol port to place`. */
  readonly network: readonly string[];
  /** `service: action on resource for principal`, of the endpoints in the sessions VPC. */
  readonly permits: readonly string[];
  readonly names: readonly string[];
}

export function findings(templates: Templates): Finding[] {
  const topology = new Topology(templates);
  return CHECKS.flatMap((check) => [...check(topology)]);
}

export function sessionReach(templates: Templates): SessionReach {
  const topology = new Topology(templates);
  const own = topology.endpoints.filter((endpoint) => endpoint.vpc === topology.sessionsVpc);
  return {
    network: networkReach(topology),
    permits: unique(own.flatMap((endpoint) => permits(topology, endpoint))),
    names: answeredNames(topology, topology.sessionsVpc).names,
  };
}
