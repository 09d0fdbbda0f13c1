import { type AppConfigSource, MIN_POLL_SECONDS } from './app-config-source';
import { type Clock, type Stop, systemClock } from './clock';
import type { LoadedPolicy, Policies } from './policies';
import { KEEP_POLICY_MS, PolicyShelf } from './policy-shelf';

export interface AppConfigPoliciesOptions {
  readonly source: AppConfigSource;
  /** Names of configuration profiles; each holds the document of the profile of that name. */
  readonly profiles: readonly string[];
  readonly clock?: Clock;
  /** Default, and least, 15 seconds. */
  readonly pollMs?: number;
  /** How long the last good document counts while AppConfig fails or holds a broken one; default 10 minutes. */
  readonly keepMs?: number;
  /** Once for each broken version, and once for each time that AppConfig begins to fail. */
  readonly onProblem?: (profile: string, problems: readonly string[]) => void;
}

interface Watched {
  token: string | undefined;
  /** What this session brought last; empty answers say that it is still so. */
  brought: 'nothing' | 'good' | 'broken';
  nextAt: number;
  asking: Promise<void> | undefined;
  reported: string;
}

/** After a failure, before anything was ever read: a service that starts is of no use until then. */
const RETRY_MS = 5000;
const TICK_MS = 1000;

/** Policies from AWS AppConfig, one session for each profile. */
export class AppConfigPolicies implements Policies {
  private readonly clock: Clock;
  private readonly shelf: PolicyShelf;
  private readonly pollMs: number;
  private readonly watched: ReadonlyMap<string, Watched>;
  private readonly stop: Stop;

  constructor(private readonly options: AppConfigPoliciesOptions) {
    this.clock = options.clock ?? systemClock;
    this.shelf = new PolicyShelf(this.clock, options.keepMs ?? KEEP_POLICY_MS);
    this.pollMs = Math.max(options.pollMs ?? 0, MIN_POLL_SECONDS * 1000);
    this.watched = new Map(
      options.profiles.map((profile) => [
        profile,
        { token: undefined, brought: 'nothing', nextAt: 0, asking: undefined, reported: '' },
      ]),
    );
    for (const profile of this.watched.keys()) void this.ask(profile);
    this.stop = this.clock.every(TICK_MS, () => this.tick());
  }

  /** Resolves once each profile was asked for, with or without success. */
  async ready(): Promise<void> {
    await Promise.all([...this.watched.values()].map(({ asking }) => asking));
  }

  /** Profiles without a document that counts, for the health endpoint. */
  missing(): string[] {
    return [...this.watched.keys()].filter((profile) => this.get(profile) === undefined);
  }

  get(profile: string): LoadedPolicy | undefined {
    return this.shelf.get(profile);
  }

  onChange(listener: (profile: string) => void): void {
    this.shelf.onChange(listener);
  }

  async close(): Promise<void> {
    this.stop();
    await this.ready();
  }

  private tick(): void {
    const now = this.clock.monotonic();
    for (const [profile, { nextAt }] of this.watched) if (now >= nextAt) void this.ask(profile);
  }

  private ask(profile: string): Promise<void> {
    const watched = this.watched.get(profile);
    if (watched === undefined) return Promise.resolve();
    watched.asking ??= this.askOnce(profile, watched).finally(() => {
      watched.asking = undefined;
    });
    return watched.asking;
  }

  private async askOnce(profile: string, watched: Watched): Promise<void> {
    const { source } = this.options;
    try {
      if (watched.token === undefined) {
        watched.token = await source.start(profile);
        watched.brought = 'nothing';
      }
      const latest = await source.latest(watched.token);
      watched.token = latest.token;
      watched.nextAt = this.clock.monotonic() + Math.max(this.pollMs, latest.nextPollSeconds * 1000);
      this.take(profile, watched, latest.bytes);
    } catch (error) {
      // The token may be used up or too old; the first answer of a new session brings the whole document.
      watched.token = undefined;
      watched.nextAt = this.clock.monotonic() + (this.get(profile) === undefined ? RETRY_MS : this.pollMs);
      this.report(profile, watched, [error instanceof Error ? error.name : 'AppConfig failed']);
    }
  }

  private take(profile: string, watched: Watched, bytes: Uint8Array): void {
    if (bytes.length === 0) {
      if (watched.brought === 'good') this.shelf.confirm(profile);
      if (watched.brought === 'nothing') this.report(profile, watched, ['the configuration is empty']);
      return;
    }
    const problems = this.shelf.put(profile, bytes);
    watched.brought = problems.length === 0 ? 'good' : 'broken';
    if (problems.length > 0) this.report(profile, watched, problems);
    else watched.reported = '';
  }

  private report(profile: string, watched: Watched, problems: readonly string[]): void {
    const said = problems.join('\n');
    if (watched.reported === said) return;
    watched.reported = said;
    this.options.onProblem?.(profile, problems);
  }
}
