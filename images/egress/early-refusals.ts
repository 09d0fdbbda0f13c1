import { anyAddress } from '../../core/audit/field';
import type { Subject } from '../../core/audit/record';
import type { RefusalCode } from '../../core/egress/refusal';
import { plainAddress } from '../../runtime/address';
import type { Clock } from '../../runtime/clock';
import type { Records } from '../../runtime/records';

const QUIET_MS = 1_000;
const MAX_ADDRESSES = 4_096;

/** Who said no: nobody knows the address, or nothing could be read of what it sent. */
type Control = 'binding' | 'http-parser';

interface Refusing {
  readonly address: string;
  readonly code: RefusalCode;
  readonly control: Control;
  readonly subject: Subject;
}

/**
 * Refusals before there is a request to record: of callers nobody knows, and of bytes that are no HTTP. The first of an
 * address is written at once; those that follow within a second are one record with their number, so that a flood fills
 * no log.
 */
export class EarlyRefusals {
  private readonly counts = new Map<string, { times: number }>();

  constructor(
    private readonly records: Records,
    private readonly clock: Clock,
  ) {}

  /** Resolves when the refusal is written, or counted for the next record. */
  async unknown(address: string, code: RefusalCode): Promise<void> {
    await this.refuse({ address, code, control: 'binding', subject: { kind: 'platform' } });
  }

  /** What HTTP's parser refused, of whoever calls from there. */
  async unread(address: string, subject: Subject): Promise<void> {
    await this.refuse({ address, code: 'malformed-request', control: 'http-parser', subject });
  }

  private async refuse(refusing: Refusing): Promise<void> {
    const key = `${refusing.code} ${refusing.address}`;
    const known = this.counts.get(key);
    if (known) {
      known.times++;
      return;
    }
    if (this.counts.size < MAX_ADDRESSES) {
      const count = { times: 0 };
      this.counts.set(key, count);
      this.clock.after(QUIET_MS, () => {
        this.counts.delete(key);
        if (count.times > 0) this.write(refusing, count.times).catch(() => undefined);
      });
    }
    await this.write(refusing, 1);
  }

  private write({ address, code, control, subject }: Refusing, times: number): Promise<void> {
    const plain = plainAddress(address).toLowerCase();
    return this.records.write({
      kind: 'refusal',
      subject,
      detail: {
        control,
        reason: code,
        action: 'egress',
        ...(anyAddress.safeParse(plain).success && { sourceAddress: plain }),
        times,
      },
    });
  }
}
