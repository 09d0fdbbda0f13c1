import { taskOf } from './containers';
import type { ResourceRule } from './rule';

/** ECS's default is non-blocking since 2025-06-25; the CDK documentation still says blocking. */
export const logModeBlocking: ResourceRule = {
  name: 'LOG_MODE_BLOCKING',
  description:
    "a container whose lines are evidence sets mode: blocking; ECS's default drops lines when its buffer is full",
  check(resource) {
    return (taskOf(resource)?.containers ?? []).flatMap((container) => {
      const logging = container.LogConfiguration as { Options?: Record<string, string> } | undefined;
      if (logging === undefined || logging.Options?.mode === 'blocking') return [];
      return [`container ${container.name}: log mode ${logging.Options?.mode ?? 'not set'}`];
    });
  },
};
