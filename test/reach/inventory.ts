import { Resolver, type Templates } from './resolver';
import { type Json, type JsonRecord, record } from './values';

export interface Resource {
  /** `stack/LogicalId`. */
  readonly id: string;
  readonly type: string;
  /** Properties with every reference resolved. */
  readonly props: JsonRecord;
  /** Ids of the resources in DependsOn, which is the only ordering that CloudFormation promises for them. */
  readonly dependsOn: readonly string[];
  /** Made only under a condition: neither surely there nor surely absent. */
  readonly conditional: boolean;
}

/** All resources of a variant with their references resolved. */
export class Inventory {
  readonly all: readonly Resource[];
  readonly metadata: readonly JsonRecord[];
  readonly region: string;
  private readonly byId: ReadonlyMap<string, Resource>;

  constructor(templates: Templates) {
    const resolver = new Resolver(templates);
    this.region = resolver.region;
    this.metadata = Object.values(templates).map((template) => record((template.Metadata ?? {}) as Json));
    this.all = Object.entries(templates).flatMap(([stack, template]) =>
      Object.entries(template.Resources).map(([logicalId, resource]) => ({
        id: `${stack}/${logicalId}`,
        type: resource.Type,
        props: record(resolver.resolve(stack, resource.Properties ?? {})),
        dependsOn: [resource.DependsOn ?? []].flat().map((other) => `${stack}/${other}`),
        conditional: 'Condition' in resource,
      })),
    );
    this.byId = new Map(this.all.map((resource) => [resource.id, resource]));
  }

  ofType(...types: string[]): Resource[] {
    return this.all.filter((resource) => types.includes(resource.type));
  }

  get(id: string | undefined): Resource | undefined {
    return id === undefined ? undefined : this.byId.get(id);
  }
}

/** `where` is the resource to look at; `id` is stable, tests name it. */
export interface Finding {
  readonly id: string;
  readonly where: string;
  readonly problem: string;
}
