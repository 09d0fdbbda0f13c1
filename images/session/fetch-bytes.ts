import { get } from 'node:http';

export type Fetched =
  | { readonly kind: 'ok'; readonly bytes: Buffer }
  /** `problem`: a status or the name of an error, never anything that was sent. */
  | { readonly kind: 'failed'; readonly problem: string };

export interface FetchOptions {
  readonly maxBytes: number;
  readonly milliseconds: number;
}

/**
 * One GET over plain http, resolved and connected anew each time: a proxy that was replaced has another address, and all
 * that the name has are tried. Never throws.
 */
export function fetchBytes(url: string, { maxBytes, milliseconds }: FetchOptions): Promise<Fetched> {
  return new Promise((resolve) => {
    const failed = (problem: string): void => {
      clearTimeout(timer);
      asked.destroy();
      resolve({ kind: 'failed', problem });
    };
    const asked = get(url, { agent: false }, (answer) => {
      const refusal = answer.headers['x-agent-platform-refusal'];
      if (answer.statusCode !== 200) {
        const said = typeof refusal === 'string' && /^[a-z-]{1,64}$/.test(refusal) ? ` ${refusal}` : '';
        failed(`status ${answer.statusCode}${said}`);
        return;
      }
      const chunks: Buffer[] = [];
      let length = 0;
      answer.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length > maxBytes) failed('too long');
      });
      answer.once('error', (error) => failed(errorName(error)));
      answer.once('end', () => {
        clearTimeout(timer);
        resolve({ kind: 'ok', bytes: Buffer.concat(chunks) });
      });
    });
    const timer = setTimeout(() => failed('timeout'), milliseconds);
    asked.once('error', (error) => failed(errorName(error)));
  });
}

function errorName(error: NodeJS.ErrnoException): string {
  return error.code ?? error.name;
}
