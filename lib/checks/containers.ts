import { type CfnResource, Stack } from 'aws-cdk-lib';
import { CfnTaskDefinition } from 'aws-cdk-lib/aws-ecs';

/** A container definition with tokens resolved; keys as in CloudFormation, lower camel case. */
export type Container = Readonly<Record<string, unknown>> & { readonly name: string };

export interface Task {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly containers: readonly Container[];
  readonly fargate: boolean;
}

/** The task definition a resource is, or undefined. Reads what is rendered, escape hatches included. */
export function taskOf(resource: CfnResource): Task | undefined {
  if (!CfnTaskDefinition.isCfnTaskDefinition(resource)) return undefined;
  const rendered = Stack.of(resource).resolve(resource._toCloudFormation()) as {
    Resources?: Record<string, { Properties?: Record<string, unknown> }>;
  };
  const properties = Object.values(rendered.Resources ?? {})[0]?.Properties ?? {};
  const containers = (properties.ContainerDefinitions ?? []) as Record<string, unknown>[];
  return {
    properties,
    containers: containers.map((container) => ({ ...container, name: String(container.Name) })),
    fargate: ((properties.RequiresCompatibilities ?? []) as string[]).includes('FARGATE'),
  };
}

/** Whether a flag may end up on: CloudFormation takes "true" for true, and an intrinsic may give either. */
export function maybeOn(value: unknown): boolean {
  return value !== undefined && value !== false && value !== 'false';
}
