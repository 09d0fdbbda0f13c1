import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACKNOWLEDGEMENTS } from '../test/checkers/acknowledgements';
import { cfnGuard } from '../test/checkers/cfn-guard';
import { cfnLint } from '../test/checkers/cfn-lint';
import { type Checker, type Finding, judge } from '../test/checkers/finding';
import { PLANTED } from '../test/checkers/planted/expected';
import { stateMachines } from '../test/checkers/state-machines';

import synthesizeAll = require('../test/global-setup');
import removeSynthesized = require('../test/global-teardown');

/**
 * Other people's checkers over every template of every variant and example. Fails on a finding that nobody acknowledged,
 * on an acknowledgement without a finding, and on a checker that does not find what is wrong in a template made to be.
 */

const CHECKERS: Readonly<Record<string, Checker>> = {
  'cfn-lint': cfnLint,
  'cfn-guard': cfnGuard,
  'asl-validator': stateMachines,
};

const line = ({ checker, rule, resource, template, message }: Finding): string =>
  `${checker} ${rule}: ${resource} of ${template}: ${message}`;

function templateFilesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.template.json'))
    .sort()
    .map((file) => join(folder, file));
}

/** Many variants share templates to the byte; looking at each once takes half the time. */
function distinct(files: readonly string[]): string[] {
  const byContent = new Map(files.map((file) => [readFileSync(file, 'utf8'), file]));
  if (byContent.size === 0) throw new Error('no templates were synthesized; a check of nothing would pass');
  return [...byContent.values()];
}

async function main(): Promise<number> {
  await synthesizeAll();
  try {
    const templates = distinct(templateFilesIn(process.env.SYNTHESIZED ?? ''));
    const findings: Finding[] = [];
    let blind = false;
    await Promise.all(
      Object.entries(CHECKERS).map(async ([name, check]) => {
        const start = Date.now();
        const planted = join(__dirname, '..', 'test', 'checkers', 'planted', `${name}.template.json`);
        const all = await check([planted, ...templates]);
        const found = all
          .filter(({ template }) => template === planted)
          .map(({ resource, rule }) => `${resource}: ${rule}`)
          .sort();
        if (found.join() !== PLANTED[name]?.join()) {
          console.error(`${name} is not what it was: in ${planted} it found\n  ${found.join('\n  ')}`);
          blind = true;
        }
        findings.push(...all.filter(({ template }) => template !== planted));
        console.log(`${name}: ${templates.length} templates, ${((Date.now() - start) / 1000).toFixed(1)} s`);
      }),
    );

    const { open, stale } = judge(findings, ACKNOWLEDGEMENTS);
    for (const finding of open) console.error(line(finding));
    for (const { checker, rule, resource } of stale) {
      console.error(`${checker} ${rule}: ${resource} is acknowledged and answers to no finding any more; remove it`);
    }
    console.log(`${findings.length} findings, ${open.length} open; ${stale.length} stale acknowledgements`);
    return blind || open.length > 0 || stale.length > 0 ? 1 : 0;
  } finally {
    removeSynthesized();
  }
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    console.error(error);
    process.exitCode = 1;
  },
);
