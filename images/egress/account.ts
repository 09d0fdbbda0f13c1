import { type EgressFacts, egressDetailOf } from '../../core/audit/egress-fields';
import { redactText } from '../../core/egress/redact';
import type { CompiledSecrets } from '../../core/egress/secret-patterns';
import type { Caller } from '../../runtime/caller';
import type { Clock } from '../../runtime/clock';
import type { Records } from '../../runtime/records';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What is known of one request, added to while it is handled, and written down once. */
export class Account {
  readonly facts: Mutable<EgressFacts>;
  private readonly startedAt: number;
  private written: Promise<void> | undefined;

  constructor(
    private readonly records: Records,
    private readonly clock: Clock,
    private readonly caller: Caller,
    private readonly documentHash: string,
    facts: Pick<EgressFacts, 'way' | 'method' | 'scheme' | 'host' | 'port'>,
  ) {
    this.startedAt = clock.monotonic();
    this.facts = {
      ...facts,
      verdict: 'deny',
      enforced: true,
      reason: 'unfinished',
      strippedCredentials: 0,
      redactedValues: 0,
      bytesOut: 0,
      bytesIn: 0,
      durationMs: 0,
    };
  }

  get isWritten(): boolean {
    return this.written !== undefined;
  }

  /** What an agent put into names and paths may be what must not leave, and a log is a way out too. */
  mask(secrets: CompiledSecrets): void {
    const { facts } = this;
    facts.host = redactText(secrets, facts.host);
    if (facts.path !== undefined) facts.path = redactText(secrets, facts.path);
    if (facts.operations) facts.operations = facts.operations.map((name) => redactText(secrets, name));
  }

  /** Resolves when the record is out of the process's hands. What happens later is not in it. */
  write(): Promise<void> {
    this.written ??= this.records.write({
      kind: 'egress',
      subject: this.caller.subject,
      documentHash: this.documentHash,
      detail: egressDetailOf({
        ...this.facts,
        durationMs: Math.max(0, Math.round(this.clock.monotonic() - this.startedAt)),
      }),
    });
    return this.written;
  }
}
