import { AGENTS } from './lab/addresses';
import { EgressLab } from './lab/egress-lab';
import { Load } from './lab/load-run';

/** Full load of every kind for ten minutes, or SOAK_MINUTES: memory and open files do not grow. */
const SECONDS = Number(process.env.SOAK_MINUTES ?? 10) * 60;
/** Before this share of the time caches and pools fill. */
const WARM_UP = 0.4;
/** How much the straight line through resident memory may rise from there to the end, whatever the time. */
const MOST_GROWTH = 24 * 1024 * 1024;

let lab: EgressLab;
beforeAll(async () => {
  lab = await EgressLab.start({ quiet: true });
});
afterAll(() => lab?.close());

it(
  `N8 memory does not grow in ${SECONDS} s of load`,
  async () => {
    const proxy = await lab.startProxy({ discardRecords: true });
    const load = new Load(
      lab,
      {
        port: proxy.port,
        from: [AGENTS.lab, AGENTS.neighbour],
        workers: 24,
        seconds: SECONDS,
        perConnection: 10,
        requests: [
          { way: 'connect', host: 'up.test', target: '/n/{}' },
          { way: 'connect', host: 'api.test', target: '/reflect/body?{}' },
          { way: 'named', host: 'api.test', target: '/reflect/gzip?{}' },
          { way: 'named', host: 'up.test', target: '/bytes?n=50000&chunked&{}' },
          { way: 'absolute', host: 'up.test', target: '/n/{}', body: 20_000 },
          { way: 'connect', host: 'key.test', target: '/sse?n=3&ms=5&{}' },
          { way: 'named', host: 'paths.test', target: '/refused/{}' },
          { way: 'connect', host: 'x1.below.test', target: '/n/{}' },
        ],
      },
      false,
    );
    const samples: { readonly at: number; readonly rss: number; readonly files: number }[] = [];
    const begun = Date.now();
    const timer = setInterval(
      () => samples.push({ at: (Date.now() - begun) / 1_000, rss: proxy.rss, files: proxy.openFiles }),
      500,
    );
    await load.ended;
    clearInterval(timer);
    const warm = samples.filter(({ at }) => at > SECONDS * WARM_UP);
    const slope = slopeOf(warm.map(({ at, rss }) => [at, rss]));
    const growth = slope * SECONDS * (1 - WARM_UP);
    const mebibytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);
    process.stdout.write(
      `soak: ${load.count} answers in ${SECONDS} s, resident memory ${mebibytes(warm[0]?.rss ?? 0)} to ` +
        `${mebibytes(warm.at(-1)?.rss ?? 0)} MiB, slope ${mebibytes(slope * 60)} MiB a minute\n`,
    );
    expect(load.count).toBeGreaterThan(SECONDS * 50);
    expect(growth).toBeLessThan(MOST_GROWTH);
    expect(Math.max(...warm.map(({ files }) => files))).toBeLessThan(400);
    expect([proxy.isRunning, proxy.complaints]).toEqual([true, '']);
  },
  (SECONDS + 60) * 1_000,
);

/** Least squares; units of y for one of x. */
function slopeOf(points: readonly (readonly [number, number])[]): number {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const across = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return across / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}
