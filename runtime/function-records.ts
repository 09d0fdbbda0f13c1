import { systemClock } from './clock';
import { RecordWriter, type RecordWriterOptions } from './record-writer';

/** The records of a function, in its own log group. */
export function functionRecords(service: RecordWriterOptions['service']): RecordWriter {
  return new RecordWriter({
    service,
    clock: systemClock,
    sink: {
      // Past console, whose lines the runtime wraps: a record is hashed as it is written.
      write: (bytes) =>
        new Promise((resolve, reject) => {
          process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
        }),
    },
    onFatal: (error) => {
      console.error({ message: 'records can not be written', error: error.name });
      process.exit(1);
    },
    onInvalid: (kind, problems) => console.error({ message: 'a record did not fit', kind, problems }),
  });
}
