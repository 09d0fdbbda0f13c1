import { leftovers as leftoversOf, leftoversText } from '../core/ceiling/leftovers';
import { EMPTY_IT } from '../core/ceiling/protections';
import { DEFAULT_FOLDER, withAssembly } from './assembly';
import type { Io } from './verb';

const USAGE = `agentctl leftovers [FOLDER]

What of the synthesized app in FOLDER (${DEFAULT_FOLDER}) stays in the account after npm run destroy, what that costs,
and what stops the removal until it is switched off (exit code 1) or emptied.`;

export function leftovers(args: readonly string[], io: Io): number {
  return withAssembly(args, io, USAGE, ({ templates, terminationProtected }) => {
    const stacks = terminationProtected.map(
      (name) => `Stack ${name} has termination protection: switch it off first.\n`,
    );
    // Whether a bucket is empty, a template does not say: that is told, and is no reason to stop.
    const refused = leftoversOf(templates).stops.some(({ first }) => first.some((each) => each !== EMPTY_IT));
    const blocked = stacks.length > 0 || refused;
    const next = 'Set deletionProtection: false in platform.yaml, npm run deploy, and then npm run destroy.\n';
    io.stdout(`${leftoversText(templates)}\n${stacks.join('')}${blocked ? next : ''}`);
    // A removal that AWS refuses half way leaves stacks that neither work nor go.
    return blocked ? 1 : 0;
  });
}
