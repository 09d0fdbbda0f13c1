import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

const ROOT = join(__dirname, '../../../..');

/** Images built from Debian's packages and this project's files, in a store of their own that goes with the test. */
export class ImageStore {
  readonly folder = mkdtempSync(join(tmpdir(), 'image-store-'));
  private readonly storage = [
    '--storage-driver',
    'vfs',
    '--root',
    join(this.folder, 'root'),
    '--runroot',
    join(this.folder, 'run'),
  ];

  buildah(...args: string[]): string {
    return execFileSync('buildah', [...this.storage, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  }

  /** Arguments for podman, as this machine's cgroups need them. */
  podman(...args: string[]): string[] {
    return [...this.storage, '--runtime', 'runc', '--cgroup-manager', 'cgroupfs', ...args];
  }

  /** Node on the libraries it needs, and nothing else. */
  makeNodeBase(name: string): void {
    const from = this.buildah('from', 'scratch');
    this.buildah('add', '-q', from, this.packages('node', ['libc6', 'libstdc++6', 'libgcc-s1']), '/');
    this.buildah('copy', '-q', from, realpathSync(join(ROOT, 'node_modules/node/bin/node')), '/usr/local/bin/node');
    this.buildah('commit', '-q', from, name);
    this.buildah('rm', from);
  }

  /** Programs of Debian's, one of them as `/bin/sh`. */
  makeShellImage(name: string, shell: string): void {
    const tar = this.packages('shells', ['libc6', 'dash', 'bash', 'busybox-static', 'coreutils', 'libcap2-bin']);
    const links = join(this.folder, `sh-${shell}`);
    mkdirSync(join(links, 'bin'), { recursive: true });
    symlinkSync(shell, join(links, 'bin', 'sh'));
    const from = this.buildah('from', 'scratch');
    this.buildah('add', '-q', from, tar, '/');
    this.buildah('copy', '-q', from, links, '/');
    this.buildah('commit', '-q', from, name);
    this.buildah('rm', from);
  }

  /** As scripts/build.ts and `cdk deploy` make it, of the sources as they are now: what lies in assets/ may be older. */
  build(name: string, image: string, base: string): void {
    const folder = join(this.folder, image);
    const sources = join(ROOT, 'images', image);
    cpSync(sources, folder, { recursive: true, filter: (file) => !file.endsWith('.ts') });
    buildSync({
      ...{ entryPoints: [join(sources, 'main.ts')], outfile: join(folder, 'main.js'), bundle: true },
      ...{ platform: 'node', target: 'node24', format: 'cjs', logLevel: 'error' },
    });
    const args = ['-q', '--isolation', 'chroot', '--build-arg', `BASE_IMAGE=${base}`, '-t', name];
    this.buildah('build', ...args, folder);
  }

  /** Bytes of all layers as a registry would hold them: compressed. */
  compressedBytes(name: string): number {
    const out = join(this.folder, 'pushed');
    this.buildah('push', '-q', name, `oci:${out}:latest`);
    const blobs = join(out, 'blobs', 'sha256');
    const total = readdirSync(blobs).reduce((sum, blob) => sum + statSync(join(blobs, blob)).size, 0);
    rmSync(out, { recursive: true });
    return total;
  }

  /** Folders that an image declares as volumes. */
  volumesOf(name: string): string[] {
    const config = JSON.parse(this.buildah('inspect', '--type', 'image', name)).OCIv1.config as { Volumes?: object };
    return Object.keys(config.Volumes ?? {});
  }

  /** Copies a folder out of an image, with owners and modes. */
  copyOut(name: string, path: string, to: string): void {
    const from = this.buildah('from', name);
    const mounted = this.buildah('mount', from);
    execFileSync('cp', ['-a', '--no-target-directory', join(mounted, path), to]);
    this.buildah('umount', from);
    this.buildah('rm', from);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private packages(name: string, packages: readonly string[]): string {
    const tar = join(this.folder, `${name}.tar`);
    try {
      statSync(tar);
    } catch {
      const args = ['--quiet', '--variant=extract', `--include=${packages.join(',')}`, 'bookworm', tar, mirror()];
      execFileSync('mmdebstrap', args, { stdio: 'pipe' });
    }
    return tar;
  }
}

/** The mirror that this machine's apt uses. */
export function mirror(): string {
  const format = '$(CODENAME)|$(COMPONENT)|$(REPO_URI)';
  const targets = execFileSync('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'], {
    encoding: 'utf8',
  });
  const found = targets
    .split('\n')
    .map((line) => line.split('|'))
    .find(([name, component]) => name === 'bookworm' && component === 'main');
  if (!found?.[2])
    throw new Error('apt has no source for bookworm main; add one, so that a base image can be made of it');
  return found[2];
}
