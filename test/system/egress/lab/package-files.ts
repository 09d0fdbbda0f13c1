import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One package of each kind: what the lab's registries and its git server give out. */
export function makePackages(folder: string): void {
  const npm = join(folder, 'npm');
  mkdirSync(join(npm, 'package'), { recursive: true });
  for (const name of ['lab-package', 'lab-fresh', '@lab/scoped']) {
    writeFileSync(join(npm, 'package', 'package.json'), JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
    writeFileSync(join(npm, 'package', 'index.js'), 'module.exports = "from the lab";\n');
    execFileSync('tar', ['czf', join(npm, `${name.replace('@lab/', '')}.tgz`), '-C', npm, 'package']);
  }

  const wheel = join(folder, 'wheel');
  const info = join(wheel, 'lab_package-1.0.dist-info');
  mkdirSync(info, { recursive: true });
  writeFileSync(join(wheel, 'lab_package.py'), 'WHERE = "from the lab"\n');
  writeFileSync(join(info, 'METADATA'), 'Metadata-Version: 2.1\nName: lab-package\nVersion: 1.0\n');
  writeFileSync(join(info, 'WHEEL'), 'Wheel-Version: 1.0\nGenerator: lab\nRoot-Is-Purelib: true\nTag: py3-none-any\n');
  writeFileSync(join(info, 'RECORD'), '');
  execFileSync('python3', [
    '-m',
    'zipfile',
    '-c',
    join(folder, WHEEL),
    ...['lab_package.py', 'lab_package-1.0.dist-info'].map((name) => join(wheel, name)),
  ]);

  const work = join(folder, 'git-work');
  const bare = join(folder, 'git', 'lab', 'repository.git');
  const git = (cwd: string, ...args: string[]): void => {
    const identity = {
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@b',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@b',
    };
    const env = { PATH: process.env.PATH, HOME: folder, GIT_CONFIG_NOSYSTEM: '1', ...identity };
    execFileSync('git', args, { cwd, env, stdio: 'ignore' });
  };
  mkdirSync(work, { recursive: true });
  git(work, 'init', '-b', 'main');
  writeFileSync(join(work, 'README'), 'from the lab\n');
  // More than one packet, and nothing that compresses.
  writeFileSync(join(work, 'large'), execFileSync('head', ['-c', '300000', '/dev/urandom']));
  git(work, 'add', '.');
  git(work, 'commit', '-m', 'first');
  mkdirSync(join(folder, 'git', 'lab'), { recursive: true });
  git(folder, 'clone', '--bare', work, bare);
}

export const WHEEL = 'lab_package-1.0-py3-none-any.whl';
