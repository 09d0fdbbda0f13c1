import { CfnOutput, Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import {
  AccessLogField,
  AccessLogFormat,
  AuthorizationType,
  EndpointType,
  type IResource,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  RequestAuthorizer,
  ResponseType,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { OPERATION_IDS } from '../../core/access/may-do';
import { OPERATIONS } from '../../core/access/operations';
import { type ProblemCode, problemOf } from '../../core/access/problem';
import { alarmTopic } from '../egress/alarm-topic';
import type { ISessionLifecycle } from '../session/lifecycle-ref';
import type { ISessions } from '../session/sessions-ref';
import { type AccessGroup, DEFAULT_GROUPS, groupMappings } from './access-group';
import { AccessIssuer, type BoundIssuer } from './access-issuer';
import { ApiAlarms } from './api-alarms';
import { ApiFirewall } from './api-firewall';
import { ApiFunctions } from './api-functions';

export interface ControlApiProps {
  readonly sessions: ISessions;
  readonly lifecycle: ISessionLifecycle;
  /** Who says who is calling. @default AccessIssuer.cognito(): a user pool of the platform's own */
  readonly issuer?: AccessIssuer;
  /** What groups make of people. @default submitters (of one team, "everybody"), approvers, operators, auditors */
  readonly groups?: AccessGroup[];
  /** Sessions of one person that have not ended. @default 10 */
  readonly maxLivePerRequester?: number;
  /** Sessions one person may start in 24 hours. @default 200 */
  readonly maxDailyPerRequester?: number;
  /** US dollars for models that one person may reserve in 24 hours. @default 200 */
  readonly dailyBudgetUsd?: number;
  /** Requests of one address in five minutes, above which the firewall blocks it. @default 1000 */
  readonly requestsPerAddress?: number;
  /**
   * Whether API Gateway is given a role to write logs with. It has one for all APIs of an account and region, and the
   * deployment takes the place of another; without any, a deployment with logs fails.
   *
   * @default true
   */
  readonly setAccountLogRole?: boolean;
  /** Whether functions have runs reserved, see the same of SessionLifecycle. @default true */
  readonly reserveConcurrency?: boolean;
  /** Whether AWS refuses to delete the user pool. @default true, unless throwaway */
  readonly deletionProtection?: boolean;
  /** Deletes the user pool and logs with the stack. @default false */
  readonly throwaway?: boolean;
}

/** Of all callers together; each has a pace of its own besides. */
const THROTTLE = { throttlingRateLimit: 50, throttlingBurstLimit: 100 };

/** Where people and systems start, look at and end sessions. */
export class ControlApi extends Construct {
  /** What agentctl is told as --endpoint. */
  readonly endpoint: string;
  /** Where its alarms go. */
  readonly alarmTopic: ITopic;

  /** @internal */
  readonly _issuer: BoundIssuer;

  /** @throws where a group is wrong, or names a profile that is none */
  constructor(scope: Construct, id: string, props: ControlApiProps) {
    super(scope, id);
    const { sessions, lifecycle } = props;
    const removalPolicy = props.throwaway ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
    const groups = props.groups ?? DEFAULT_GROUPS;
    const mappings = groupMappings(
      groups,
      sessions.policies.map(({ profile }) => profile),
    );
    const issuer = (props.issuer ?? AccessIssuer.cognito())._bind(this, {
      groups,
      removalPolicy,
      deletionProtection: props.deletionProtection ?? !props.throwaway,
    });
    this._issuer = issuer;
    const functions = new ApiFunctions(this, 'Functions', {
      sessions,
      lifecycle,
      issuer,
      mapping: { groupsClaim: issuer.groupsClaim, groups: mappings },
      limits: {
        liveSessions: props.maxLivePerRequester ?? 10,
        dailySessions: props.maxDailyPerRequester ?? 200,
        dailyMicroUsd: Math.round((props.dailyBudgetUsd ?? 200) * 1e6),
      },
      reserveConcurrency: props.reserveConcurrency ?? true,
      removalPolicy,
    });
    const api = this.api(functions, props, removalPolicy);
    new ApiFirewall(this, 'Firewall', {
      stageArn: api.deploymentStage.stageArn,
      encryptionKey: sessions.encryptionKey,
      removalPolicy,
      perAddress: props.requestsPerAddress ?? 1000,
    });
    this.alarmTopic = alarmTopic(this, 'Alarms', sessions.encryptionKey);
    new ApiAlarms(this, 'Watch', { api, functions, action: new SnsAction(this.alarmTopic) });
    // With the slash that a stage's address ends in, every path would have two.
    this.endpoint = `https://${api.restApiId}.execute-api.${api.env.region}.amazonaws.com/${api.deploymentStage.stageName}`;
  }

  private api(functions: ApiFunctions, props: ControlApiProps, removalPolicy: RemovalPolicy): RestApi {
    const accessLogs = new LogGroup(this, 'AccessLogs', {
      encryptionKey: props.sessions.encryptionKey,
      retention: RetentionDays.ONE_YEAR,
      removalPolicy,
    });
    const api = new RestApi(this, 'Resource', {
      description: 'Control API of the agent platform',
      endpointTypes: [EndpointType.REGIONAL],
      cloudWatchRole: props.setAccountLogRole ?? true,
      deployOptions: {
        stageName: 'prod',
        accessLogDestination: new LogGroupLogDestination(accessLogs),
        accessLogFormat: accessLogFormat(),
        loggingLevel: MethodLoggingLevel.ERROR,
        // Would write bodies and tokens into logs.
        dataTraceEnabled: false,
        metricsEnabled: true,
        tracingEnabled: true,
        ...THROTTLE,
      },
    });
    const authorizer = new RequestAuthorizer(this, 'Caller', {
      handler: functions.authorizer,
      // With a source, API Gateway refuses who lacks it without asking; with a cache, it lets in who was refused since.
      identitySources: [],
      resultsCacheTtl: Duration.seconds(0),
    });
    for (const id of OPERATION_IDS) {
      const { method, path } = OPERATIONS[id];
      resourceAt(api.root, path).addMethod(
        method,
        new LambdaIntegration(functions.handlerOf(id), { allowTestInvoke: false }),
        {
          authorizer,
          authorizationType: AuthorizationType.CUSTOM,
          operationName: id,
        },
      );
    }
    answersOfGateway(api);
    acknowledge(api);
    return api;
  }
}

/** Without headers: a token stands in one. */
function accessLogFormat(): AccessLogFormat {
  return AccessLogFormat.custom(
    JSON.stringify({
      requestId: AccessLogField.contextRequestId(),
      time: AccessLogField.contextRequestTime(),
      principal: AccessLogField.contextAuthorizerPrincipalId(),
      sourceIp: AccessLogField.contextIdentitySourceIp(),
      method: AccessLogField.contextHttpMethod(),
      resource: AccessLogField.contextResourcePath(),
      status: AccessLogField.contextStatus(),
      latencyMs: AccessLogField.contextResponseLatency(),
      bytes: AccessLogField.contextResponseLength(),
    }),
  );
}

function resourceAt(root: IResource, path: string): IResource {
  return path
    .split('/')
    .filter((part) => part !== '')
    .reduce((at, part) => at.getResource(part) ?? at.addResource(part), root);
}

/** What API Gateway answers itself, in the form the API has. */
function answersOfGateway(api: RestApi): void {
  const add = (id: string, type: ResponseType, code: ProblemCode, detail: string, status?: number): void => {
    const problem = { ...problemOf(code, detail), ...(status && { status }) };
    api.addGatewayResponse(id, {
      type,
      statusCode: String(problem.status),
      responseHeaders: { 'content-type': "'application/problem+json'", 'cache-control': "'no-store'" },
      templates: { 'application/json': JSON.stringify(problem) },
    });
  };
  // A word of ours: `$context.authorizer.reason` is what the authorizer recorded.
  const refused = 'got $context.authorizer.reason; sign in with agentctl login';
  add('Denied', ResponseType.ACCESS_DENIED, 'not-signed-in', refused);
  add('Unauthorized', ResponseType.UNAUTHORIZED, 'not-signed-in', 'got no caller; sign in with agentctl login');
  add('NoPath', ResponseType.MISSING_AUTHENTICATION_TOKEN, 'path-unknown', 'got a path or method that is not there');
  add('Throttled', ResponseType.THROTTLED, 'too-fast', 'got too many requests of all callers; wait a second');
  add(
    'TooLarge',
    ResponseType.REQUEST_TOO_LARGE,
    'body-too-large',
    'got more than API Gateway takes; shorten the task',
  );
  add('Filtered', ResponseType.WAF_FILTERED, 'request-invalid', 'got a request that the firewall refuses', 403);
  add('Invalid', ResponseType.DEFAULT_4XX, 'request-invalid', 'got a request that API Gateway refuses');
  add('Broken', ResponseType.DEFAULT_5XX, 'unavailable', 'got no answer from behind; try again with the same key');
}

function acknowledge(api: RestApi): void {
  const role = api.node.tryFindChild('CloudWatchRole');
  if (role) {
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
      reason:
        "API Gateway's own role of the account and region, which it accepts with this policy of AWS and serves every API with",
    });
  }
  Validations.of(api).acknowledge(
    {
      id: 'AwsSolutions-APIG2',
      reason:
        'the function validates by the same table that the OpenAPI document is made of, and records what it refuses',
    },
    {
      id: 'AwsSolutions-COG4',
      reason: "an authorizer of the platform's own verifies the token, for any issuer, and records each refusal",
    },
    {
      id: 'NIST.800.53.R5-APIGWCacheEnabledAndEncrypted',
      reason: 'answers are somebody own and change by the second; none is cached anywhere',
    },
    {
      id: 'NIST.800.53.R5-APIGWSSLEnabled',
      reason: 'behind it are functions that API Gateway invokes by IAM; there is no server to show a certificate to',
    },
  );
}

/**
 * What agentctl login is told.
 *
 * @internal
 */
export function accessOutputs(scope: Construct, api: ControlApi): void {
  const outputs = { Endpoint: api.endpoint, Issuer: api._issuer.token.issuer, ClientId: api._issuer.clientId };
  for (const [name, value] of Object.entries(outputs)) {
    if (value !== undefined) new CfnOutput(scope, name, { value, description: `agentctl login, ${name}` });
  }
}
