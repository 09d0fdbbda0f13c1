import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { PRESET_NAMES } from '../core/egress/presets';
import { formatProblem } from '../core/profile/problem';
import { readPlatformYaml } from '../core/profile/read';
import type { Verb } from './verb';

const HELP = `agentctl init [--file FILE] [--name NAME] [--region REGION] [--tier lean|standard|maximum]
              [--presets a,b] [--repositories owner/name,...] [--image FOLDER] [--budget USD]

Writes a platform.yaml (default: ./platform.yaml) with one profile. What is not given is asked, where there is a terminal
to ask on, else the default is taken. An existing file is left alone.
`;

interface Question {
  readonly key: string;
  readonly ask: string;
  readonly initial: string;
}

const QUESTIONS: readonly Question[] = [
  { key: 'name', ask: "Name of the platform (its stacks' prefix)", initial: 'agents' },
  { key: 'region', ask: 'AWS region', initial: 'eu-west-1' },
  { key: 'tier', ask: 'Tier: lean, standard or maximum', initial: 'standard' },
  { key: 'presets', ask: `Ecosystems agents read from, of ${PRESET_NAMES.join(', ')}`, initial: 'npm,pypi' },
  { key: 'repositories', ask: 'GitHub repositories agents push to, as owner/name (empty for none)', initial: '' },
  { key: 'image', ask: "Folder with the agent image's Dockerfile", initial: './agent-image' },
  { key: 'budget', ask: 'USD one session may spend on models (0 for no models)', initial: '20' },
];

const MODEL = 'anthropic.claude-sonnet-4-5-20250929-v1:0';

export const init: Verb = async (args, io) => {
  let given: Record<string, string | boolean | undefined>;
  try {
    const options = Object.fromEntries(
      [...QUESTIONS.map(({ key }) => key), 'file'].map((key) => [key, { type: 'string' as const }]),
    );
    given = parseArgs({ args: [...args], options: { ...options, help: { type: 'boolean', short: 'h' } } }).values;
  } catch (error) {
    io.stderr(`agentctl init: ${(error as Error).message}; see agentctl init --help\n`);
    return 2;
  }
  if (given.help) {
    io.stdout(HELP);
    return 0;
  }
  const file = String(given.file ?? 'platform.yaml');
  if (existsSync(file)) {
    io.stderr(`agentctl init: ${file} is there already; move it away, or write another with --file\n`);
    return 2;
  }
  const answers = await answer(given);
  const text = render(answers, file);
  const result = readPlatformYaml(text, file);
  if (result.kind === 'invalid') {
    io.stderr(`agentctl init: wrote nothing, since the answers do not make a platform:\n`);
    for (const problem of result.problems) io.stderr(`  ${formatProblem(problem)}\n`);
    return 2;
  }
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    io.stderr(`agentctl init: ${(error as Error).message}; name a file in a folder that is there\n`);
    return 2;
  }
  io.stdout(
    `${file} written. Next: read its comments, put a Dockerfile into ${answers.image}, then ${file === 'platform.yaml' ? '' : `PLATFORM_YAML=${file} `}npm run synth\n`,
  );
  return 0;
};

async function answer(given: Record<string, string | boolean | undefined>): Promise<Record<string, string>> {
  const missing = QUESTIONS.filter(({ key }) => given[key] === undefined);
  const answers = Object.fromEntries(QUESTIONS.map(({ key, initial }) => [key, String(given[key] ?? initial)]));
  if (missing.length === 0 || !process.stdin.isTTY) return answers;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    for (const { key, ask, initial } of missing) {
      const text = (await terminal.question(`${ask}${initial === '' ? '' : ` [${initial}]`}: `)).trim();
      answers[key] = text === '' ? initial : text;
    }
  } finally {
    terminal.close();
  }
  return answers;
}

function render(answers: Record<string, string>, file: string): string {
  const { name, region = '', tier, image } = answers;
  const list = (key: string) => (answers[key] ?? '').split(',').flatMap((item) => item.trim() || []);
  const repositories = list('repositories');
  const budget = Number(answers.budget);
  // Models of these regions are called through an inference profile whose id starts with the continent's.
  const model = `${region.startsWith('eu-') ? 'eu.' : region.startsWith('us-') ? 'us.' : ''}${MODEL}`;
  return `${schemaLine(file)}# What your agents may do. "npm run synth" turns this into templates; nothing here is a secret.
# "agentctl validate" checks the file alone. Everything not named here is closed.
version: 1
name: ${quoted(name)}
region: ${quoted(region)}
tier: ${quoted(tier)} # lean, standard or maximum; "npm run synth" prints what it costs idle

profiles:
  coding:
    # Built and pushed by "npm run deploy", pinned by its content.
    image: { build: ${quoted(image)} }
    size: { cpu: 2, memory: 8GiB, storage: 30GiB }
    lifetime: 2h # stopped then, whatever it does; 8h at most
    egress:
      # Reads what these ecosystems publish, publishes nothing.
      presets: [${list('presets').map(quoted).join(', ')}]
      # - host: docs.example.com   one more host to read from; methods that write need a reason
      rules: []
      # What an approver may open for one session while it runs.
      requestable: []
${
  repositories.length === 0
    ? ''
    : `    # Credentials the session uses and never holds; each opens exactly the requests it is good for.
    grants:
      github:
        kind: github-app
        repositories: [${repositories.map(quoted).join(', ')}]
        access: write # pushes are scanned, signed and written by the commit broker
`
}${
  budget === 0
    ? ''
    : `    models:
      allow: [${quoted(model)}]
      budget: { usd: ${quotedNumber(answers.budget)} } # of one session
`
}`;
}

/** For editors: the schema of the package this runs from, as seen from the file. Left out where it is not found. */
function schemaLine(file: string): string {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const schema = join(folder, 'core', 'schema', 'platform.json');
    if (!existsSync(schema)) continue;
    const path = relative(dirname(resolve(file)), schema)
      .split(sep)
      .join('/');
    return `# yaml-language-server: $schema=${path.startsWith('.') ? path : `./${path}`}\n#\n`;
  }
  return '';
}

/** JSON is YAML: an answer stays one value, whatever is in it. */
function quoted(text: string | undefined): string {
  const value = text ?? '';
  return /^[A-Za-z.][A-Za-z0-9./_-]*$/.test(value) ? value : JSON.stringify(value);
}

function quotedNumber(text: string | undefined): string {
  return /^\d+(\.\d+)?$/.test(text ?? '') ? String(text) : JSON.stringify(text ?? '');
}
