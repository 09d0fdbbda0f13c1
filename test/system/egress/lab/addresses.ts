/**
 * Addresses of the lab's namespace, where every address of the internet leads to one process: the upstream answers at its
 * own, and at all others a trap writes down whoever comes. The upstream's looks public, because the proxy dials no other.
 */
export const UPSTREAM = '9.9.9.1';
export const UPSTREAM_IPV6 = '2600:9000::1';
/** Public too, and nobody's whom a rule names. */
export const ATTACKER = '9.9.9.2';
/** No route leads there. */
export const UNREACHABLE = '9.9.9.3';
/** In a network of its own, behind a name whose rule allows that. */
export const PRIVATE_UPSTREAM = '10.7.0.1';

export const PROXY = '10.1.0.1';
export const AGENTS = {
  /** Bound to the profile that the list of attacks is made for. */
  attacked: '10.1.0.10',
  /** Bound to the lab's own profile. */
  lab: '10.1.0.11',
  /** Another session of that profile. */
  neighbour: '10.1.0.12',
  /** Its session is over. */
  closed: '10.1.0.13',
  /** Bound to a profile without a document. */
  undocumented: '10.1.0.14',
  /** Bound to nobody. */
  stranger: '10.1.0.99',
} as const;

/** Ports at which the trap listens, beside the two that the upstream has. */
export const TRAP_PORTS = [22, 25, 8080, 8443];
