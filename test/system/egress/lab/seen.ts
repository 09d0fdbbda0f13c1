/** What the lab's servers write down and tell when asked. */

export interface SeenRequest {
  readonly id: number;
  /** Server name of TLS; undefined where it was plain. */
  readonly serverName: string | undefined;
  readonly method: string;
  readonly url: string;
  /** Name, value, name, value ... as they came. */
  readonly headers: readonly string[];
  readonly httpVersion: string;
  /** Filled in as it comes. */
  bodyBytes: number;
  /** The body's beginning, Latin-1. */
  body: string;
  /** The whole body came. */
  complete: boolean;
}

export interface SeenByTrap {
  readonly address: string;
  readonly port: number;
  readonly serverName?: string;
  /** Bytes that came, after TLS where there was some; Latin-1, at most a kilobyte. */
  bytes: string;
}

export interface Seen {
  readonly requests: readonly SeenRequest[];
  readonly trapped: readonly SeenByTrap[];
  readonly connections: number;
  readonly asked: readonly string[];
}

export type UpstreamCall = { readonly id: number } & (
  | { readonly ask: 'seen' }
  /** Numbers only: cheap. */
  | { readonly ask: 'counts' }
  | { readonly ask: 'forget' }
);

export interface Counts {
  readonly requests: number;
  readonly trapped: number;
  readonly connections: number;
}
