import { BINDING_VERSION, EPOCH_ADDRESS, type EpochItem, epochItem } from '../core/session/binding';
import type { Condition } from '../core/session/transaction';
import type { Clock } from './clock';
import type { ItemStore } from './item-store';

/** A change of the epoch that may not be made, for reasons that trying again does not cure. */
export class PanicRefused extends Error {
  override readonly name = 'PanicRefused';
}

/** The epoch item: one write that every service reads twice a second, so nothing has to reach a thousand rows first. */
export class PanicSwitch {
  constructor(
    private readonly store: ItemStore,
    private readonly clock: Clock,
  ) {}

  async read(): Promise<EpochItem | undefined> {
    const item = await this.store.read('bindings', EPOCH_ADDRESS);
    return item === undefined ? undefined : epochItem.parse(item);
  }

  /**
   * When the platform is deployed. Never in the place of one that is there: an epoch that ran back would bring dead
   * bindings to life.
   */
  async install(by: string): Promise<void> {
    if ((await this.read()) !== undefined) return;
    await this.put(undefined, { epoch: 0, open: true, changedBy: by });
  }

  /** Once more is as good as once: what was bound in between is dead too. */
  async panic(by: string, remark: string): Promise<EpochItem> {
    for (;;) {
      const before = await this.read();
      const after = await this.put(before, { epoch: (before?.epoch ?? 0) + 1, open: false, changedBy: by, remark });
      if (after) return after;
    }
  }

  /**
   * Two people: whoever holds one sign-in could otherwise undo what somebody else did for a reason. `epoch` is the panic
   * that both meant: one that was raised since stays.
   */
  async lift(by: string, confirmedBy: string, remark: string, epoch?: number): Promise<EpochItem> {
    if (by === confirmedBy) {
      throw new PanicRefused('a panic is lifted by two people; got one, expected somebody else to confirm');
    }
    for (;;) {
      const before = await this.read();
      if (before === undefined) throw new PanicRefused('there is no epoch item; deploy the platform again');
      if (before.open) return before;
      if (epoch !== undefined && before.epoch !== epoch) {
        throw new PanicRefused(`panic ${before.epoch} was raised since; got a lift of ${epoch}, ask again`);
      }
      const after = await this.put(before, { epoch: before.epoch, open: true, changedBy: by, confirmedBy, remark });
      if (after) return after;
    }
  }

  private async put(
    before: EpochItem | undefined,
    change: Pick<EpochItem, 'epoch' | 'open' | 'changedBy' | 'confirmedBy' | 'remark'>,
  ): Promise<EpochItem | undefined> {
    const item: EpochItem = {
      version: BINDING_VERSION,
      address: EPOCH_ADDRESS,
      ...change,
      changedAt: new Date(this.clock.wall()).toISOString(),
    };
    const condition: Condition =
      before === undefined
        ? { kind: 'absent' }
        : { kind: 'equals', values: { epoch: before.epoch, open: before.open, changedAt: before.changedAt } };
    const guard = { name: 'epoch as read', condition };
    const result = await this.store.transact([{ table: 'bindings', key: EPOCH_ADDRESS, op: 'put', item, guard }]);
    return result.kind === 'done' ? item : undefined;
  }
}
