import { agentctl } from '../../cli/agentctl';
import type { Io } from '../../cli/verb';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs agentctl in this process and answers what a shell would see. */
export async function run(...args: string[]): Promise<Ran> {
  return runWith({}, ...args);
}

/** With another environment, input or clock than the process' own. */
export async function runWith(around: Partial<Io>, ...args: string[]): Promise<Ran> {
  let out = '';
  let err = '';
  const code = await agentctl(args, {
    ...around,
    stdout: (text) => {
      out += text;
    },
    stderr: (text) => {
      around.stderr?.(text);
      err += text;
    },
  });
  return { code, out, err };
}
