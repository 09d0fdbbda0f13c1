import type { Attack } from './attack';
import { ATTACKS_BY_ADDRESS } from './attacks-by-address';
import { ATTACKS_ON_FRAMING } from './attacks-on-framing';
import { ATTACKS_ON_GRAPHQL } from './attacks-on-graphql';
import { ATTACKS_ON_JSON } from './attacks-on-json';
import { ATTACKS_ON_MCP } from './attacks-on-mcp';
import { ATTACKS_ON_NAMES } from './attacks-on-names';
import { ATTACKS_ON_PATHS, ATTACKS_ON_QUERIES } from './attacks-on-paths';
import { ATTACKS_ON_RULES } from './attacks-on-rules';

export { ATTACKED, type Attack, headOf, PROXY_HOST, waysOf, wireOf } from './attack';

/** Everything tried against the egress rules; each entry through every way it can be sent by. */
export const ATTACKS: readonly Attack[] = [
  ...ATTACKS_BY_ADDRESS,
  ...ATTACKS_ON_NAMES,
  ...ATTACKS_ON_FRAMING,
  ...ATTACKS_ON_PATHS,
  ...ATTACKS_ON_QUERIES,
  ...ATTACKS_ON_RULES,
  ...ATTACKS_ON_GRAPHQL,
  ...ATTACKS_ON_MCP,
  ...ATTACKS_ON_JSON,
];
export { HEADER_ATTACKS, type HeaderAttack } from './attacks-on-headers';
