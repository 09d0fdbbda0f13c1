import { type PolicyDocument, parseDocument } from '../../../core/egress/document';
import { resourcesOf, variantNames } from '../../templates';

/** The task definition of a session, as every variant has it. */

interface Container {
  readonly Name: string;
  readonly MountPoints: { SourceVolume: string; ContainerPath: string; ReadOnly: boolean }[];
  readonly Environment?: { Name: string; Value: unknown }[];
  readonly LogConfiguration?: { LogDriver: string; Options: Record<string, unknown> };
  readonly [key: string]: unknown;
}
interface Task {
  readonly ContainerDefinitions: Container[];
  readonly [key: string]: unknown;
}

const WITH_IMAGE = ['session-image', 'one-stack-maximum'];

/** Of sessions: services of the platform have tasks too, and no container "agent". */
const tasksOf = (variant: string): Task[] =>
  resourcesOf(variant)
    .flatMap(([, , { Type, Properties }]) =>
      Type === 'AWS::ECS::TaskDefinition' ? [Properties as unknown as Task] : [],
    )
    .filter(({ ContainerDefinitions }) => ContainerDefinitions.some(({ Name }) => Name === 'agent'));
const container = (variant: string, name: string): Container | undefined =>
  tasksOf(variant)[0]?.ContainerDefinitions.find(({ Name }) => Name === name);
const mounts = (variant: string, name: string) =>
  container(variant, name)?.MountPoints.map(({ SourceVolume, ContainerPath, ReadOnly }) => [
    SourceVolume,
    ContainerPath,
    ReadOnly ? 'read' : 'write',
  ]);

/** What the profile asked for, as services read it. The image is the only deploy-time value there. */
function sessionOf(variant: string): PolicyDocument['session'] {
  const [content] = resourcesOf(variant).flatMap(([, , { Type, Properties }]) =>
    Type === 'AWS::AppConfig::HostedConfigurationVersion' ? [Properties?.Content] : [],
  );
  const parts = (content as { 'Fn::Join': [string, unknown[]] })['Fn::Join'][1];
  const read = parseDocument(parts.map((part) => (typeof part === 'string' ? part : 'image')).join(''));
  if (read.kind === 'invalid') throw new Error(read.problems.join('\n'));
  return read.document.session;
}

describe.each(variantNames())('S2 S4 the session task of %s', (variant) => {
  const tasks = tasksOf(variant);
  const containers = tasks.flatMap(({ ContainerDefinitions }) => ContainerDefinitions);

  it('S4 has no task role: nothing in it answers with AWS keys', () => {
    expect(tasks).toHaveLength(1);
    for (const task of tasks) {
      expect(Object.keys(task)).not.toContain('TaskRoleArn');
      expect(task.ExecutionRoleArn).toBeDefined();
    }
  });

  it('S1 S2 is a Fargate task of its own with its own interface, without ways to share or to tamper', () => {
    for (const task of tasks) {
      expect(task).toMatchObject({
        NetworkMode: 'awsvpc',
        RequiresCompatibilities: ['FARGATE'],
        EnableFaultInjection: false,
        RuntimePlatform: { CpuArchitecture: 'X86_64', OperatingSystemFamily: 'LINUX' },
      });
      for (const key of ['PidMode', 'IpcMode', 'ProxyConfiguration']) expect(Object.keys(task)).not.toContain(key);
    }
  });

  it('S6 has the size of its profile, disk included', () => {
    const { cpuUnits, memoryMiB, storageGiB } = sessionOf(variant);
    expect(tasks[0]).toMatchObject({
      Cpu: String(cpuUnits),
      Memory: String(memoryMiB),
      EphemeralStorage: { SizeInGiB: storageGiB },
    });
    expect([cpuUnits, memoryMiB, storageGiB]).toEqual([2048, 8192, 30]);
  });

  it('S2 hardens every container: not root, read-only root, no capability, a scratch folder that runs nothing as others', () => {
    for (const subject of containers) {
      expect(subject).toMatchObject({
        User: '10001:10001',
        ReadonlyRootFilesystem: true,
        Privileged: false,
        Interactive: false,
        PseudoTerminal: false,
      });
      expect(subject.LinuxParameters).toEqual({
        Capabilities: { Drop: ['ALL'] },
        InitProcessEnabled: true,
        Tmpfs: [{ ContainerPath: '/tmp', Size: 256, MountOptions: ['nosuid', 'nodev'] }],
      });
    }
  });

  it('S4 has no secret, no environment file, no port and nothing of one session in any container', () => {
    const companion = containers.some(({ Name }) => Name === 'session-init');
    const environment = containers.flatMap(({ Environment }) => Environment ?? []);
    // Each is a constant of the platform: the same for all sessions of all profiles.
    expect(Object.fromEntries(environment.map(({ Name, Value }) => [Name, Value]))).toEqual({
      ANTHROPIC_BASE_URL: 'https://models.agents.internal',
      HOME: '/workspace/home',
      HTTPS_PROXY: 'http://egress.agents.internal:3128',
      https_proxy: 'http://egress.agents.internal:3128',
      NO_PROXY: '.agents.internal',
      no_proxy: '.agents.internal',
      ...(companion && { SESSION_ZONE: 'agents.internal' }),
    });
    for (const subject of containers) {
      for (const key of ['Secrets', 'EnvironmentFiles', 'PortMappings', 'CredentialSpecs', 'RepositoryCredentials']) {
        expect(Object.keys(subject)).not.toContain(key);
      }
    }
  });

  it('S2 starts the agent through the launcher, which checks the container from inside', () => {
    expect(container(variant, 'agent')).toMatchObject({
      Essential: true,
      EntryPoint: ['/bin/sh', '/session/launch'],
      WorkingDirectory: '/workspace',
      StopTimeout: 30,
    });
  });

  it('U3 the agent writes its workspace and not the folder that the launcher comes from', () => {
    expect(mounts(variant, 'agent')).toEqual([
      ['workspace', '/workspace', 'write'],
      ['session', '/session', 'read'],
    ]);
    for (const { Volumes } of tasks) expect(Volumes).toEqual([{ Name: 'workspace' }, { Name: 'session' }]);
  });

  it('F13 the agent has no log driver, whose cost has no cap; the others wait for theirs and lose no line', () => {
    expect(container(variant, 'agent')?.LogConfiguration).toBeUndefined();
    for (const subject of containers.filter(({ Name }) => Name !== 'agent')) {
      expect(subject.LogConfiguration).toMatchObject({ LogDriver: 'awslogs', Options: { mode: 'blocking' } });
      expect(JSON.stringify(subject.LogConfiguration?.Options['awslogs-group'])).toMatch(/SessionsLogs/);
    }
  });
});

