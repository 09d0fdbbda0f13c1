import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Adds to package-lock.json the optional builds for other platforms that `npm install` left out. It does so where a
 * registry mirror serves only the builds of its own platform; `npm ci` of npm 11 then refuses the lock, everywhere.
 * Entries carry no address and no checksum: npm fetches them from whatever registry it is set up for, and only on the
 * platform they are for. Run it after an `npm install`; it changes nothing where nothing is missing.
 */

interface Entry {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

const file = join(__dirname, '..', 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, Entry> };

const OS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const CPU: readonly [RegExp, string][] = [
  [/x64/, 'x64'],
  [/arm64/, 'arm64'],
  [/ia32/, 'ia32'],
  [/arm-|armv7|arm$/, 'arm'],
  [/ppc64/, 'ppc64'],
  [/s390x/, 's390x'],
  [/riscv64/, 'riscv64'],
  [/loong64/, 'loong64'],
];

let added = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const os = OS.find((each) => new RegExp(`[-/]${each}(-|$)`).test(name));
    const cpu = CPU.find(([pattern]) => pattern.test(name))?.[1];
    const there = [`${path}/node_modules/${name}`, `node_modules/${name}`].some((place) => place in lock.packages);
    if (there || os === undefined || cpu === undefined || !/^\d/.test(version)) continue;
    const libc = name.endsWith('-musl') ? ['musl'] : name.endsWith('-gnu') ? ['glibc'] : undefined;
    lock.packages[`node_modules/${name}`] = {
      version,
      cpu: [cpu],
      ...(entry.dev && { dev: true }),
      ...(libc && os === 'linux' && { libc }),
      optional: true,
      os: [os],
    };
    added++;
  }
}

if (added > 0) {
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  lock.packages = Object.fromEntries(sorted);
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}
console.log(`${added} optional builds added to package-lock.json`);
