import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, type Stop, systemClock } from './clock';
import type { LoadedPolicy, Policies } from './policies';
import { KEEP_POLICY_MS, PolicyShelf } from './policy-shelf';
import { watchFolder } from './watch-folder';

export interface FilePoliciesOptions {
  /** Holds `<profile>.json` for each profile. */
  readonly folder: string;
  readonly clock?: Clock;
  /** How long the last good document of a profile counts once its file is broken or gone; default 10 minutes. */
  readonly keepMs?: number;
  /** Default 1 second. */
  readonly pollMs?: number;
  /** Once for each broken version. `profile` is undefined where the folder itself can't be read. */
  readonly onProblem?: (profile: string | undefined, problems: readonly string[]) => void;
}

const FILE = /^([a-z][a-z0-9-]{0,62})\.json$/;

/** Policies from a folder: for tests, and for a proxy that runs by itself. */
export class FilePolicies implements Policies {
  private readonly shelf: PolicyShelf;
  private readonly stop: Stop;
  private readonly good = new Map<string, Buffer>();
  private readonly reported = new Map<string | undefined, string>();

  constructor(private readonly options: FilePoliciesOptions) {
    const clock = options.clock ?? systemClock;
    this.shelf = new PolicyShelf(clock, options.keepMs ?? KEEP_POLICY_MS);
    this.look();
    this.stop = watchFolder(options.folder, () => this.look(), clock, options.pollMs ?? 1000);
  }

  get(profile: string): LoadedPolicy | undefined {
    return this.shelf.get(profile);
  }

  onChange(listener: (profile: string) => void): void {
    this.shelf.onChange(listener);
  }

  async close(): Promise<void> {
    this.stop();
  }

  private look(): void {
    let names: string[];
    try {
      names = readdirSync(this.options.folder);
    } catch (error) {
      this.report(undefined, [`${this.options.folder}: ${codeOf(error)}`]);
      return;
    }
    this.reported.delete(undefined);
    const profiles = new Set([...this.good.keys(), ...names.flatMap((name) => FILE.exec(name)?.[1] ?? [])]);
    for (const profile of profiles) this.lookAt(profile);
  }

  private lookAt(profile: string): void {
    let bytes: Buffer;
    try {
      bytes = readFileSync(join(this.options.folder, `${profile}.json`));
    } catch (error) {
      this.report(profile, [codeOf(error)]);
      return;
    }
    const same = this.good.get(profile)?.equals(bytes) === true;
    const problems = same ? [] : this.shelf.put(profile, bytes);
    if (problems.length > 0) {
      this.report(profile, problems);
      return;
    }
    if (same) this.shelf.confirm(profile);
    this.reported.delete(profile);
    this.good.set(profile, bytes);
  }

  private report(profile: string | undefined, problems: readonly string[]): void {
    const said = problems.join('\n');
    if (this.reported.get(profile) === said) return;
    this.reported.set(profile, said);
    this.options.onProblem?.(profile, problems);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'not readable';
}
