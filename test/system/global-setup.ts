import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import synthesizeAll from '../global-setup';
import { removeLeftNamespaces } from './lab/namespaces';

/** Stops the run with a reason where this machine can't do it: skipped tests would look like passed ones. */
export = async function prepare(): Promise<void> {
  const script = join(__dirname, '..', '..', 'scripts', 'system-setup.sh');
  const check = spawnSync(script, ['--check'], { encoding: 'utf8' });
  if (check.status !== 0) throw new Error(check.stderr || String(check.error));
  removeLeftNamespaces();
  await synthesizeAll();
};
