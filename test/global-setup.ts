import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

/** Synthesizes every variant once, in one process, for all test files that read templates. */
export = function synthesizeVariants(): void {
  const root = join(__dirname, '..');
  const folder = join(root, '.jest', 'assemblies');
  rmSync(folder, { recursive: true, force: true });
  execFileSync(join(root, 'node_modules', '.bin', 'tsx'), [join(__dirname, 'synthesize.ts'), folder], {
    cwd: root,
    env: { ...process.env, CDK_VALIDATION: 'false' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
};
