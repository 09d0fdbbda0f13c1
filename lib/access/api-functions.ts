import { Duration, type RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { RequesterLimits } from '../../core/access/admission';
import { ACCESS_VARIABLES as NAMES } from '../../core/access/environment';
import type { AccessMapping } from '../../core/access/mapping';
import type { OperationId } from '../../core/access/may-do';
import { prebuiltFunction } from '../prebuilt-function';
import type { ISessionLifecycle } from '../session/lifecycle-ref';
import type { ISessions } from '../session/sessions-ref';
import type { BoundIssuer } from './access-issuer';

export interface ApiFunctionsProps {
  readonly sessions: ISessions;
  readonly lifecycle: ISessionLifecycle;
  readonly issuer: BoundIssuer;
  readonly mapping: AccessMapping;
  readonly limits: RequesterLimits;
  readonly reserveConcurrency: boolean;
  readonly removalPolicy: RemovalPolicy;
}

const STOP: readonly OperationId[] = ['stopSession'];
const PANIC: readonly OperationId[] = ['getPanic', 'raisePanic', 'liftPanic'];

const WAITS = 'API Gateway waits for its answer, and whoever asked is told that there was none and asks again';
const POOL =
  'the deployment asked for no reserved runs (reserveConcurrency), because the account has too few for any function to have some';

/**
 * The API's functions: one program, three times. Whoever floods it with starts takes no run from stop or panic, and each
 * has the rights of its own operations: what writes the epoch writes no binding, and the reverse.
 *
 * @internal
 */
export class ApiFunctions extends Construct {
  readonly authorizer: LambdaFunction;
  readonly sessions: LambdaFunction;
  readonly stop: LambdaFunction;
  readonly panic: LambdaFunction;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: ApiFunctionsProps,
  ) {
    super(scope, id);
    const { sessions, lifecycle } = props;
    const json = (value: unknown) => Stack.of(this).toJsonString(value);
    this.authorizer = this.add(
      'Authorizer',
      'authorizer',
      'Says who calls the control API, and records whom it refuses',
      50,
      {
        [NAMES.token]: json(props.issuer.token),
        [NAMES.mapping]: json(props.mapping),
      },
    );
    const shared = {
      [NAMES.sessionsTable]: sessions.rowsTableName,
      [NAMES.bindingsTable]: sessions.bindingsTableName,
      [NAMES.payloads]: sessions.payloadsBucketName,
      [NAMES.logGroup]: sessions.logGroupName,
      [NAMES.stateMachine]: lifecycle.stateMachineArn,
      [NAMES.panicFunction]: lifecycle.panicFunctionArn,
      [NAMES.policies]: json(sessions.policies),
      [NAMES.limits]: JSON.stringify(props.limits),
    };
    this.sessions = this.add('Requests', 'access', 'Starts and shows sessions', 30, shared);
    sessions.grantWriteRows(this.sessions);
    sessions.grantListRows(this.sessions);
    sessions.grantReadBindings(this.sessions);
    sessions.grantReadPolicies(this.sessions);
    sessions.grantWriteTaskTexts(this.sessions);
    sessions.grantReadTranscripts(this.sessions);
    lifecycle.grantStart(this.sessions);

    this.stop = this.add('Stop', 'access', 'Ends sessions for people', 10, shared);
    lifecycle.grantStop(this.stop);

    this.panic = this.add('Panic', 'access', 'Stops the platform, and lets two people lift that', 5, shared);
    sessions.grantWriteRows(this.panic);
    lifecycle.grantPanic(this.panic);
  }

  /** Which of them answers what. */
  handlerOf(id: OperationId): LambdaFunction {
    if (STOP.includes(id)) return this.stop;
    return PANIC.includes(id) ? this.panic : this.sessions;
  }

  get all(): Readonly<Record<string, LambdaFunction>> {
    const { authorizer, sessions, stop, panic } = this;
    return { Authorizer: authorizer, Requests: sessions, Stop: stop, Panic: panic };
  }

  private add(
    name: string,
    asset: string,
    description: string,
    reserved: number,
    environment: Record<string, string>,
  ): LambdaFunction {
    const { sessions, removalPolicy, reserveConcurrency } = this.props;
    return prebuiltFunction(this, name, asset, {
      description,
      encryptionKey: sessions.encryptionKey,
      // API Gateway gives up after 29 seconds.
      timeout: Duration.seconds(asset === 'authorizer' ? 10 : 28),
      memoryMiB: 512,
      removalPolicy,
      environment,
      sharesPoolBecause: POOL,
      noDeadLettersBecause: WAITS,
      ...(reserveConcurrency && { reservedConcurrency: reserved }),
    });
  }
}
