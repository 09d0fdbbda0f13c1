import { SESSION_PATHS } from '../../core/session/task-layout';
import { type Container, maybeOn, type Task, taskOf } from './containers';
import type { ResourceRule } from './rule';

/** A number other than 0. A name, like no name at all, is what the image's own passwd says, root included. */
const NOT_ROOT = /^[1-9]\d*(?::|$)/;

/** A session's task is one with a container named `agent` and a volume named `session`, as SessionTask makes it. */
export function isSessionTask(task: Task | undefined): task is Task {
  if (task === undefined) return false;
  const volumes = (task.properties.Volumes ?? []) as { Name?: string }[];
  return task.containers.some(({ name }) => name === 'agent') && volumes.some(({ Name }) => Name === 'session');
}

export const sessionTaskHardened: ResourceRule = {
  name: 'SESSION_TASK_HARDENED',
  description:
    'a session has no credential and its containers are read-only, without capabilities, not root, by digest: whatever an ' +
    'agent is talked into, this is what it has',
  check(resource) {
    const task = taskOf(resource);
    if (!isSessionTask(task)) return [];
    const { properties } = task;
    return [
      ...(properties.TaskRoleArn === undefined ? [] : ['TaskRoleArn: the task would answer with AWS keys']),
      ...(maybeOn(properties.EnableFaultInjection) ? ['EnableFaultInjection'] : []),
      // What Fargate itself refuses (privileged, the host's network and folders) is only refused there.
      ...(task.fargate ? [] : ['RequiresCompatibilities: is not FARGATE']),
      ...(properties.PidMode === undefined ? [] : ['PidMode: containers would see each other']),
      ...task.containers.flatMap((container) => {
        const linux = (container.LinuxParameters ?? {}) as { Capabilities?: { Add?: string[]; Drop?: string[] } };
        return [
          ...(container.ReadonlyRootFilesystem === true ? [] : ['the root file system is writable']),
          ...(linux.Capabilities?.Drop?.includes('ALL') ? [] : ['capabilities are kept']),
          ...(linux.Capabilities?.Add?.length ? ['capabilities are added'] : []),
          ...(NOT_ROOT.test(String(container.User ?? '')) ? [] : ['the user is not a number other than 0']),
          ...(pinned(container.Image) ? [] : ['the image is not pinned by digest or content']),
          ...(container.Secrets === undefined ? [] : ['has secrets']),
          ...(container.name === 'agent' ? agentProblems(container) : []),
        ].map((problem) => `container ${container.name}: ${problem}`);
      }),
    ];
  },
};

/** A digest, or the tag of a CDK asset, which is a hash of its content. */
function pinned(image: unknown): boolean {
  return /:[0-9a-f]{64}(?![\w.-])/.test(JSON.stringify(image) ?? '');
}

/** What holds for the agent's own container only: it starts through the launcher, and can't change it. */
function agentProblems(container: Container): string[] {
  const mounts = (container.MountPoints ?? []) as { ContainerPath?: string; ReadOnly?: boolean }[];
  const entry = JSON.stringify(container.EntryPoint);
  return [
    ...(entry === JSON.stringify(['/bin/sh', SESSION_PATHS.launcher]) ? [] : ['does not start through the launcher']),
    ...(container.LogConfiguration === undefined ? [] : ['has a log driver, which has no cap on what it costs']),
    ...(mounts.some(({ ContainerPath, ReadOnly }) => ContainerPath === SESSION_PATHS.session && ReadOnly !== true)
      ? ['may write where its launcher comes from']
      : []),
  ];
}
