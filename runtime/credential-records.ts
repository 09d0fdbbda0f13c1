import {
  CloudWatchLogsClient,
  type CloudWatchLogsClientConfig,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import type { ByteSink } from './byte-sink';
import { type Clock, systemClock } from './clock';
import { RecordWriter, type RecordWriterOptions } from './record-writer';
import type { RecordDraft, Records } from './records';

/** Takes lines for good: resolves when they are stored. A port, so that tests can have it fail. */
export interface LogStore {
  createStream(stream: string): Promise<void>;
  put(stream: string, lines: readonly string[], at: number): Promise<void>;
}

/** A log group. PutLogEvents answers when the events are stored, which a function's own stdout never says. */
export function logStore(logGroupName: string, client: CloudWatchLogsClientConfig = {}): LogStore {
  const logs = new CloudWatchLogsClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true },
    ...client,
  });
  const soon = () => ({ abortSignal: AbortSignal.timeout(8000) });
  return {
    async createStream(logStreamName) {
      await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }), soon());
    },
    async put(logStreamName, lines, timestamp) {
      const logEvents = lines.map((message) => ({ message, timestamp }));
      const answer = await logs.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }), soon());
      // A 200 with a clock too far off is a no.
      if (answer.rejectedLogEventsInfo || answer.rejectedEntityInfo) throw new Error('the log took not all events');
    },
  };
}

export interface DurableRecordsOptions {
  readonly service: RecordWriterOptions['service'];
  readonly store: LogStore;
  readonly clock?: Clock;
  /** Cryptographic. */
  readonly random: (bytes: number) => Uint8Array;
  /** What could not be written; places and names, never values. */
  readonly onProblem: (problem: string) => void;
}

/**
 * Records of a function, each stored before `write` resolves. A writer whose store failed can't go on: half a line may
 * be there. The next record then begins a writer anew, as another instance with a chain and stream of its own.
 */
export class DurableRecords implements Records {
  private writer: RecordWriter | undefined;

  constructor(private readonly options: DurableRecordsOptions) {}

  async write(draft: RecordDraft): Promise<void> {
    this.writer ??= this.begin();
    await this.writer.write(draft);
  }

  async close(): Promise<void> {
    await this.writer?.close();
  }

  private begin(): RecordWriter {
    const { service, store, random, onProblem } = this.options;
    const clock = this.options.clock ?? systemClock;
    const writer: RecordWriter = new RecordWriter({
      service,
      clock,
      random,
      sink: new StreamSink(store, `${service}/${Buffer.from(random(16)).toString('hex')}`, clock),
      onFatal: (error) => {
        onProblem(`records can not be written: ${error.name}`);
        if (this.writer === writer) this.writer = undefined;
      },
      onInvalid: (kind, problems) => onProblem(`a record of kind ${kind} did not fit: ${problems.join('; ')}`),
    });
    return writer;
  }
}

class StreamSink implements ByteSink {
  private created = false;

  constructor(
    private readonly store: LogStore,
    private readonly stream: string,
    private readonly clock: Clock,
  ) {}

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.created) await this.store.createStream(this.stream);
    this.created = true;
    const lines = Buffer.from(bytes).toString('utf8').split('\n').slice(0, -1);
    await this.store.put(this.stream, lines, this.clock.wall());
  }
}
