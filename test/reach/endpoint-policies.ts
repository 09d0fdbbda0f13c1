import type { Finding } from './inventory';
import { ACCOUNT, targetOf } from './resolver';
import type { Endpoint, Topology } from './topology';
import { at, type JsonRecord, list, record, text, texts, unique } from './values';

/** What sessions' endpoints may be: those that Fargate itself needs (architecture.md section 3). */
const LISTED = ['ecr.api', 'ecr.dkr', 'logs', 's3', 'guardduty-data'];
const LOGIN = 'ecr:GetAuthorizationToken';

export function statements(policy: unknown): JsonRecord[] {
  return list(at(record(policy as JsonRecord), 'Statement')).map(record);
}

/** What an endpoint lets through, as `service: action on resource for principal`. */
export function permits(topology: Topology, endpoint: Endpoint): string[] {
  const policy = endpoint.resource.props.PolicyDocument;
  if (!policy) return [`${endpoint.service}: everything for everyone`];
  return unique(
    statements(policy)
      .filter((statement) => statement.Effect === 'Allow')
      .flatMap((statement) => {
        const who = boundPrincipals(topology, statement);
        const actions = statement.Action ? texts(statement.Action) : [`all but ${texts(statement.NotAction)}`];
        const resources = statement.Resource ? texts(statement.Resource) : [`all but ${texts(statement.NotResource)}`];
        return actions.flatMap((action) =>
          resources.map((on) => `${endpoint.service}: ${action} on ${on} for ${who ?? 'everyone'}`),
        );
      }),
  );
}

/** Whom a statement is bound to; undefined where it is bound to nobody in particular. */
function boundPrincipals({ inventory }: Topology, statement: JsonRecord): string | undefined {
  const conditions = record(statement.Condition);
  const arns = ['ArnEquals', 'StringEquals'].flatMap((how) => texts(at(conditions, how, 'aws:PrincipalArn')));
  if (arns.length > 0) {
    const known = arns.every((arn) => inventory.get(targetOf(arn))?.type === 'AWS::IAM::Role');
    const executes = inventory.ofType('AWS::ECS::TaskDefinition').map((task) => targetOf(task.props.ExecutionRoleArn));
    if (!known) return undefined;
    return unique(arns.map((arn) => (executes.includes(targetOf(arn)) ? 'the execution role' : arn))).join(', ');
  }
  const account = text(at(conditions, 'StringEquals', 'aws:PrincipalAccount'));
  return account === ACCOUNT ? 'this account' : undefined;
}

export function* endpointFindings(topology: Topology): Generator<Finding> {
  for (const endpoint of topology.endpoints) {
    if (endpoint.vpc === topology.sessionsVpc && !LISTED.includes(endpoint.service)) {
      yield { id: 'endpoint-not-listed', where: endpoint.id, problem: `sessions reach ${endpoint.service}` };
    }
    yield* policyFindings(topology, endpoint);
  }
  yield* imageFindings(topology);
}

function* policyFindings(topology: Topology, endpoint: Endpoint): Generator<Finding> {
  const policy = endpoint.resource.props.PolicyDocument;
  if (!policy) {
    yield { id: 'endpoint-without-policy', where: endpoint.id, problem: 'no policy: any principal, any account, all' };
    return;
  }
  const allowed = statements(policy).filter((statement) => statement.Effect !== 'Deny');
  for (const statement of allowed) yield* statementFindings(topology, endpoint, statement);
  // F7b: Fargate asks for the login at both endpoints.
  if (endpoint.service.startsWith('ecr.') && !allowed.some((statement) => texts(statement.Action).includes(LOGIN))) {
    yield { id: 'endpoint-login-missing', where: endpoint.id, problem: `no image can be pulled without ${LOGIN}` };
  }
}

function* statementFindings(topology: Topology, endpoint: Endpoint, statement: JsonRecord): Generator<Finding> {
  const where = endpoint.id;
  const layers = `arn:aws:s3:::prod-${topology.inventory.region}-starport-layer-bucket/*`;
  const actions = texts(statement.Action);
  const resources = texts(statement.Resource);
  if (resources.some((on) => on.includes('starport-layer-bucket'))) {
    // F7a: AWS itself signed the address of a layer, so no condition on the caller can hold; the rest must be exact.
    const exact = `${actions}` === 's3:GetObject' && `${resources}` === layers && statement.Condition === undefined;
    if (!exact) yield { id: 'endpoint-layer-bucket', where, problem: `not exactly s3:GetObject on ${layers}` };
    return;
  }
  if (actions.length === 0 || actions.some((action) => action.includes('*'))) {
    yield { id: 'endpoint-action-wide', where, problem: `actions ${actions.join(' ') || 'by NotAction'}` };
  }
  const who = boundPrincipals(topology, statement);
  const guardDuty = endpoint.service === 'guardduty-data' && who === 'this account';
  const needsAll = actions.every((action) => action === LOGIN) || guardDuty;
  const wide = resources.length === 0 || resources.some(isWide);
  if (wide && !needsAll) {
    yield { id: 'endpoint-resource-wide', where, problem: `resources ${resources.join(' ') || 'by NotResource'}` };
  }
  if (who === undefined || (who === 'this account' && !guardDuty)) {
    yield { id: 'endpoint-principal-unbound', where, problem: 'keys of any other account, brought along, work here' };
  }
}

/** A whole service, account or kind of resource; `bucket/prefix/*` and `log-group:name:*` are parts of one. */
function isWide(resource: string): boolean {
  if (resource.startsWith('<')) return false;
  const [arn, , service, region, account, ...rest] = resource.split(':');
  const name = rest.join(':');
  if (arn !== 'arn' || service === '*' || region === '*' || account === '*') return true;
  return service === 's3' ? /^[^/]*\*/.test(name) : /^[\w-]*[:/]?\*/.test(name);
}

/** An image that the endpoint lets through and its own role may not pull, or the other way, never starts. */
function* imageFindings({ inventory, endpoints, sessionsVpc }: Topology): Generator<Finding> {
  const tasks = inventory.ofType('AWS::ECS::TaskDefinition').filter(({ props }) => namesAgent(props));
  for (const role of unique(tasks.map((task) => targetOf(task.props.ExecutionRoleArn) ?? ''))) {
    const policies = inventory
      .ofType('AWS::IAM::Policy')
      .filter((policy) => list(policy.props.Roles).some((own) => targetOf(own) === role))
      .flatMap((policy) => statements(policy.props.PolicyDocument));
    const pulled = repositories(policies);
    for (const endpoint of endpoints.filter((own) => own.vpc === sessionsVpc && own.service.startsWith('ecr.'))) {
      const through = repositories(statements(endpoint.resource.props.PolicyDocument));
      const alone = [...pulled, ...through].filter((on) => !(pulled.includes(on) && through.includes(on)));
      for (const on of alone) {
        const which = pulled.includes(on) ? 'the endpoint does not let through' : 'the execution role may not pull';
        yield { id: 'image-not-pullable', where: endpoint.id, problem: `${which} ${on}` };
      }
    }
  }
}

function repositories(all: readonly JsonRecord[]): string[] {
  const pulling = all.filter((statement) => texts(statement.Action).includes('ecr:BatchGetImage'));
  return unique(pulling.flatMap((statement) => texts(statement.Resource)));
}

export function namesAgent(task: JsonRecord): boolean {
  return list(task.ContainerDefinitions).some((container) => text(at(container, 'Name')) === 'agent');
}
