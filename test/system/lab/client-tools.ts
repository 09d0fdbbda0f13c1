import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { CLIENT } from './addresses';
import { clientHello } from './client-hello';
import type { Answer, ClientResult, CurlAction, OpensslAction, PacketAction } from './protocol';

type Outcome = Omit<ClientResult, 'port'>;

/** A tool that takes longer is ended. Longer than any answer takes, so that a busy machine turns no case red. */
const TOOL_MILLISECONDS = 20_000;

/** Other people's clients, so that the table doesn't rest on Node's TLS alone. */
export async function runCurl(action: CurlAction, port: number): Promise<Outcome> {
  const { hostname, port: toPort, protocol } = new URL(action.url);
  const serverPort = toPort || (protocol === 'https:' ? '443' : '80');
  const args = ['-sSk', '--max-time', '8', '--interface', CLIENT, '--local-port', String(port), '--noproxy', '*'];
  if (action.host !== undefined) args.push('-H', `Host: ${action.host}`);
  args.push('--connect-to', `${hostname}:${serverPort}:${action.to}:${serverPort}`);
  args.push('-w', '%{size_header} %{size_download}', '-o', '/dev/null', action.url);
  const { code, output, errors } = await run('curl', args);
  const received = output.split(' ').reduce((sum, size) => sum + Number(size), 0);
  if (code === 0) return { answer: 'answered', received };
  const answers: Record<number, Answer> = { 7: 'refused', 28: 'silent', 52: 'closed' };
  return { answer: /reset by peer/i.test(errors) ? 'reset' : (answers[code] ?? `error ${errors}`), received };
}

export async function runOpenssl(action: OpensslAction, port: number): Promise<Outcome> {
  const name = action.name === undefined ? ['-noservername'] : ['-servername', action.name];
  const args = ['s_client', '-connect', `${action.to}:443`, '-bind', `${CLIENT}:${port}`, '-quiet', ...name];
  const { output, errors } = await run('openssl', args, 'GET / HTTP/1.0\r\n\r\n');
  if (output.includes('HTTP/1.1 200')) return { answer: 'answered', received: output.length };
  // 104 and 111 are ECONNRESET and ECONNREFUSED.
  if (/errno=104|reset by peer/i.test(errors)) return { answer: 'reset', received: output.length };
  if (/errno=111/.test(errors)) return { answer: 'refused', received: output.length };
  return { answer: errors === '' ? 'silent' : `error ${errors}`, received: output.length };
}

export async function sendPackets(action: PacketAction, port: number): Promise<Outcome> {
  const hello = await clientHello('allowed.test.example');
  const script = join(__dirname, 'packets.py');
  // Isolated and without site packages: starts in a third of the time, and there are many.
  const args = ['-I', '-S', script, action.what, CLIENT, action.to, String(port), hello.toString('hex')];
  const { code, errors } = await run('python3', args);
  return { answer: code === 0 ? 'sent' : `error ${errors}`, received: 0 };
}

function run(
  command: string,
  args: readonly string[],
  input = '',
): Promise<{ code: number; output: string; errors: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { timeout: TOOL_MILLISECONDS, killSignal: 'SIGKILL' });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('latin1');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString('latin1');
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, output, errors }));
    child.stdin.on('error', () => undefined);
    // Left open: s_client ends at the end of its input, before the answer.
    child.stdin.write(input);
    if (input === '') child.stdin.end();
  });
}
