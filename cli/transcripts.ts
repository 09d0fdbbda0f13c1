import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type * as z from 'zod/mini';
import type * as answers from '../core/access/answers';
import { readTranscripts, type ShippedFile } from '../core/session/transcript-read';
import type { ApiClient } from './api-client';
import { UsageError } from './api-settings';
import { apiVerb, type Given, type Printed } from './api-verb';
import type { Io, Verb } from './verb';

type Page = z.infer<typeof answers.transcript>;

/** The recorder ships so much at most; see docs/decisions/0022-transcripts-through-the-log.md. */
const MOST_PAGES = 2000;
const CLAIM = `
All of it is what the task says of itself: an agent that was talked into something may say anything. What it did is in the
records of the services. Who looked is recorded.
`;

const verb = (name: string, help: string, wanted: (file: ShippedFile) => boolean, heads: boolean): Verb =>
  apiVerb({
    name,
    help: `${help}${CLAIM}
  --save FOLDER      write each file there as it was, in place of printing them
`,
    options: { save: { type: 'string' } },
    positionals: ['SESSION'],
    async run(given, client, io) {
      return show(name, given, await readAll(client(), given.positionals[0] ?? ''), wanted, heads, io);
    },
  });

export const logs = verb(
  'logs',
  `agentctl logs SESSION [--save FOLDER]

The transcripts and the output of a session's agent, as far as they were shipped.

  agentctl logs s01k9m3v2zq8f4c7n5t6w1x0ybd
`,
  () => true,
  true,
);

export const result = verb(
  'result',
  `agentctl result SESSION [--save FOLDER]

What the agent of a session wrote to its standard output and error.

  agentctl result s01k9m3v2zq8f4c7n5t6w1x0ybd
`,
  ({ source }) => source === 'output',
  false,
);

interface Read {
  readonly lines: readonly string[];
  readonly last: Page;
}

async function readAll(client: ApiClient, sessionId: string): Promise<Read> {
  const lines: string[] = [];
  for (let cursor: string | undefined, pages = 1; ; pages++) {
    const page = await client.call<Page>('getLogs', { parts: { sessionId }, query: { cursor } });
    lines.push(...page.lines);
    cursor = page.cursor;
    if (cursor === undefined || pages >= MOST_PAGES) return { lines, last: page };
  }
}

function show(
  kind: string,
  { values }: Given,
  { lines, last }: Read,
  wanted: (file: ShippedFile) => boolean,
  heads: boolean,
  io: Io,
): Printed {
  const read = readTranscripts(lines);
  const files = read.files.filter(wanted);
  if (files.length === 0) io.stderr('nothing there yet\n');
  if (!last.complete) io.stderr('the session goes on; more may come\n');
  if (read.missing > 0) io.stderr(`${read.missing} pieces are missing\n`);
  const { sessionId, logGroup, logStream, complete } = last;
  const shown = files.map(({ source, name, bytes, cuts }) => ({
    source,
    name,
    bytes: bytes.length,
    cuts,
    text: Buffer.from(bytes).toString('utf8'),
  }));
  const json = { sessionId, logGroup, logStream, complete, end: read.end, missing: read.missing, files: shown };
  if (values.save !== undefined) return { kind, json, text: saved(values.save, files) };
  const text = shown.map((file) =>
    heads ? `== ${file.source} ${file.name}, ${file.bytes} bytes\n${file.text}` : file.text,
  );
  return { kind, json, text: text.join('') };
}

/** Under names of ours: those that an agent chose lead anywhere. */
function saved(folder: string, files: readonly ShippedFile[]): string {
  try {
    mkdirSync(folder, { recursive: true });
    return files
      .map(({ source, name, bytes }, i) => {
        const file = join(folder, `${String(i + 1).padStart(3, '0')}-${source}`);
        writeFileSync(file, bytes, { flag: 'wx' });
        return `${file}  ${name}\n`;
      })
      .join('');
  } catch (error) {
    throw new UsageError(`--save: ${(error as Error).message}; name a folder that is empty or not there`);
  }
}
