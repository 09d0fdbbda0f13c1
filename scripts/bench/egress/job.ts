/** What the load generator is told, as JSON on its command line, and what it answers, as one line of JSON. */

export type Via =
  | { readonly kind: 'direct' }
  | { readonly kind: 'reverse' | 'connect'; readonly host: string; readonly port: number };

interface Common {
  readonly via: Via;
  /** A file of PEM: every authority a certificate may come from here. */
  readonly authorities: string;
  /** Whose CPU time and memory are read: the proxy, or the upstream where there is none. */
  readonly subject: number;
}

/** As many requests as there are answers, on connections that stay open. */
export interface RequestsJob extends Common {
  readonly kind: 'requests';
  readonly path: string;
  readonly bytes: number;
  readonly gzip: boolean;
  readonly connections: number;
  readonly warmupMs: number;
  readonly ms: number;
}

/** One new connection for each request, without resumption of a TLS session. */
export interface ConnectsJob extends Common {
  readonly kind: 'connects';
  readonly path: string;
  readonly bytes: number;
  readonly connections: number;
  readonly warmupMs: number;
  readonly ms: number;
}

/** Event streams, more in each step, until a step is not held. */
export interface StreamsJob extends Common {
  readonly kind: 'streams';
  readonly steps: readonly number[];
  readonly settleMs: number;
  readonly ms: number;
}

/** Connections that have had one answer each and are then left alone. */
export interface IdleJob extends Common {
  readonly kind: 'idle';
  readonly path: string;
  readonly bytes: number;
  readonly connections: number;
}

/** One request for each path, tried anew until the proxy is up. */
export interface ProbeJob extends Common {
  readonly kind: 'probe';
  readonly paths: readonly string[];
  readonly patienceMs: number;
}

export type Job = RequestsJob | ConnectsJob | StreamsJob | IdleJob | ProbeJob;

/** Of the time that was measured, after the warm-up. */
export interface LoadResult {
  readonly count: number;
  readonly ms: number;
  readonly generatorCpuMs: number;
  readonly subjectCpuMs: number;
  /** Of each request, in the order of time; empty where a job does not need them. */
  readonly latenciesMs: readonly number[];
}

export interface StreamStep {
  readonly streams: number;
  readonly frames: number;
  /** What the upstream should have sent in this time. */
  readonly expected: number;
  /** Frames that took longer than one frame's distance. */
  readonly late: number;
  readonly generatorCpuMs: number;
  readonly subjectCpuMs: number;
}

export interface StreamsResult {
  readonly steps: readonly StreamStep[];
}

export interface IdleResult {
  readonly connections: number;
  readonly beforeBytes: number;
  readonly afterBytes: number;
}

export interface ProbeResult {
  readonly answers: readonly {
    readonly path: string;
    readonly status: number;
    readonly bytes: number;
    readonly text: string;
  }[];
}
