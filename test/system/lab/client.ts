import { createSocket } from 'node:dgram';
import { CLIENT } from './addresses';
import { speakTcp, speakTls } from './client-sockets';
import { runCurl, runOpenssl, sendPackets } from './client-tools';
import type { ClientCase, ClientResult, UdpAction } from './protocol';

/**
 * Acts out cases, in the client's namespace: a JSON array of them on the standard input, one of results on the standard
 * output. Many at a time, as most of a case is waiting; each has its own port, so they don't meet.
 */
const AT_A_TIME = 32;

type Outcome = Omit<ClientResult, 'port'>;

function act({ port, action }: ClientCase): Promise<Outcome> {
  switch (action.kind) {
    case 'tls':
      return speakTls(action, port);
    case 'tcp':
      return speakTcp(action, port);
    case 'udp':
      return speakUdp(action, port);
    case 'packets':
      return sendPackets(action, port);
    case 'curl':
      return runCurl(action, port);
    case 'openssl':
      return runOpenssl(action, port);
  }
}

function speakUdp(action: UdpAction, port: number): Promise<Outcome> {
  return new Promise((resolve) => {
    let received = 0;
    const socket = createSocket('udp4', (data) => {
      received += data.length;
    });
    socket.bind(port, CLIENT, () => {
      for (const { text, times = 1 } of action.parts) {
        socket.send(Buffer.from(text.repeat(times), 'latin1'), action.port, action.to);
      }
      setTimeout(() => {
        socket.close();
        resolve({ answer: received > 0 ? 'answered' : 'silent', received });
      }, 1_000);
    });
  });
}

async function main(): Promise<void> {
  let input = '';
  for await (const chunk of process.stdin) input += chunk;
  const waiting: ClientCase[] = JSON.parse(input);
  const results: ClientResult[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      results.push({ port: next.port, ...(await act(next)) });
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  process.stdout.write(JSON.stringify(results), () => process.exit(0));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
