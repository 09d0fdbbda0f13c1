import { maybeOn, taskOf } from './containers';
import type { ResourceRule } from './rule';

/** Source: Amazon ECS Developer Guide, "Fargate task definition considerations". */
const REFUSED_IN_CONTAINER: Readonly<Record<string, (value: unknown) => boolean>> = {
  Privileged: maybeOn,
  DockerSecurityOptions: present,
  DisableNetworking: maybeOn,
  DnsServers: present,
  ExtraHosts: present,
  Links: present,
};
const REFUSED_IN_LINUX_PARAMETERS = ['Devices', 'SharedMemorySize', 'MaxSwap', 'Swappiness'] as const;

function present(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined;
}

/** What CloudFormation's validators let through and Fargate refuses at registration. */
export const fargateRefuses: ResourceRule = {
  name: 'FARGATE_REFUSES',
  description: 'Fargate refuses a task definition with these settings when it is registered',
  check(resource) {
    const task = taskOf(resource);
    if (!task?.fargate) return [];
    const found = task.containers.flatMap((container) => {
      const linux = (container.LinuxParameters ?? {}) as Record<string, unknown>;
      const added = ((linux.Capabilities as { Add?: string[] } | undefined)?.Add ?? []).filter(
        (name) => name !== 'SYS_PTRACE',
      );
      return [
        ...Object.entries(REFUSED_IN_CONTAINER).flatMap(([key, refused]) => (refused(container[key]) ? [key] : [])),
        ...REFUSED_IN_LINUX_PARAMETERS.filter((key) => present(linux[key])),
        ...(added.length > 0 ? [`Capabilities.Add ${added.join(', ')}`] : []),
      ].map((key) => `container ${container.name}: ${key}`);
    });
    const hostVolumes = ((task.properties.Volumes ?? []) as { Name?: string; Host?: { SourcePath?: unknown } }[])
      .filter((volume) => volume.Host?.SourcePath !== undefined)
      .map((volume) => `volume ${volume.Name}: Host.SourcePath`);
    return [
      ...found,
      ...hostVolumes,
      ...(present(task.properties.PlacementConstraints) ? ['PlacementConstraints'] : []),
      ...(task.properties.PidMode === 'host' ? ['PidMode host'] : []),
      ...(present(task.properties.IpcMode) ? ['IpcMode'] : []),
      ...(task.properties.NetworkMode === 'awsvpc' ? [] : [`NetworkMode ${task.properties.NetworkMode ?? 'not set'}`]),
    ];
  },
};
