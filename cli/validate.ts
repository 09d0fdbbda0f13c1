import { parseArgs } from 'node:util';
import { loadPlatformYaml, PlatformYamlError } from './load';
import type { Verb } from './verb';

const HELP = `agentctl validate [FILE]

Checks FILE (default: the one PLATFORM_YAML names, else platform.yaml) and prints a line for everything that is wrong
with it: where, what was got, what was expected, what to do. Writes nothing. Exit code 2 where something is wrong.
`;

export const validate: Verb = (args, io) => {
  let file: string | undefined;
  try {
    const parsed = parseArgs({
      args: [...args],
      options: { help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    if (parsed.values.help) {
      io.stdout(HELP);
      return 0;
    }
    file = parsed.positionals[0];
    if (parsed.positionals.length > 1) throw new Error(`got ${parsed.positionals.length} files, expected one`);
  } catch (error) {
    io.stderr(`agentctl validate: ${(error as Error).message}; see agentctl validate --help\n`);
    return 2;
  }
  try {
    const config = loadPlatformYaml(file ?? process.env.PLATFORM_YAML ?? 'platform.yaml');
    const profiles = Object.keys(config.profiles);
    io.stdout(
      `${config.name}: ${profiles.length} profile${profiles.length === 1 ? '' : 's'} (${profiles.join(', ')}), nothing wrong\n`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof PlatformYamlError)) throw error;
    io.stderr(`${error.message}\n`);
    return 2;
  }
};
