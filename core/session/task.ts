import * as z from 'zod/mini';
import { taskArn } from '../audit/field';
import { interfaceAddress } from './binding';
import { SESSION_ID } from './id';

/** Names of the containers of a session's task, as the task definition has them. */
export const CONTAINERS = { agent: 'agent', init: 'session-init', recorder: 'session-recorder' } as const;
export type ContainerRole = keyof typeof CONTAINERS;

/**
 * How our own programs in a task say what ended them: by exit code, which ECS reports. session-init speaks before there is
 * an agent and is believed. The others share a task with it, so theirs only choose the word for an end that has come
 * anyway.
 */
export const EXITS = {
  /** A probe that should have failed got through. */
  initEscaped: 70,
  /** The launcher's checks inside the agent's container. Above what shells use for signals, below 128 + 1. */
  launcherRefused: 79,
  recorderIdle: 80,
  recorderLifetime: 81,
} as const;

export type TaskLife =
  /** Containers run or will. */
  | 'alive'
  /** ECS wants it gone, and it may still run. */
  | 'ending'
  /** Nothing of it runs, and its interface is released. */
  | 'gone';

/** What ECS said of a task at one moment, in an event or to DescribeTasks: the same fields in both. */
export interface TaskSnapshot {
  readonly taskArn: string;
  readonly sessionId: string;
  readonly generation: number;
  /** Orders what is said of one task, and says nothing of two. */
  readonly version: number;
  readonly life: TaskLife;
  /** All containers were started, so session-init ended well before. */
  readonly running: boolean;
  /** Of its interface, from the moment it has one. */
  readonly address?: string;
  readonly exits: Readonly<Partial<Record<ContainerRole, number>>>;
  readonly stopCode?: string;
}

const ecsTask = z.object({
  taskArn,
  startedBy: z.string(),
  version: z.int().check(z.minimum(1)),
  lastStatus: z.string(),
  desiredStatus: z.string(),
  stopCode: z.optional(z.string()),
  containers: z.optional(z.array(z.object({ name: z.string(), exitCode: z.optional(z.int()) }))),
  attachments: z.optional(
    z.array(
      z.object({
        type: z.string(),
        status: z.string(),
        details: z.optional(z.array(z.object({ name: z.optional(z.string()), value: z.optional(z.string()) }))),
      }),
    ),
  ),
});
type EcsTask = z.infer<typeof ecsTask>;

/** After RUNNING. Source: Amazon ECS Developer Guide, "Amazon ECS task lifecycle". */
const ENDING: readonly string[] = ['DEACTIVATING', 'STOPPING', 'DEPROVISIONING'];
const DETACHED: readonly string[] = ['DETACHING', 'DETACHED', 'DELETED', 'FAILED'];
/** `startedBy` of a task is the token it was asked for with: session and generation, which no other field carries. */
const STARTED_BY = /^(.{27})-(0|[1-9]\d{0,3})$/;

/** Undefined where it is no task of a session, or not said in words this code knows. */
export function readTask(raw: unknown): TaskSnapshot | undefined {
  const parsed = ecsTask.safeParse(raw);
  if (!parsed.success) return undefined;
  const task = parsed.data;
  const startedBy = readRunTaskToken(task.startedBy);
  if (startedBy === undefined) return undefined;
  const address = addressOf(task);
  return {
    taskArn: task.taskArn,
    ...startedBy,
    version: task.version,
    life: lifeOf(task),
    running: task.lastStatus === 'RUNNING',
    ...(address !== undefined && { address }),
    exits: exitsOf(task),
    ...(task.stopCode !== undefined && { stopCode: task.stopCode }),
  };
}

export function readRunTaskToken(
  token: string,
): { readonly sessionId: string; readonly generation: number } | undefined {
  const [, sessionId = '', generation = ''] = STARTED_BY.exec(token) ?? [];
  return SESSION_ID.test(sessionId) ? { sessionId, generation: Number(generation) } : undefined;
}

function lifeOf({ lastStatus, desiredStatus }: EcsTask): TaskLife {
  if (lastStatus === 'STOPPED' || lastStatus === 'DELETED') return 'gone';
  return desiredStatus !== 'RUNNING' || ENDING.includes(lastStatus) ? 'ending' : 'alive';
}

/** None where there is more than one: which of them a service sees can't be told. */
function addressOf({ attachments = [] }: EcsTask): string | undefined {
  const addresses = attachments
    // The event says `eni`, DescribeTasks says `ElasticNetworkInterface`.
    .filter(({ type, status }) => /^(?:eni|ElasticNetworkInterface)$/.test(type) && !DETACHED.includes(status))
    .flatMap(({ details = [] }) => details.flatMap(({ name, value }) => (name === 'privateIPv4Address' ? value : [])));
  const [only, ...more] = addresses;
  return more.length === 0 && interfaceAddress.safeParse(only).success ? only : undefined;
}

function exitsOf({ containers = [] }: EcsTask): TaskSnapshot['exits'] {
  const roles = Object.entries(CONTAINERS) as [ContainerRole, string][];
  return Object.fromEntries(
    roles.flatMap(([role, name]) => {
      const exitCode = containers.find((container) => container.name === name)?.exitCode;
      return exitCode === undefined ? [] : [[role, exitCode]];
    }),
  );
}
