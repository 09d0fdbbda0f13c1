import { randomBytes } from 'node:crypto';

/** What makes a server of the kind answer at once, whoever asks. */
export function question(says: 'dns' | 'quic' | 'ntp'): Buffer {
  switch (says) {
    case 'dns':
      return dnsQuery('example.com');
    case 'quic':
      return versionNegotiation();
    case 'ntp': {
      // Version 4, client. Source: RFC 5905, section 7.3.
      const packet = Buffer.alloc(48);
      packet[0] = 0x23;
      return packet;
    }
  }
}

function dnsQuery(name: string): Buffer {
  const labels = name.split('.').flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]);
  return Buffer.concat([
    randomBytes(2),
    // Recursion desired, one question.
    Buffer.from([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    ...labels,
    // End of the name, type A, class IN.
    Buffer.from([0, 0, 1, 0, 1]),
  ]);
}

/**
 * A version that nobody speaks: every QUIC server says which it does. Below 1,200 bytes it would be silent.
 * Source: RFC 9000, sections 6 and 14.1.
 */
function versionNegotiation(): Buffer {
  const head = Buffer.concat([
    Buffer.from([0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8]),
    randomBytes(8),
    Buffer.from([8]),
    randomBytes(8),
  ]);
  return Buffer.concat([head, Buffer.alloc(1200 - head.length)]);
}
