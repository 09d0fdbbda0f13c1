/** Where a verb writes, and what it knows of its surroundings. Texts are written as they are, so lines bring their own ends. */
export interface Io {
  stdout(text: string): void;
  stderr(text: string): void;
  /** Default: the process' own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** All of standard input. Default: the process' own. */
  readInput?(): Promise<string>;
  /** Default: a timer. */
  sleep?(milliseconds: number): Promise<void>;
}

/** One verb of agentctl. `args` are those after its name. Answers the exit code, see {@link EXITS}. */
export type Verb = (args: readonly string[], io: Io) => number | Promise<number>;

/** Part of the contract with scripts; a code never changes its meaning. */
export const EXITS = {
  done: 0,
  /** The verb ran and found something wrong: a session that did not succeed, a request a policy refuses. */
  wrong: 1,
  /** It could not run as asked: options, files, answers that make no sense. */
  usage: 2,
  /** The platform said no: not signed in, not permitted, a limit. */
  refused: 3,
  notFound: 4,
  /** The platform did not answer, or said that it can't now. The same again may work. */
  unavailable: 5,
} as const;
