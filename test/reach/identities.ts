import { namesAgent, statements } from './endpoint-policies';
import type { Finding, Resource } from './inventory';
import { targetOf } from './resolver';
import type { Topology } from './topology';
import { at, type Json, type JsonRecord, list, objectsIn, record, text, texts } from './values';

/** Conditions that say who calls. Others (a prefix, a time, TLS) leave a policy open to the world. */
const BINDS =
  /^(aws:(SourceAccount|SourceArn|SourceOrgID|SourceOwner|PrincipalArn|PrincipalAccount|PrincipalOrgID)|kms:CallerAccount)$/i;
/** A network condition binds too, where the resource answers inside a VPC only. */
const BINDS_BY_NETWORK = /^aws:(SourceVpc|SourceVpce)$/i;
/** Operators that compare for equality; a Not... or ...IfExists lets through what it doesn't know. */
const EQUALITY = /^(ForAnyValue:)?(StringEquals|StringEqualsIgnoreCase|StringLike|ArnEquals|ArnLike)$/;

export function* identityFindings(topology: Topology): Generator<Finding> {
  const { inventory } = topology;
  for (const task of inventory.ofType('AWS::ECS::TaskDefinition')) {
    if (namesAgent(task.props)) yield* agentFindings(topology, task);
    yield* logFindings(task);
  }
  for (const resource of inventory.all) {
    yield* addressFindings(topology, resource);
    if (resource.type !== 'AWS::EC2::VPCEndpoint') yield* resourcePolicyFindings(resource);
  }
  for (const subnet of topology.sessionSubnets.filter((own) => own.publicOnLaunch)) {
    yield { id: 'public-address', where: subnet.id, problem: 'everything in this subnet is given a public address' };
  }
}

/** S4: what answers at 169.254.170.2 inside the task is the task role; without one, nothing does. */
function* agentFindings({ inventory }: Topology, { id, props }: Resource): Generator<Finding> {
  if (props.TaskRoleArn !== undefined && props.TaskRoleArn !== null) {
    yield { id: 'task-role', where: id, problem: 'the agent is given AWS credentials' };
  }
  for (const container of list(props.ContainerDefinitions).map(record)) {
    const name = text(container.Name);
    const written = JSON.stringify(container);
    const kept = ['Secrets', 'EnvironmentFiles'].some((key) => list(container[key]).length > 0);
    const named = [...written.matchAll(/<[^<>/ ]+\/[^<>. ]+(?:\.[^<>]+)?>/g)].some(([reference]) =>
      /^AWS::(SecretsManager|SSM)::/.test(inventory.get(targetOf(reference))?.type ?? ''),
    );
    if (kept || named || /\{\{resolve:(secretsmanager|ssm)/.test(written)) {
      yield { id: 'task-secret', where: id, problem: `container "${name}" is given a secret` };
    }
  }
}

/** F13: awslogs is non-blocking by default, and drops lines when its buffer is full. */
function* logFindings({ id, props }: Resource): Generator<Finding> {
  for (const container of list(props.ContainerDefinitions)) {
    const driver = text(at(container, 'LogConfiguration', 'LogDriver'));
    if (driver === 'awslogs' && text(at(container, 'LogConfiguration', 'Options', 'mode')) !== 'blocking') {
      yield { id: 'log-mode', where: id, problem: `container "${text(at(container, 'Name'))}" may lose log lines` };
    }
  }
}

/** Services, scheduled tasks and state machines (whose definition is text) all say it in the same words. */
function* addressFindings({ sessionSubnets }: Topology, { id, props }: Resource): Generator<Finding> {
  const written = JSON.stringify(props).replaceAll('\\', '');
  const inside = sessionSubnets.some((subnet) => written.includes(`<${subnet.id}>`));
  if (inside && /"AssignPublicIp": ?"ENABLED"/i.test(written)) {
    yield { id: 'public-address', where: id, problem: 'starts tasks in the sessions VPC with a public address' };
  }
}

/** Policies wherever a resource type keeps them: any object, or JSON text, with statements that name a principal. */
function* resourcePolicyFindings({ id, type, props }: Resource): Generator<Finding> {
  for (const [path, object] of objectsIn(props)) {
    const documents = [object, ...Object.values(object).map(asDocument)];
    for (const statement of documents.flatMap(statements)) {
      if (statement.Effect === 'Allow' && isOpen(statement)) {
        yield { id: 'resource-policy-open', where: id, problem: `${path || type} lets everyone in` };
      }
    }
  }
  const bound = [props.SourceAccount, props.SourceArn, props.PrincipalOrgID].some((value) => text(value) !== '');
  if (type === 'AWS::Lambda::Permission' && text(props.Principal) === '*' && !bound) {
    yield { id: 'resource-policy-open', where: id, problem: 'everyone may call the function' };
  }
  if (type === 'AWS::Lambda::Url' && text(props.AuthType) !== 'AWS_IAM') {
    yield { id: 'resource-policy-open', where: id, problem: 'a function with a public address and no authentication' };
  }
}

/** Some types take their policy as text (AWS::Logs::ResourcePolicy). */
function asDocument(value: Json): Json {
  if (typeof value !== 'string' || !value.trimStart().startsWith('{') || !value.includes('"Statement"')) return null;
  try {
    return JSON.parse(value);
  } catch {
    return null;
  }
}

function isOpen(statement: JsonRecord): boolean {
  if (statement.NotPrincipal !== undefined) return true;
  const principals = [...texts(statement.Principal), ...texts(at(statement.Principal, 'AWS'))];
  if (!principals.includes('*')) return false;
  return !Object.entries(record(statement.Condition)).some(
    ([operator, keys]) =>
      EQUALITY.test(operator) &&
      Object.entries(record(keys)).some(
        ([key, values]) =>
          (BINDS.test(key) || BINDS_BY_NETWORK.test(key)) && !texts(values).some((value) => value.startsWith('*')),
      ),
  );
}
