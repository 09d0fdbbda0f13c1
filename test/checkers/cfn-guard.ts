import { execFile } from 'node:child_process';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import type { Finding } from './finding';

/** Findings make cfn-guard end so; everything else but 0 says that it did not do its work. */
const NOT_COMPLIANT = 19;

const PACKAGE = dirname(require.resolve('@cdklabs/cdk-validator-cfnguard/package.json'));
const AS_JSON = ['--structured', '--output-format', 'json', '--show-summary', 'none'];
const RULES = join(PACKAGE, 'rules', 'control-tower', 'cfn-guard');

interface Report {
  readonly name: string;
  readonly not_compliant: readonly { readonly Rule: { readonly name: string; readonly checks: unknown } }[];
}

/**
 * AWS's Control Tower rules over template files. Program and rules are those of the CDK plugin; the plugin itself would
 * run the program once for each app, and what it makes of the answer names no logical ids.
 */
export async function cfnGuard(templates: readonly string[]): Promise<Finding[]> {
  const data = templates.flatMap((template) => ['--data', template]);
  const answer = await run(['validate', '--rules', RULES, ...data, ...AS_JSON]);
  const reports = JSON.parse(answer) as Report[];
  if (reports.length < templates.length) {
    throw new Error(`cfn-guard: got ${reports.length} reports, expected one for each of ${templates.length} templates`);
  }
  return reports.flatMap((report) =>
    report.not_compliant.flatMap(({ Rule }) => {
      const said = JSON.stringify(Rule.checks);
      return resourcesIn(said).map((resource) => ({
        checker: 'cfn-guard',
        rule: Rule.name,
        resource,
        template: report.name,
        message: /\[CT\.[^"]*?\\n/.exec(said)?.[0].replace('\\n', '') ?? Rule.name,
      }));
    }),
  );
}

/** The answer's shape depends on how a rule is written (the plugin has 200 lines about it); paths are the same in all. */
function resourcesIn(said: string): string[] {
  const ids = [...said.matchAll(/"path":"\/Resources\/([A-Za-z0-9]+)/g)].map(([, id = '']) => id);
  // One that names no resource must not be lost.
  return ids.length > 0 ? [...new Set(ids)].sort() : ['(none named)'];
}

function run(args: readonly string[]): Promise<string> {
  const system = { linux: 'ubuntu', darwin: 'macos' }[platform() as string];
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[arch() as string];
  if (!system || !machine) {
    throw new Error(`cfn-guard: no program for ${platform()} ${arch()}, expected Linux or macOS on x64 or arm64`);
  }
  const program = join(PACKAGE, 'bin', system, machine, 'cfn-guard');
  return new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: 256 << 20 }, (error, stdout, stderr) => {
      if (error && error.code !== NOT_COMPLIANT) reject(new Error(`cfn-guard: ${stderr || error.message}`));
      else resolve(stdout);
    });
  });
}
