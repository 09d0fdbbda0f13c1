import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type * as z from 'zod/mini';
import type * as answers from '../core/access/answers';
import { IDEMPOTENCY_HEADER } from '../core/access/operations';
import { type ApiClient, ApiError } from './api-client';
import { UsageError } from './api-settings';
import { apiVerb, type Printed } from './api-verb';
import { EXITS, type Io, type Verb } from './verb';

type Session = answers.SessionView;
const usd = (micro: number): string => `$${(micro / 1e6).toFixed(2)}`;

function told(session: Session, exit?: number): Printed {
  return { kind: 'session', json: { session }, text: sessionText(session), ...(exit !== undefined && { exit }) };
}

function sessionText(session: Session): string {
  const lines: [string, string | undefined][] = [
    ['session', session.sessionId],
    ['state', session.state],
    ['profile', session.profile],
    ['requester', session.requester],
    ['team', session.team],
    ['repository', session.repository],
    ['asked for', session.createdAt],
    ['ended', session.endedAt],
    ['ends at most', session.ended ? undefined : session.lifetimeEndsAt],
    ['budget', usd(session.budgetReservedMicroUsd)],
    ['stopped by', session.stoppedBy],
    ['remark', session.remark],
    ['cause', session.cause && `${session.cause}: ${session.reason ?? ''}`],
    ['next', session.remedy],
  ];
  return lines.flatMap(([name, value]) => (value === undefined ? [] : `${name.padEnd(13)}${value}\n`)).join('');
}

const ID = ['SESSION'];
const idOf = ([sessionId = '']: readonly string[]) => ({ parts: { sessionId } });

async function follow(client: ApiClient, io: Io, sessionId: string, seconds: number): Promise<Printed> {
  let before = '';
  for (;;) {
    const { session } = await client.call<{ session: Session }>('getSession', { parts: { sessionId } });
    if (session.state !== before) io.stderr(`${session.updatedAt} ${session.state}\n`);
    before = session.state;
    if (session.ended) return told(session, session.state === 'SUCCEEDED' ? EXITS.done : EXITS.wrong);
    await (io.sleep ?? ((ms) => new Promise<void>((resolve) => setTimeout(resolve, ms))))(seconds * 1000);
  }
}

function interval(text: string | undefined): number {
  const seconds = Number(text ?? 3);
  if (!(seconds >= 1 && seconds <= 3600)) throw new UsageError(`--interval: got "${text}", expected 1 to 3600 seconds`);
  return seconds;
}

async function taskText(values: Readonly<Record<string, string | undefined>>, io: Io): Promise<string> {
  const { task, file } = values;
  if ((task === undefined) === (file === undefined)) {
    throw new UsageError('expected either --task TEXT or --file FILE (- is standard input)');
  }
  if (task !== undefined) return task;
  if (file === '-') return (io.readInput ?? (async () => readFileSync(0, 'utf8')))();
  try {
    return readFileSync(file ?? '', 'utf8');
  } catch (error) {
    throw new UsageError(`--file: ${(error as Error).message}; name a file that is there`);
  }
}

function budgetOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+(\.\d+)?$/.test(text)) throw new UsageError(`--budget: got "${text}", expected US dollars such as 2.50`);
  return Number(text);
}

export const start: Verb = apiVerb({
  name: 'start',
  help: `agentctl start --profile PROFILE (--task TEXT | --file FILE)

Starts a session, and says its id. Nothing is started twice: what goes wrong on the way is tried again with one key, and
the same key by hand gives the same session.

  agentctl start --profile coding --task "Fix the failing tests" --repository acme/shop --watch
  git log -1 | agentctl start --profile review --file -

  --profile NAME     kind of session; agentctl policy list shows them
  --task TEXT        what the agent is to do
  --file FILE        the same, from a file; - is standard input
  --repository O/N   repository it works on
  --team NAME        whom it counts for, where you are in several teams
  --budget USD       for models; default and most: the profile's
  --key KEY          of a start before, to find out what came of it
  --watch            wait for the end; exit code 0 only where it succeeded
`,
  options: {
    profile: { type: 'string', short: 'p' },
    task: { type: 'string' },
    file: { type: 'string', short: 'f' },
    repository: { type: 'string' },
    team: { type: 'string' },
    budget: { type: 'string' },
    key: { type: 'string' },
    watch: { type: 'boolean' },
  },
  async run({ values, flags }, client, io) {
    const { profile, repository, team, budget, key = randomUUID() } = values;
    if (profile === undefined) throw new UsageError('got no --profile; agentctl policy list shows them');
    const budgetUsd = budgetOf(budget);
    const body = {
      profile,
      task: await taskText(values, io),
      ...(repository !== undefined && { repository }),
      ...(team !== undefined && { team }),
      ...(budgetUsd !== undefined && { budgetUsd }),
    };
    const api = client();
    try {
      const call = { headers: { [IDEMPOTENCY_HEADER]: key }, body };
      const { session, repeated } = await api.call<z.infer<typeof answers.started>>('startSession', call);
      if (flags.has('watch')) {
        io.stderr(`started ${session.sessionId}\n`);
        return await follow(api, io, session.sessionId, 3);
      }
      const text = `${session.sessionId}\n`;
      if (repeated) io.stderr('this key was used before; this is the session of then\n');
      return { kind: 'started', json: { session, repeated }, text };
    } catch (error) {
      if (error instanceof ApiError && error.exit === EXITS.unavailable) {
        io.stderr(`whether it was started is not known; find out with the same command and --key ${key}\n`);
      }
      throw error;
    }
  },
});

