import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { resourcesOf } from '../../../templates';
import type { ImageStore } from './image-store';

/** A container as the synthesized template has it. */
export interface ContainerDefinition {
  readonly Name: string;
  readonly User: string;
  readonly ReadonlyRootFilesystem: boolean;
  readonly LinuxParameters: {
    readonly Capabilities: { readonly Drop: string[]; readonly Add?: string[] };
    readonly Tmpfs: { readonly ContainerPath: string; readonly Size: number; readonly MountOptions: string[] }[];
  };
  readonly Environment?: { readonly Name: string; readonly Value: string }[];
  readonly EntryPoint?: string[];
  readonly Command?: string[];
  readonly WorkingDirectory?: string;
  readonly StopTimeout?: number;
  readonly MountPoints: { readonly SourceVolume: string; readonly ContainerPath: string; readonly ReadOnly: boolean }[];
  readonly DependsOn?: { readonly ContainerName: string; readonly Condition: string }[];
}

/** The session task's containers by their names. */
export function sessionTask(variant: string): Record<string, ContainerDefinition> {
  for (const [, , { Type, Properties }] of resourcesOf(variant)) {
    const definitions = Properties?.ContainerDefinitions as ContainerDefinition[] | undefined;
    if (Type !== 'AWS::ECS::TaskDefinition' || !definitions?.some(({ Name }) => Name === 'session-init')) continue;
    return Object.fromEntries(definitions.map((definition) => [definition.Name, definition]));
  }
  throw new Error(`variant ${variant} has no session task with session-init`);
}

export interface RunOptions {
  readonly image: string;
  /** In place of the definition's. */
  readonly change?: Partial<ContainerDefinition>;
  /** Taken off the flags, to see what notices. */
  readonly without?: readonly string[];
  readonly extra?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Ended {
  /** Exit code. */
  readonly code: number | null;
  readonly output: string;
}

/** A container that runs. */
export class RunningContainer {
  output = '';

  constructor(
    readonly name: string,
    private readonly child: ChildProcess,
    private readonly store: ImageStore,
    private readonly stopTimeout: number,
  ) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk.toString('utf8');
      });
    }
  }

  readonly ended = new Promise<Ended>((resolve) => {
    // The constructor's parameters are set before this runs.
    setImmediate(() => this.child.once('close', (code) => resolve({ code, output: this.output })));
  });

  get isRunning(): boolean {
    return this.child.exitCode === null;
  }

  get pid(): number {
    return Number(this.podman('inspect', '-f', '{{.State.Pid}}', this.name));
  }

  kill(): void {
    this.podman('kill', '-s', 'KILL', this.name);
  }

  /** As ECS stops a container: SIGTERM, and SIGKILL after stopTimeout. What it still writes is read meanwhile. */
  stop(): void {
    spawn('podman', this.store.podman('stop', '-t', String(this.stopTimeout), this.name), { stdio: 'ignore' });
  }

  private podman(...args: string[]): string {
    return execFileSync('podman', this.store.podman(...args), {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  }
}

let count = 0;

/**
 * One task: its volumes, and containers started from the template's definitions with what podman has for each property.
 * Not emulated: `initProcessEnabled`, and Fargate's own isolation.
 */
export class TaskRun {
  private readonly folder: string;
  private readonly running: RunningContainer[] = [];

  constructor(
    private readonly store: ImageStore,
    private readonly definitions: Readonly<Record<string, ContainerDefinition>>,
    private readonly network: string,
  ) {
    this.folder = mkdtempSync(join(store.folder, 'task-'));
  }

  /** Where a volume is on this machine. */
  volume(name: string): string {
    return join(this.folder, name);
  }

  start(name: string, options: RunOptions): RunningContainer {
    const found = this.definitions[name];
    if (!found) throw new Error(`the task has no container ${name}`);
    const definition = { ...found, ...options.change };
    const id = `session-${process.pid}-${count++}`;
    for (const { SourceVolume, ContainerPath } of definition.MountPoints) {
      this.makeVolume(SourceVolume, ContainerPath, options.image);
    }
    const flags = flagsOf(definition, this.folder).filter((flag) => !(options.without ?? []).includes(flag));
    const [entry, ...entryArguments] = definition.EntryPoint ?? [];
    const args = [
      ...['run', '--rm', '--name', id, '--network', `ns:/var/run/netns/${this.network}`],
      ...['-v', `/etc/netns/${this.network}/resolv.conf:/etc/resolv.conf:ro`],
      // Podman raises limits that this machine may not allow to be raised.
      ...['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'],
      ...flags,
      ...Object.entries(options.env ?? {}).flatMap(([key, value]) => ['-e', `${key}=${value}`]),
      ...(options.extra ?? []),
      ...(entry === undefined ? [] : ['--entrypoint', entry]),
      options.image,
      ...entryArguments,
      ...(definition.Command ?? []),
    ];
    const child = spawn('podman', this.store.podman(...args), { stdio: ['ignore', 'pipe', 'pipe'] });
    const container = new RunningContainer(id, child, this.store, definition.StopTimeout ?? 30);
    this.running.push(container);
    return container;
  }

  async remove(): Promise<void> {
    for (const container of this.running) {
      if (container.isRunning) {
        try {
          container.kill();
        } catch {
          // Ended meanwhile.
        }
      }
      await container.ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  /**
   * As Fargate: empty and root's, 0755, unless the image of the first container that mounts it declares a VOLUME at the
   * very path; then content, owner and mode of the image's folder. (Podman's own volumes would be given to whoever asks.)
   * Source: Amazon ECS Developer Guide, "Bind mounts", considerations for tasks on Fargate.
   */
  private makeVolume(name: string, path: string, image: string): void {
    const folder = this.volume(name);
    try {
      mkdirSync(folder, { mode: 0o755 });
    } catch {
      return;
    }
    chownSync(folder, 0, 0);
    if (this.store.volumesOf(image).includes(path)) {
      rmSync(folder, { recursive: true });
      this.store.copyOut(image, path, folder);
    }
  }

  readOutput(path: string): string {
    try {
      return readFileSync(join(this.folder, path), 'utf8');
    } catch {
      return '';
    }
  }
}

function flagsOf(definition: ContainerDefinition, folder: string): string[] {
  const { Capabilities, Tmpfs } = definition.LinuxParameters;
  return [
    ...(definition.ReadonlyRootFilesystem ? ['--read-only', '--read-only-tmpfs=false'] : []),
    `--user=${definition.User}`,
    ...Capabilities.Drop.map((capability) => `--cap-drop=${capability.toLowerCase()}`),
    ...(Capabilities.Add ?? []).map((capability) => `--cap-add=${capability.toLowerCase()}`),
    ...Tmpfs.map(({ ContainerPath, Size, MountOptions }) =>
      ['--tmpfs=', ContainerPath, ':', [...MountOptions, 'rw', `size=${Size}m`].join(',')].join(''),
    ),
    ...(definition.Environment ?? []).map(({ Name, Value }) => `--env=${Name}=${Value}`),
    ...(definition.WorkingDirectory === undefined ? [] : [`--workdir=${definition.WorkingDirectory}`]),
    ...definition.MountPoints.map(
      ({ SourceVolume, ContainerPath, ReadOnly }) =>
        `--volume=${join(folder, SourceVolume)}:${ContainerPath}:${ReadOnly ? 'ro' : 'rw'}`,
    ),
  ];
}
