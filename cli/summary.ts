import { summaryText } from '../core/ceiling/summary';
import { DEFAULT_FOLDER, withAssembly } from './assembly';
import type { Io } from './verb';

const USAGE = `agentctl summary [FOLDER]

What the synthesized app in FOLDER (${DEFAULT_FOLDER}) consists of, what it costs while nothing runs, and for each
profile what a session can reach, spend and change at most.`;

export function summary(args: readonly string[], io: Io): number {
  return withAssembly(args, io, USAGE, ({ templates, order }) => {
    io.stdout(`${summaryText(templates, order)}\n`);
    return 0;
  });
}
