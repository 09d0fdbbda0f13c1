import type { Method } from './rule';

/** A rule of a preset, before the profile that uses it gives it an id. */
export interface PresetRule {
  readonly host: string;
  readonly methods: readonly Method[];
  readonly paths?: readonly string[];
  readonly query?: readonly { readonly name: string; readonly values?: readonly string[] }[];
  readonly encodedSlash?: boolean;
  readonly reason: string;
}

const READ = ['GET', 'HEAD'] as const;

/**
 * What an ecosystem's own client needs to read, and nothing with which it could publish: publishing is a PUT or POST
 * everywhere, or a path these lists leave out. Registries are named by their owner's domain, because they move between
 * hosts of it. Presets add up; a profile's `blocked` wins over all of them.
 */
export const PRESETS = {
  github: [
    {
      host: 'github.com',
      methods: READ,
      paths: ['/*/*/info/refs'],
      query: [{ name: 'service', values: ['git-upload-pack'] }],
      reason: 'git clone and fetch of public repositories: which references are there',
    },
    {
      host: 'github.com',
      methods: ['POST'],
      paths: ['/*/*/git-upload-pack'],
      reason: 'git clone and fetch of public repositories: the body names wanted objects; upload-pack only sends',
    },
    {
      host: 'github.com',
      methods: READ,
      paths: ['/*/*/archive/**', '/*/*/releases/download/**', '/*/*/raw/**'],
      reason: 'archives, release files and raw files of public repositories; answers redirect to the hosts below',
    },
    { host: 'codeload.github.com', methods: READ, reason: 'archives of public repositories' },
    { host: 'raw.githubusercontent.com', methods: READ, reason: 'single files of public repositories' },
    { host: 'objects.githubusercontent.com', methods: READ, reason: 'release files (older links)' },
    { host: 'release-assets.githubusercontent.com', methods: READ, reason: 'release files' },
  ],
  npm: [
    {
      host: '.npmjs.org',
      methods: READ,
      encodedSlash: true,
      reason: 'npm, pnpm, yarn: read packages; publish is a PUT',
    },
  ],
  pypi: [
    {
      host: '.pypi.org',
      methods: READ,
      paths: ['/simple/**', '/pypi/**', '/packages/**'],
      reason: 'pip, uv: package index; upload is a POST',
    },
    { host: '.pythonhosted.org', methods: READ, paths: ['/packages/**'], reason: 'pip, uv: package files' },
  ],
  crates: [{ host: '.crates.io', methods: READ, reason: 'cargo: sparse index and crate files; publish is a PUT' }],
  go: [{ host: '.golang.org', methods: READ, reason: 'go: module proxy and checksum database, both read-only' }],
  maven: [
    { host: '.maven.org', methods: READ, reason: 'Maven and Gradle: central repository; deploy is a PUT' },
    { host: '.maven.apache.org', methods: READ, reason: "Maven: the central repository's other name" },
  ],
  debian: [{ host: '.debian.org', methods: READ, reason: 'apt over https; plain http is not offered' }],
  docker: [
    {
      host: '.docker.io',
      methods: READ,
      paths: ['/v2/**', '/token'],
      reason: 'image manifests; push is a POST or PUT',
    },
    { host: '.docker.com', methods: READ, reason: 'image layers' },
  ],
} as const satisfies Record<string, readonly PresetRule[]>;

export type PresetName = keyof typeof PRESETS;
export const PRESET_NAMES = Object.keys(PRESETS) as PresetName[];
