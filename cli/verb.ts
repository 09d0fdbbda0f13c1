/** Where a verb writes. The text is written as it is, so lines bring their own ends. */
export interface Io {
  stdout(text: string): void;
  stderr(text: string): void;
}

/**
 * One verb of agentctl. `args` are those after its name. Answers the exit code: 0 done, 1 found something wrong, 2 could
 * not run as asked.
 */
export type Verb = (args: readonly string[], io: Io) => number | Promise<number>;
