import { doctor } from './doctor';
import { init } from './init';
import { leftovers } from './leftovers';
import { login } from './login';
import { panic, unpanic } from './panic';
import { policy } from './policy';
import { cost, list, start, status, stop, watch } from './sessions';
import { summary } from './summary';
import { logs, result } from './transcripts';
import { validate } from './validate';
import { EXITS, type Io, type Verb } from './verb';
import { whoami } from './whoami';

const VERBS: Readonly<Record<string, { readonly run: Verb; readonly about: string }>> = {
  init: { run: init, about: 'write a platform.yaml from a few questions' },
  validate: { run: validate, about: 'check a platform.yaml; names the line of everything that is wrong' },
  summary: { run: summary, about: 'what the synthesized platform is, costs and permits' },
  leftovers: { run: leftovers, about: 'what stays in the account after destroy, and what it costs' },
  login: { run: login, about: 'sign in to a platform' },
  whoami: { run: whoami, about: 'who you are there, and what you may do' },
  start: { run: start, about: 'start a session' },
  list: { run: list, about: 'sessions, newest first' },
  status: { run: status, about: 'one session: its state, why, and what to do next' },
  watch: { run: watch, about: 'wait for the end of a session' },
  stop: { run: stop, about: 'end a session' },
  result: { run: result, about: 'what the agent of a session said at its end' },
  logs: { run: logs, about: 'the transcripts of a session' },
  cost: { run: cost, about: 'what a session costs' },
  policy: { run: policy, about: 'what sessions may do: list, show, test' },
  panic: { run: panic, about: 'stop the whole platform, or say whether it is' },
  unpanic: { run: unpanic, about: 'lift a panic; takes two people' },
  doctor: { run: doctor, about: 'what is wrong here or there, and what to do' },
};

const HELP = `agentctl: the platform from the command line

${Object.entries(VERBS)
  .map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`)
  .join('\n')}

agentctl VERB --help says more of one. Exit codes: 0 done, 1 something is wrong, 2 could not run as asked,
3 refused, 4 not found, 5 no answer; try again.
`;

export async function agentctl(args: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    io.stdout(HELP);
    return name === undefined ? EXITS.usage : EXITS.done;
  }
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (verb === undefined) {
    io.stderr(
      `agentctl: got the verb "${name}", expected one of ${Object.keys(VERBS).join(', ')}; see agentctl --help\n`,
    );
    return EXITS.usage;
  }
  return await verb.run(rest, io);
}
