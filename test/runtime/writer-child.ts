import { writeSync } from 'node:fs';
import { egressDetailOf } from '../../core/audit/egress-fields';
import { sinkOf } from '../../runtime/byte-sink';
import { RecordWriter } from '../../runtime/record-writer';

/**
 * Writes as many records as told to its stdout, and to descriptor 3 what it learned: the number of each record that was
 * acknowledged, `pressure` once, and `done`. `exit-under-pressure` has it leave while the reader is slow.
 */
const [count = '0', mode = ''] = process.argv.slice(2);
const say = (word: string | number) => writeSync(3, `${word}\n`);

const writer = new RecordWriter({
  service: 'egress-proxy',
  sink: sinkOf(1),
  highWaterBytes: 128 * 1024,
  onFatal: (error) => {
    say((error as NodeJS.ErrnoException).code ?? 'failed');
    process.exit(7);
  },
});

async function main(): Promise<void> {
  const writes: Promise<void>[] = [];
  for (let i = 0; i < Number(count); i++) {
    const detail = egressDetailOf({
      way: 'connect',
      method: 'GET',
      scheme: 'https',
      host: 'api.github.com',
      port: 443,
      path: `/${i}`,
      verdict: 'allow',
      enforced: true,
      reason: 'rule',
      strippedCredentials: 0,
      redactedValues: 0,
      bytesOut: 0,
      bytesIn: 0,
      durationMs: 1,
    });
    writes.push(
      writer
        .write({
          kind: 'egress',
          subject: { kind: 'client', name: 'nightly-build', profile: 'builder' },
          documentHash: 'ab'.repeat(32),
          detail,
        })
        .then(() => {
          say(i);
        }),
    );
  }
  if (writer.pressure) say('pressure');
  if (mode === 'exit-under-pressure') setTimeout(() => process.exit(3), 100);
  await Promise.all(writes);
  await writer.close();
  say('done');
}

void main();
