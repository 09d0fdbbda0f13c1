import type { SessionEffect, SessionEvent } from '../core/session/event';
import type { SessionRow } from '../core/session/row';
import type { TaskSnapshot } from '../core/session/task';
import type { Records } from './records';
import { holderOf, type Machines, type SessionTasks } from './session-ports';
import type { Applied, SessionTable, TaskWithAddress } from './session-table';

export interface TransitionsOptions {
  readonly table: SessionTable;
  readonly tasks: SessionTasks;
  readonly machines: Machines;
  readonly records: Records;
}

/**
 * Applies events to sessions and does what they lead to. All that changes a session's row goes through here, so each
 * change of state has its record and each effect is done, or done again when the event comes again.
 */
export class Transitions {
  readonly table: SessionTable;
  readonly tasks: SessionTasks;
  private readonly machines: Machines;
  private readonly records: Records;

  constructor(options: TransitionsOptions) {
    this.table = options.table;
    this.tasks = options.tasks;
    this.machines = options.machines;
    this.records = options.records;
  }

  async apply(sessionId: string, event: SessionEvent): Promise<Applied> {
    const applied = await this.table.apply(sessionId, event);
    if (applied.kind !== 'applied') return applied;
    await this.record(applied.before, applied.row, event.kind);
    for (const effect of applied.effects) await this.perform(applied.row, effect);
    return applied;
  }

  /** What ECS said of a task, whosever it is. A task of a session nobody knows is nobody's, and stopped. */
  async taskSeen(task: TaskSnapshot): Promise<void> {
    const applied = await this.apply(task.sessionId, { kind: 'task', task });
    if (applied.kind === 'unknown' && task.life === 'alive') {
      await this.tasks.stop(task.taskArn, 'no session has this task');
    }
  }

  /** The state machine goes on, where it waits for no more than this. */
  async wake(sessionId: string, gone: boolean): Promise<void> {
    const wait = await this.table.waiting(sessionId);
    if (wait === undefined || (wait.until === 'gone' && !gone)) return;
    await this.machines.succeed(wait.token);
    await this.table.waited(sessionId, wait.token);
  }

  private async perform(row: SessionRow, effect: SessionEffect): Promise<void> {
    switch (effect.kind) {
      case 'bind':
        return this.bind(row, effect.task);
      case 'stop-task':
        await this.tasks.stop(effect.taskArn, `session ${row.state.toLowerCase()}`);
        return;
      case 'wake':
        return this.wake(row.sessionId, effect.gone);
    }
  }

  private async bind(row: SessionRow, task: TaskWithAddress): Promise<void> {
    let others: readonly TaskSnapshot[] = [];
    const bound = await this.table.bind(task, async (taskArns) => {
      const described = await this.tasks.describe(taskArns);
      others = described.tasks.filter(({ taskArn }) => taskArn !== task.taskArn);
      return holderOf(described, taskArns);
    });
    switch (bound.kind) {
      case 'bound':
        if (bound.superseded) {
          // ECS said why the older one is gone. Where it does not know it any more, this is all that is known.
          for (const other of others) await this.taskSeen(other);
          await this.lostAddress(bound.superseded, 'address-taken');
        }
        // The same report may say more than the address: that the agent runs.
        if (task.running) await this.apply(row.sessionId, { kind: 'task', task });
        return;
      case 'conflict':
        await this.lostAddress(bound.other, 'address-conflict');
        await this.lostAddress({ sessionId: row.sessionId, generation: task.generation }, 'address-conflict');
        return;
      case 'none':
      case 'paused':
        return;
    }
  }

  private async lostAddress(
    session: { readonly sessionId: string; readonly generation: number },
    cause: 'address-taken' | 'address-conflict',
  ): Promise<void> {
    await this.apply(session.sessionId, { kind: 'address-lost', generation: session.generation, cause });
  }

  private async record(before: SessionRow, row: SessionRow, reason: string): Promise<void> {
    if (before.state === row.state) return;
    const { sessionId, requester, team, profile, repository, documentHash } = row;
    await this.records.write({
      kind: 'session',
      subject: {
        kind: 'session',
        sessionId,
        requester,
        team,
        profile,
        ...(repository !== undefined && { repository }),
      },
      documentHash,
      detail: {
        from: before.state,
        to: row.state,
        reason: row.cause ?? reason,
        generation: row.generation,
        ...(row.taskArn !== undefined && { taskArn: row.taskArn }),
        ...(row.exitCode !== undefined && { exitCode: row.exitCode }),
      },
    });
  }
}
