import { createSocket } from 'node:dgram';

/**
 * Public servers that the canary asks, and that answer what is a proper question only: a probe that says nonsense would
 * be met with silence, and pass. Usage: a JSON list of `[says, address, port]`; prints `ready`.
 */
const targets: readonly (readonly ['dns' | 'quic' | 'ntp', string, number])[] = JSON.parse(process.argv[2] ?? '[]');

function answerTo(says: 'dns' | 'quic' | 'ntp', packet: Buffer): Buffer | undefined {
  switch (says) {
    case 'dns': {
      const proper =
        packet.length > 16 && packet.readUInt16BE(4) === 1 && packet.subarray(-4).equals(Buffer.from([0, 1, 0, 1]));
      return proper ? Buffer.concat([packet.subarray(0, 2), Buffer.from([0x81, 0x83]), packet.subarray(4)]) : undefined;
    }
    case 'quic': {
      // Long header, a version that is none, two connection ids, and padded: else a server is silent.
      const proper = packet.length >= 1200 && ((packet[0] ?? 0) & 0x80) !== 0 && ((packet[1] ?? 0) & 0x0f) === 0x0a;
      return proper ? Buffer.concat([Buffer.from([0x80, 0, 0, 0, 0]), packet.subarray(5, 32)]) : undefined;
    }
    case 'ntp':
      return packet.length === 48 && packet[0] === 0x23
        ? Buffer.concat([Buffer.from([0x24]), packet.subarray(1)])
        : undefined;
  }
}

async function main(): Promise<void> {
  for (const [says, address, port] of targets) {
    const socket = createSocket('udp4', (packet, from) => {
      const answer = answerTo(says, packet);
      if (answer) socket.send(answer, from.port, from.address);
    });
    await new Promise<void>((resolve) => socket.bind(port, address, resolve));
  }
  console.log('ready');
}

void main();
