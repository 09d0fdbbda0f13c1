import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CERTIFICATES_PATH, SELF_PATH, SERVICE_PORTS, serviceHost, TASK_TEXT_PATH } from '../../core/network/services';
import { selfAnswer } from '../../core/session/self';
import { SESSION_ENVIRONMENT, SESSION_PATHS } from '../../core/session/task-layout';
import { sinkOf } from '../../runtime/byte-sink';
import { systemClock } from '../../runtime/clock';
import { NetworkActivity } from './activity';
import { fetchBytes } from './fetch-bytes';
import { type InitPorts, runInit } from './init';
import { openRoot } from './open-inside';
import { observe } from './probe';
import { record } from './record';
import { Shipping } from './shipping';

/** Long enough for a binding that is late, short enough that nobody pays for a task that will never be known. */
const WAIT_MS = 120_000;
/** Of one probe. A way out of a region answers in a few; several targets make up for one that is slow. */
const PROBE_MS = 600;

async function init(): Promise<number> {
  const { [SESSION_ENVIRONMENT.zone]: zone, ECS_CONTAINER_METADATA_URI_V4: metadataUrl } = process.env;
  if (zone === undefined || metadataUrl === undefined) {
    throw new Error(
      `expected ${SESSION_ENVIRONMENT.zone} and ECS_CONTAINER_METADATA_URI_V4, as in a task of a session`,
    );
  }
  const proxy = { host: serviceHost('egressProxy', zone), port: SERVICE_PORTS.egressProxy };
  const url = (path: string): string => `http://${proxy.host}:${proxy.port}${path}`;
  const ports: InitPorts = {
    fetch: fetchBytes,
    observe: (probe, authorities) =>
      observe(probe, { proxy, authorities, variables: process.env, milliseconds: PROBE_MS }),
    write: (path, bytes, mode) => writeFile(path, bytes, { flag: 'wx', mode }),
    makeFolder: async (path) => {
      await mkdir(path, { recursive: true, mode: 0o755 });
    },
    now: () => performance.now(),
    wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    say: (line) => console.log(JSON.stringify({ sessionInit: 1, ...line })),
  };
  return runInit(
    {
      zone,
      urls: { self: url(SELF_PATH), taskText: url(TASK_TEXT_PATH), certificates: url(CERTIFICATES_PATH) },
      metadataUrl,
      launcher: await readFile(join(__dirname, 'launch.sh'), 'utf8'),
      waitMilliseconds: WAIT_MS,
    },
    ports,
  );
}

function recordSession(): Promise<number> {
  const self = selfAnswer.parse(JSON.parse(readFileSync(SESSION_PATHS.self, 'utf8')));
  const network = new NetworkActivity();
  return record(self, {
    shipping: new Shipping(openRoot(SESSION_PATHS.home)),
    sink: sinkOf(1),
    networkInUse: () => network.was(),
    clock: systemClock,
    onStop: (listener) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, listener);
    },
  });
}

async function main([entry]: readonly string[]): Promise<number> {
  if (entry === 'init') return init();
  if (entry === 'record') return recordSession();
  throw new Error(`got "${entry ?? ''}", expected init or record`);
}

main(process.argv.slice(2)).then(
  // What still waits for an answer (a probe's socket) is not waited for.
  (code) => process.exit(code),
  (error) => {
    console.error(JSON.stringify({ log: error instanceof Error ? error.message : 'could not start' }));
    process.exit(1);
  },
);
