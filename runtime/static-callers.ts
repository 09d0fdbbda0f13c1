import { slug } from '../core/audit/field';
import { SESSION_ID } from '../core/session/id';
import type { Caller, CallerResult, Callers } from './caller';

export interface StaticClient {
  readonly name: string;
  readonly profile: string;
}

/**
 * One client by name, whoever calls: for a service whose security group lets in exactly one other. That group is the
 * proof, so there is nothing to look up, and nobody ever stops being that client.
 */
export class StaticCallers implements Callers {
  private readonly result: CallerResult;

  constructor(client: StaticClient) {
    for (const [key, value] of Object.entries({ name: client.name, profile: client.profile })) {
      if (!slug.safeParse(value).success)
        throw new Error(
          `the client's ${key} is ${JSON.stringify(value)}, expected lower-case letters, digits, hyphens`,
        );
    }
    if (SESSION_ID.test(client.name))
      throw new Error(`the client's name "${client.name}" has the form of a session's id; give it another`);
    const caller: Caller = {
      subject: { kind: 'client', name: client.name, profile: client.profile },
      key: client.name,
      opened: [],
    };
    this.result = { kind: 'caller', caller };
  }

  async identify(): Promise<CallerResult> {
    return this.result;
  }

  onClosed(): void {
    // Never over.
  }

  async close(): Promise<void> {
    // Holds nothing.
  }
}
