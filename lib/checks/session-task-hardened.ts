import { taskOf } from './containers';
import type { ResourceRule } from './rule';

const ROOT = /^(?:0|root)(?::|$)/;

/** A session's task is one with a container named `agent`, as SessionTask makes it. */
export const sessionTaskHardened: ResourceRule = {
  name: 'SESSION_TASK_HARDENED',
  description:
    'a session has no credential and its containers are read-only, without capabilities, not root, by digest: whatever an ' +
    'agent is talked into, this is what it has',
  check(resource) {
    const task = taskOf(resource);
    if (!task?.containers.some((container) => container.name === 'agent')) return [];
    const { properties } = task;
    return [
      ...(properties.TaskRoleArn === undefined ? [] : ['TaskRoleArn: the task would answer with AWS keys']),
      ...(properties.EnableFaultInjection === true ? ['EnableFaultInjection'] : []),
      ...(properties.PidMode === undefined ? [] : ['PidMode: containers would see each other']),
      ...task.containers.flatMap((container) => {
        const linux = (container.LinuxParameters ?? {}) as { Capabilities?: { Drop?: string[] } };
        const user = String(container.User ?? 'root');
        return [
          ...(container.ReadonlyRootFilesystem === true ? [] : ['the root file system is writable']),
          ...(linux.Capabilities?.Drop?.includes('ALL') ? [] : ['capabilities are kept']),
          ...(ROOT.test(user) ? ['runs as root'] : []),
          ...(pinned(container.Image) ? [] : ['the image is not pinned by digest or content']),
          ...(container.Secrets === undefined ? [] : ['has secrets']),
        ].map((problem) => `container ${container.name}: ${problem}`);
      }),
    ];
  },
};

/** A digest, or the tag of a CDK asset, which is a hash of its content. */
function pinned(image: unknown): boolean {
  return /@sha256:[0-9a-f]{64}|:[0-9a-f]{64}/.test(JSON.stringify(image) ?? '');
}
