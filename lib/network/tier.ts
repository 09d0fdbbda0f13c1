/** How much network stands behind a session, and so what the platform costs while nothing runs. */
export enum Tier {
  /**
   * The services sit in public subnets without inbound rules; no Network Firewall, no NAT. Another topology than
   * STANDARD, not STANDARD with less: moving between the two moves the services to other subnets.
   */
  LEAN = 'lean',
  /** What leaves the services passes Network Firewall and a NAT gateway of its own zone. */
  STANDARD = 'standard',
  /** Two zones of everything, GuardDuty's endpoint for runtime monitoring. */
  MAXIMUM = 'maximum',
}
