import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';

/**
 * What a task finds in its own network on Fargate: the VPC's resolver, which knows the platform's zone and nothing else,
 * and the task metadata. Usage: ZONE PROXY TASK_ARN; prints `ready`. A message `open` makes the resolver know every name,
 * `closed` none again; `task ARN` changes what the metadata say.
 */
const [zone = '', proxy = '', arn = ''] = process.argv.slice(2);
let open = false;
let taskArn = arn;

process.on('message', (message: string) => {
  if (message.startsWith('task ')) taskArn = message.slice(5);
  else open = message === 'open';
  process.send?.('done');
});

const HEADER = 12;

const resolver = createSocket('udp4', (query, from) => {
  const labels: string[] = [];
  let at = HEADER;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  const name = labels.join('.').toLowerCase();
  const isA = query.readUInt16BE(at + 1) === 1;
  const known = name.endsWith(`.${zone}`) ? proxy : open ? '9.9.9.1' : undefined;
  const head = Buffer.from(query.subarray(0, HEADER));
  head.writeUInt16BE(0x8180 | (known === undefined ? 3 : 0), 2);
  head.writeUInt16BE(known !== undefined && isA ? 1 : 0, 6);
  // Additional records, which c-ares asks with (EDNS), are not answered.
  head.writeUInt16BE(0, 10);
  const record = Buffer.from([
    0xc0,
    HEADER,
    0,
    1,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    4,
    ...(known ?? '0.0.0.0').split('.').map(Number),
  ]);
  const answer = [head, query.subarray(HEADER, at + 5), ...(known !== undefined && isA ? [record] : [])];
  resolver.send(Buffer.concat(answer), from.port, from.address);
});

const metadata = createServer((request, response) => {
  if (request.url === '/v4/of-the-test/task') response.end(JSON.stringify({ TaskARN: taskArn, Family: 'test' }));
  else response.writeHead(404).end();
});

resolver.bind(53, '169.254.169.253', () => {
  metadata.listen(80, '169.254.170.2', () => console.log('ready'));
});
