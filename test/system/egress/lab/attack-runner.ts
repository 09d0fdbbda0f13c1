import type { Way } from '../../../../core/egress/request';
import { type Attack, headOf } from '../../../core/egress/attacks';
import { AGENTS } from './addresses';
import type { EgressLab } from './egress-lab';
import { open, type RawAnswer, verdictOf } from './raw';

/** What became of one attack at the real proxy. */
export interface Outcome {
  readonly verdict: string;
  readonly answer: RawAnswer | undefined;
  /** Requests that reached the upstream. */
  readonly passed: number;
  readonly trapped: number;
  /** The proxy closed the connection behind a refusal. */
  readonly closed: boolean;
}

/** Sends one entry of the list as it stands, on a connection of its own, from an address with the rules it asks for. */
export async function attack(lab: EgressLab, port: number, entry: Attack, way: Way): Promise<Outcome> {
  const before = await lab.counts();
  const { host = 'open.test' } = entry;
  const from = addressOf(entry.opened ?? []);
  const opened = await open(lab, port, {
    way,
    from,
    host: entry.tunnelHost ?? host,
    ...(entry.tunnelPort !== undefined && { port: entry.tunnelPort }),
    ...(entry.serverName !== undefined && { serverName: entry.serverName }),
  });
  const after = async (verdict: string, answer: RawAnswer | undefined, closed: boolean): Promise<Outcome> => {
    const now = await lab.counts();
    return { verdict, answer, passed: now.requests - before.requests, trapped: now.trapped - before.trapped, closed };
  };
  if (opened.kind === 'refused') return after(verdictOf(opened.answer), opened.answer, true);
  if (opened.kind === 'no-tls') return after('no-tls', undefined, true);
  const { connection } = opened;
  connection.write(headOf(entry, way) + (entry.body === undefined ? bodyOf(entry) : ''));
  if (entry.body !== undefined) connection.write(Buffer.from(entry.body));
  const answer = await connection.answer({ head: entry.method === 'HEAD', milliseconds: 3_000 });
  const verdict = verdictOf(answer);
  const closed = verdict === 'allow' || (await connection.until(() => connection.isClosed, 1_000));
  connection.close();
  return after(verdict, answer, closed);
}

/** Some entries are heads only; what they announce has to come, or nobody answers. */
function bodyOf({ lines = [] }: Attack): string {
  if (lines.some((line) => /^transfer-encoding: *chunked$/i.test(line))) return '0\r\n\r\n';
  const length = /^content-length: *(\d{1,3})$/i.exec(lines.find((line) => /^content-length:/i.test(line)) ?? '')?.[1];
  return 'x'.repeat(Number(length ?? 0));
}

const addresses = new Map<string, string>([['', AGENTS.attacked]]);

/** One address for each set of opened rules. */
export function addressOf(opened: readonly string[]): string {
  const key = opened.join(' ');
  const known = addresses.get(key);
  if (known !== undefined) return known;
  const address = `10.1.1.${addresses.size}`;
  addresses.set(key, address);
  return address;
}
