import { type EgressFacts, egressDetailOf } from '../../core/audit/egress-fields';
import { redactText } from '../../core/egress/redact';
import { anyHasSecret } from '../../core/egress/secret-finder';
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

  /** What an agent put into names and paths, or a host sends back, may be what must not leave; a log is a way out too. */
  mask(secrets: CompiledSecrets): void {
    const { facts } = this;
    const texts = [facts.host, facts.path ?? '', facts.upstreamRequestId ?? '', ...(facts.operations ?? [])];
    if (!anyHasSecret(secrets, texts)) return;
    facts.host = redactText(secrets, facts.host);
    if (facts.path !== undefined) facts.path = redactText(secrets, facts.path);
    // An id with a mask in it is none, and is left out.
    if (facts.upstreamRequestId !== undefined) facts.upstreamRequestId = redactText(secrets, facts.upstreamRequestId);
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
