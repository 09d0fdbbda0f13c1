import { join } from 'node:path';
import { App } from 'aws-cdk-lib';

/** What a program prints as its last line. Times are milliseconds. */
export interface ProgramFigures {
  /** From the start of the process until all modules are loaded. */
  readonly load: number;
  /** Constructs and synth of the last app. */
  readonly synth: number;
  /** User and system time of the whole process. */
  readonly cpu: number;
  /** Largest resident set, MiB. */
  readonly memory: number;
}

/**
 * Body of the measured programs: `node PROGRAM FOLDER TIMES` synthesizes the same app that often in one process, each
 * into a folder of its own. Context comes as from the CDK CLI, in CDK_CONTEXT_JSON.
 */
export function synthesize(make: (app: App) => void): void {
  const load = performance.now();
  const [folder, times] = process.argv.slice(2);
  if (folder === undefined || times === undefined) throw new Error('usage: PROGRAM FOLDER TIMES');
  let synth = 0;
  for (let time = 0; time < Number(times); time++) {
    const begin = performance.now();
    const app = new App({ outdir: join(folder, String(time)) });
    make(app);
    app.synth();
    synth = performance.now() - begin;
  }
  process.once('exit', () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const cpu = (userCPUTime + systemCPUTime) / 1000;
    const figures: ProgramFigures = { load, synth, cpu, memory: maxRSS / 1024 };
    process.stdout.write(`\n${JSON.stringify(figures)}\n`);
  });
}

/** A region and no account, for all programs alike: nothing is looked up, and zones are deploy-time values. */
export const ENV = { region: 'eu-west-1' };
