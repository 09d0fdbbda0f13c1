import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(__dirname, '..');
const TSX = join(ROOT, 'node_modules', '.bin', 'tsx');
const run = promisify(execFile);

/**
 * Synthesizes every variant and every example once, for all test files that read templates. The folder is new for each
 * run, so that two runs in one checkout do not meet; templates.ts finds it in the environment.
 */
export = async function synthesizeAll(): Promise<void> {
  const made = mkdtempSync(join(tmpdir(), 'agent-platform-'));
  process.env.SYNTHESIZED = made;
  const env = { ...process.env, CDK_VALIDATION: 'false' };
  const variants = run(TSX, [join(__dirname, 'synthesize.ts'), join(made, 'assemblies')], { cwd: ROOT, env });
  for (const { name, folder, program } of exampleApps()) {
    // As the CDK CLI runs an app: in its folder, with the assembly's place in a variable.
    await run(TSX, [program], { cwd: folder, env: { ...env, CDK_OUTDIR: join(made, 'examples', name) } });
  }
  await variants;
};

/** Every TypeScript file of an example is an app; one without any is run by what its cdk.json names. */
function exampleApps(): { name: string; folder: string; program: string }[] {
  const examples = join(ROOT, 'examples');
  return readdirSync(examples).flatMap((example) => {
    const folder = join(examples, example);
    const own = readdirSync(folder).filter((file) => file.endsWith('.ts'));
    if (own.length > 0) {
      return own.map((file) => ({ name: `${example}-${file.replace('.ts', '')}`, folder, program: file }));
    }
    const { app } = JSON.parse(readFileSync(join(folder, 'cdk.json'), 'utf8')) as { app: string };
    return [{ name: example, folder, program: app.replace(/^tsx /, '') }];
  });
}
