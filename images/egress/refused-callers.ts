import { anyAddress } from '../../core/audit/field';
import type { RefusalCode } from '../../core/egress/refusal';
import { plainAddress } from '../../runtime/address';
import type { Clock } from '../../runtime/clock';
import type { Records } from '../../runtime/records';

const QUIET_MS = 1_000;
const MAX_ADDRESSES = 4_096;

/**
 * Records of callers nobody knows. The first refusal of an address is written at once; those that follow within a
 * second are one record with their number, so that a flood fills no log.
 */
export class RefusedCallers {
  private readonly counts = new Map<string, { times: number; readonly code: RefusalCode; readonly address: string }>();

  constructor(
    private readonly records: Records,
    private readonly clock: Clock,
  ) {}

  /** Resolves when the refusal is written, or counted for the next record. */
  async refuse(address: string, code: RefusalCode): Promise<void> {
    const key = `${code} ${address}`;
    const known = this.counts.get(key);
    if (known) {
      known.times++;
      return;
    }
    if (this.counts.size < MAX_ADDRESSES) {
      const count = { times: 0, code, address };
      this.counts.set(key, count);
      this.clock.after(QUIET_MS, () => {
        this.counts.delete(key);
        if (count.times > 0) this.write(address, code, count.times).catch(() => undefined);
      });
    }
    await this.write(address, code, 1);
  }

  private write(address: string, code: RefusalCode, times: number): Promise<void> {
    const plain = plainAddress(address).toLowerCase();
    return this.records.write({
      kind: 'refusal',
      subject: { kind: 'platform' },
      detail: {
        control: 'binding',
        reason: code,
        action: 'egress',
        ...(anyAddress.safeParse(plain).success && { sourceAddress: plain }),
        times,
      },
    });
  }
}
