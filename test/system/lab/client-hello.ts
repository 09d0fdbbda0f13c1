import { Duplex } from 'node:stream';
import { type ConnectionOptions, connect } from 'node:tls';
import type { Cut, TlsAction } from './protocol';

/** TLS options of an action. Certificates aren't looked at: who the server is, is not what a firewall sees. */
export function tlsOptions(action: Pick<TlsAction, 'name' | 'helloBytes' | 'postQuantum'>): ConnectionOptions {
  const padding = Array.from({ length: Math.ceil((action.helloBytes ?? 0) / 200) }, (_, index) =>
    `${index}-`.padEnd(200, 'a'),
  );
  return {
    servername: action.name,
    rejectUnauthorized: false,
    // Node's own default offers a post-quantum share, and the hello no longer fits into one segment.
    ecdhCurve: action.postQuantum ? 'X25519MLKEM768' : 'X25519',
    ALPNProtocols: [...padding, 'http/1.1'],
  };
}

/** The bytes of a ClientHello, without a connection. */
export function clientHello(name: string): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer) => resolve(chunk),
    });
    connect({ ...tlsOptions({ name }), socket }).on('error', () => undefined);
  });
}

/** The writes a ClientHello is sent in. */
export function shapeHello(hello: Buffer, action: TlsAction): Buffer[] {
  const records = action.records === undefined ? hello : inRecords(hello, action.records, action.name);
  return action.segments === undefined ? [records] : cut(records, action.segments, action.name);
}

/** Puts the handshake message of one TLS record into several; each repeats type and version. */
function inRecords(hello: Buffer, where: Cut, name: string | undefined): Buffer {
  const parts = cut(hello.subarray(5), where, name).map((part) => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(part.length);
    return Buffer.concat([hello.subarray(0, 3), length, part]);
  });
  return Buffer.concat(parts);
}

function cut(bytes: Buffer, where: Cut, name: string | undefined): Buffer[] {
  const offsets = offsetsOf(bytes, where, name).filter((offset) => offset < bytes.length);
  return [0, ...offsets].map((offset, index) => bytes.subarray(offset, offsets[index] ?? bytes.length));
}

function offsetsOf(bytes: Buffer, where: Cut, name: string | undefined): readonly number[] {
  if (where === 'inside-name') {
    const at = name === undefined ? -1 : bytes.indexOf(name, 0, 'latin1');
    if (name === undefined || at === -1) throw new Error('the hello has no name to cut in');
    return [at + Math.floor(name.length / 2)];
  }
  if (!('eachBytes' in where)) return where;
  return Array.from(
    { length: Math.floor(bytes.length / where.eachBytes) },
    (_, index) => (index + 1) * where.eachBytes,
  );
}