export const list: Verb = apiVerb({
  name: 'list',
  help: `agentctl list [--live] [--mine]

Sessions, newest first: your own, or everybody's where your role shows them.

  agentctl list --live

  --live             only those that have not ended
  --mine             only your own
  --limit N          how many at most, 1 to 100 (default 50)
  --cursor CURSOR    the next page, as the page before said
`,
  options: {
    live: { type: 'boolean' },
    mine: { type: 'boolean' },
    limit: { type: 'string' },
    cursor: { type: 'string' },
  },
  async run({ values, flags }, client, io) {
    const { limit, cursor } = values;
    const query = {
      limit,
      cursor,
      ...(flags.has('live') && { live: 'true' }),
      ...(flags.has('mine') && { mine: 'true' }),
    };
    const page = await client().call<z.infer<typeof answers.sessionPage>>('listSessions', { query });
    const rows = page.sessions.map(
      ({ sessionId, state, profile, createdAt, requester }) =>
        `${sessionId}  ${state.padEnd(17)} ${profile.padEnd(16)} ${createdAt}  ${requester}\n`,
    );
    if (rows.length === 0) io.stderr('no sessions\n');
    if (page.cursor !== undefined) io.stderr(`more: agentctl list --cursor ${page.cursor}\n`);
    return { kind: 'sessions', json: page, text: rows.join('') };
  },
});

export const status: Verb = apiVerb({
  name: 'status',
  help: `agentctl status SESSION

What is known of one session: its state, why it ended, and what to do next.

  agentctl status s01k9m3v2zq8f4c7n5t6w1x0ybd
`,
  positionals: ID,
  async run({ positionals }, client) {
    return told((await client().call<{ session: Session }>('getSession', idOf(positionals))).session);
  },
});

export const watch: Verb = apiVerb({
  name: 'watch',
  help: `agentctl watch SESSION

Waits for the end of a session and says each change of state on standard error. Exit code 0 where it succeeded, else 1.

  agentctl watch s01k9m3v2zq8f4c7n5t6w1x0ybd

  --interval SECONDS how often to ask (default 3)
`,
  options: { interval: { type: 'string' } },
  positionals: ID,
  async run({ positionals: [id = ''], values }, client, io) {
    return follow(client(), io, id, interval(values.interval));
  },
});

export const stop: Verb = apiVerb({
  name: 'stop',
  help: `agentctl stop SESSION [--remark TEXT]

Ends a session. From the answer on nothing it does has an effect; its task is gone some seconds later.

  agentctl stop s01k9m3v2zq8f4c7n5t6w1x0ybd --remark "wrong repository"

  --remark TEXT      why, for those who read it later
`,
  options: { remark: { type: 'string' } },
  positionals: ID,
  async run({ positionals, values: { remark } }, client) {
    const body = remark === undefined ? {} : { remark };
    return told((await client().call<{ session: Session }>('stopSession', { ...idOf(positionals), body })).session);
  },
});

export const cost: Verb = apiVerb({
  name: 'cost',
  help: `agentctl cost SESSION

What a session has taken of compute at list price, what is reserved for models, and what it may come to at most.

  agentctl cost s01k9m3v2zq8f4c7n5t6w1x0ybd
`,
  positionals: ID,
  async run({ positionals }, client) {
    const found = await client().call<z.infer<typeof answers.cost>>('getCost', idOf(positionals));
    const known = (micro: number | undefined) => (micro === undefined ? 'not known' : usd(micro));
    const text =
      `compute      ${known(found.computeMicroUsd)} for ${found.computeSeconds} s${found.complete ? '' : ' so far'}\n` +
      `models       ${usd(found.reservedMicroUsd)} reserved\n` +
      `at most      ${known(found.atMostMicroUsd)}\n`;
    return { kind: 'cost', json: found, text };
  },
});
