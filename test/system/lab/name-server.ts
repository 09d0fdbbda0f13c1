import { createSocket } from 'node:dgram';

/** The rest of the DNS: answers every question with an address, and prints each name it is asked for. Usage: PORT. */
const port = Number(process.argv[2]);
const HEADER = 12;
/** Answer, recursion available; one question, one answer. */
const FLAGS = Buffer.from([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
/** The question's name, type A, class IN, 60 seconds, 192.0.2.1. */
const RECORD = Buffer.from([0xc0, HEADER, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]);

const socket = createSocket('udp4', (query, from) => {
  const labels: string[] = [];
  let at = HEADER;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  process.stdout.write(`asked ${labels.join('.').toLowerCase()}\n`);
  const question = query.subarray(HEADER, at + 5);
  socket.send(Buffer.concat([query.subarray(0, 2), FLAGS, question, RECORD]), from.port, from.address);
});
socket.bind(port, '127.0.0.1', () => process.stdout.write('ready\n'));
