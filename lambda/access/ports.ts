import type { RequesterLimits } from '../../core/access/admission';
import type { OperationId } from '../../core/access/may-do';
import type { Caller } from '../../core/access/principal';
import type { Problem } from '../../core/access/problem';
import type { ReadRequest } from '../../core/access/read-request';
import type { SessionRow } from '../../core/session/row';
import type { Clock } from '../../runtime/clock';
import type { ItemStore } from '../../runtime/item-store';
import type { LoadedPolicy } from '../../runtime/policies';
import type { Records } from '../../runtime/records';
import type { SessionTable } from '../../runtime/session-table';
import type { Transitions } from '../../runtime/session-transitions';

/** The documents in force. */
export interface Documents {
  readonly profiles: readonly string[];
  /** Undefined where it can't be read now. */
  current(profile: string): Promise<LoadedPolicy | undefined>;
}

export interface TaskTextStore {
  put(sessionId: string, text: Uint8Array): Promise<void>;
}

export interface TranscriptPage {
  readonly lines: readonly string[];
  readonly cursor?: string;
}

/** What recorders wrote. */
export interface Transcripts {
  readonly logGroup: string;
  /** Of a stream that is not there: nothing. Undefined where the cursor is none of its own. */
  page(stream: string, cursor: string | undefined): Promise<TranscriptPage | undefined>;
}

export interface ApiOptions {
  readonly store: ItemStore;
  readonly table: SessionTable;
  readonly transitions: Transitions;
  readonly documents: Documents;
  readonly taskTexts: TaskTextStore;
  readonly transcripts: Transcripts;
  /** Starts the state machine of a session; once more is as good as once. */
  readonly startMachine: (sessionId: string) => Promise<void>;
  /** Has every session ended, without waiting for it. */
  readonly startSweep: () => Promise<void>;
  readonly records: Records;
  readonly limits: RequesterLimits;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  readonly onProblem: (problem: string, error: unknown) => void;
}

/** Who asks for what. */
export interface Ask {
  readonly caller: Caller;
  readonly request: ReadRequest;
  readonly sourceAddress: string | undefined;
}

export type Outcome =
  | { readonly kind: 'done'; readonly body: object }
  | {
      readonly kind: 'refused';
      readonly problem: Problem;
      /** As the record has it, where that says more than the answer. */
      readonly reason?: string;
      readonly row?: SessionRow;
      readonly target?: string;
    };

export type Handler = (options: ApiOptions, ask: Ask) => Promise<Outcome>;
export type Handlers = Readonly<Record<OperationId, Handler>>;
