import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { PlatformConfig } from '../core/profile/config';
import { formatProblem } from '../core/profile/problem';
import { readPlatformYaml } from '../core/profile/read';

/** A platform.yaml that can't be used; the message has a line for each thing that is wrong with it. */
export class PlatformYamlError extends Error {}

/** @throws PlatformYamlError */
export function loadPlatformYaml(file: string): PlatformConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new PlatformYamlError(
      `${file}: not readable; run "agentctl init" to write one, or set PLATFORM_YAML to its path`,
    );
  }
  const result = readPlatformYaml(text, basename(file), (folder) =>
    existsSync(resolve(dirname(file), folder, 'Dockerfile')),
  );
  if (result.kind === 'ok') return result.config;
  throw new PlatformYamlError(result.problems.map(formatProblem).join('\n'));
}
