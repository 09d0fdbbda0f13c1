import { createSocket } from 'node:dgram';
import { answersFor } from './names';

const HEADER = 12;
const TYPE_A = 1;
const TYPE_AAAA = 28;
const NO_SUCH_NAME = 3;

/** The lab's whole DNS. Resolves once it can be asked. `onQuestion` hears every name once for each type. */
export function startNameServer(onQuestion: (name: string) => void): Promise<void> {
  const socket = createSocket('udp4', (query, from) => {
    const { name, type, end } = readQuestion(query);
    onQuestion(name);
    // A resolver asks for both types; a sequence counts questions for IPv4 only.
    const answers = type === TYPE_A ? remember(name) : (last.get(name) ?? remember(name));
    if (answers === 'silent') return;
    const records = answers
      .filter((address) => address.includes(':') === (type === TYPE_AAAA))
      .map((address) => record(type, type === TYPE_A ? ipv4(address) : ipv6(address)));
    const head = Buffer.from(query.subarray(0, HEADER));
    head.writeUInt16BE(0x8180 | (answers.length === 0 ? NO_SUCH_NAME : 0), 2);
    head.writeUInt16BE(records.length, 6);
    head.writeUInt32BE(0, 8);
    socket.send(Buffer.concat([head, query.subarray(HEADER, end), ...records]), from.port, from.address);
  });
  return new Promise((resolve) => socket.bind(53, '127.0.0.1', () => resolve()));
}

const last = new Map<string, ReturnType<typeof answersFor>>();

function remember(name: string): ReturnType<typeof answersFor> {
  const answers = answersFor(name);
  last.set(name, answers);
  return answers;
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = HEADER;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** The question's name, class IN, no time to live. */
function record(type: number, address: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0xc0, HEADER, 0, type, 0, 1, 0, 0, 0, 0, 0, address.length]), address]);
}

function ipv4(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

function ipv6(address: string): Buffer {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const plain = dotted
    ? `${dotted[1]}${((Number(dotted[2]) << 8) | Number(dotted[3])).toString(16)}:${((Number(dotted[4]) << 8) | Number(dotted[5])).toString(16)}`
    : address;
  const [left = '', right = ''] = plain.split('::');
  const groups = (text: string): string[] => text.split(':').filter((group) => group !== '');
  const missing = plain.includes('::') ? 8 - groups(left).length - groups(right).length : 0;
  const all = [...groups(left), ...Array<string>(missing).fill('0'), ...groups(right)];
  return Buffer.from(all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
}