describe('S10 the order in which a session starts', () => {
  it.each(WITH_IMAGE)('S10 %s: nothing of the agent before session-init has succeeded', (variant) => {
    const all = tasksOf(variant)[0]?.ContainerDefinitions ?? [];
    const init = { ContainerName: 'session-init', Condition: 'SUCCESS' };
    expect(all.map(({ Name, Essential, DependsOn }) => [Name, Essential, DependsOn])).toEqual([
      // Were it essential, its end would end the task.
      ['session-init', false, undefined],
      ['agent', true, [init, { ContainerName: 'session-recorder', Condition: 'START' }]],
      ['session-recorder', true, [init]],
    ]);
  });

  it.each(WITH_IMAGE)('S10 %s: init and recorder are the image of the platform, by digest', (variant) => {
    const images = ['session-init', 'session-recorder'].map((name) => container(variant, name)?.Image);
    expect(images[0]).toMatch(/^111122223333\.dkr\.ecr\.eu-west-1\.amazonaws\.com\/platform\/session@sha256:5{64}$/);
    expect(images[1]).toBe(images[0]);
    expect(container(variant, 'agent')?.Image).not.toEqual(images[0]);
    expect(['session-init', 'session-recorder'].map((name) => container(variant, name)?.Command)).toEqual([
      ['init'],
      ['record'],
    ]);
  });

  it.each(WITH_IMAGE)('U3 %s: only init writes the launcher, and the recorder writes nothing', (variant) => {
    expect(mounts(variant, 'session-init')).toEqual([
      ['workspace', '/workspace', 'write'],
      ['session', '/session', 'write'],
    ]);
    expect(mounts(variant, 'session-recorder')).toEqual([
      ['workspace', '/workspace', 'read'],
      ['session', '/session', 'read'],
    ]);
  });

  it.each(WITH_IMAGE)('O2 %s: the recorder is stopped last and has the longest time that Fargate gives', (variant) => {
    expect(container(variant, 'session-recorder')?.StopTimeout).toBe(120);
    expect(container(variant, 'session-init')?.StopTimeout).toBeUndefined();
  });

  it.each(variantNames().filter((name) => !WITH_IMAGE.includes(name)))(
    'S10 %s: without the image there is no launcher, and the task ends instead of running an agent unchecked',
    (variant) => {
      const all = tasksOf(variant)[0]?.ContainerDefinitions ?? [];
      expect(all.map(({ Name }) => Name)).toEqual(['agent']);
      expect(all[0]?.DependsOn).toBeUndefined();
      expect(all[0]?.EntryPoint).toEqual(['/bin/sh', '/session/launch']);
    },
  );
});
