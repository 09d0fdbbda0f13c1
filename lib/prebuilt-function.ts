import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Duration, type RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Architecture, Code, Function as LambdaFunction, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { INLINE_POLICY } from './acknowledgements';

export interface PrebuiltFunctionProps {
  readonly description: string;
  /** For its log group. */
  readonly encryptionKey: IKey;
  readonly timeout: Duration;
  readonly removalPolicy: RemovalPolicy;
  /** Which export of the asset's index. @default handler */
  readonly handler?: string;
  readonly environment?: Record<string, string>;
  /** Its share of a vCPU grows with it. @default 256 */
  readonly memoryMiB?: number;
  /** Runs kept free for it alone, and as many at most. @default none: it shares the account's pool */
  readonly reservedConcurrency?: number;
  /** Why none are reserved. @default what holds for functions that CloudFormation or a schedule invokes */
  readonly sharesPoolBecause?: string;
  /** Why what it fails at goes to no queue. @default what holds for functions that CloudFormation or a schedule invokes */
  readonly noDeadLettersBecause?: string;
}

/**
 * A function of lambda/, as `npm run build` left it under assets/: whoever imports the library needs no esbuild, Docker
 * or network at synth. Its role may write its own log group and, until somebody grants more, nothing else.
 *
 * No subclass: a class that extends Function loads aws-lambda as soon as the library is imported.
 */
export function prebuiltFunction(
  scope: Construct,
  id: string,
  asset: string,
  props: PrebuiltFunctionProps,
): LambdaFunction {
  const logGroup = new LogGroup(scope, `${id}Logs`, {
    encryptionKey: props.encryptionKey,
    retention: RetentionDays.ONE_YEAR,
    removalPolicy: props.removalPolicy,
  });
  const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  logGroup.grantWrite(role);
  const handler = new LambdaFunction(scope, id, {
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    handler: `index.${props.handler ?? 'handler'}`,
    code: Code.fromAsset(assetFolder(asset)),
    memorySize: props.memoryMiB ?? 256,
    loggingFormat: LoggingFormat.JSON,
    logGroup,
    role,
    timeout: props.timeout,
    description: props.description,
    environment: props.environment,
    reservedConcurrentExecutions: props.reservedConcurrency,
  });
  Validations.of(role).acknowledge(INLINE_POLICY);
  Validations.of(handler).acknowledge(
    {
      id: 'NIST.800.53.R5-LambdaInsideVPC',
      reason: 'calls AWS APIs only; inside a VPC of the platform it would need a way out that nothing else there has',
    },
    ...(props.reservedConcurrency === undefined
      ? [
          {
            id: 'NIST.800.53.R5-LambdaConcurrency',
            reason:
              props.sharesPoolBecause ??
              'CloudFormation or a schedule invokes it, once a change or a day; a reservation would take from the account pool for good',
          },
        ]
      : []),
    {
      id: 'NIST.800.53.R5-LambdaDLQ',
      reason:
        props.noDeadLettersBecause ??
        'CloudFormation waits for its answer and reports a missing one itself; what a schedule missed, the next run makes good',
    },
  );
  return handler;
}

/**
 * Where the package keeps what was built, seen from the sources as well as from dist/.
 *
 * @internal
 */
export function assetFolder(name: string): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  const asset = join(folder, 'assets', name);
  if (!existsSync(asset)) throw new Error(`assets/${name} is not built; run "npm run build" first`);
  return asset;
}
