import { init } from './init';
import { leftovers } from './leftovers';
import { summary } from './summary';
import { validate } from './validate';
import type { Io, Verb } from './verb';

const VERBS: Readonly<Record<string, { readonly run: Verb; readonly about: string }>> = {
  init: { run: init, about: 'write a platform.yaml from a few questions' },
  validate: { run: validate, about: 'check a platform.yaml; names the line of everything that is wrong' },
  summary: { run: summary, about: 'what the synthesized platform is, costs and permits' },
  leftovers: { run: leftovers, about: 'what stays in the account after destroy, and what it costs' },
};

const HELP = `agentctl: the platform from the command line

${Object.entries(VERBS)
  .map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`)
  .join('\n')}

agentctl VERB --help says more of one. Exit codes: 0 done, 1 something is wrong, 2 could not run as asked.
`;

export async function agentctl(args: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    io.stdout(HELP);
    return name === undefined ? 2 : 0;
  }
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (verb === undefined) {
    io.stderr(
      `agentctl: got the verb "${name}", expected one of ${Object.keys(VERBS).join(', ')}; see agentctl --help\n`,
    );
    return 2;
  }
  return await verb.run(rest, io);
}
