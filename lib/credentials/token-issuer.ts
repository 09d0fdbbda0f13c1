import { CustomResource, Duration, type RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import {
  EndpointType,
  type IResource,
  MethodLoggingLevel,
  MockIntegration,
  PassthroughBehavior,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { DISCOVERY_PATH, discovery, JWKS_PATH } from '../../core/credentials/oidc';
import { prebuiltFunction } from '../prebuilt-function';

export interface TokenIssuerProps {
  /** Of the key that signs. */
  readonly keyArn: string;
  /** Of the log of the function that reads its public half. */
  readonly encryptionKey: IKey;
  readonly removalPolicy: RemovalPolicy;
}

const STAGE = 'oidc';

/**
 * The two public documents that a system outside verifies tokens by. Both stand in the API itself, as fixed answers: no
 * function runs, no bucket is read and no input is looked at, whoever asks. A REST API, since only that has such answers;
 * CloudFront with a bucket has two more parts and one more policy for the same.
 *
 * Its URL is the issuer's name, in every trust that was set up: the API stays when the stack goes.
 *
 * @internal
 */
export class TokenIssuer extends Construct {
  readonly url: string;

  constructor(scope: Construct, id: string, props: TokenIssuerProps) {
    super(scope, id);
    const { region, urlSuffix } = Stack.of(this);
    const api = new RestApi(this, 'Api', {
      description: 'Public keys of the platform, for systems outside that trust its tokens',
      endpointTypes: [EndpointType.REGIONAL],
      cloudWatchRole: false,
      deployOptions: {
        stageName: STAGE,
        throttlingRateLimit: 20,
        throttlingBurstLimit: 50,
        loggingLevel: MethodLoggingLevel.OFF,
      },
    });
    api.applyRemovalPolicy(props.removalPolicy);
    // Not `api.url`, which knows the stage, which needs the documents, which have the URL in them.
    this.url = `https://${api.restApiId}.execute-api.${region}.${urlSuffix}/${STAGE}`;
    const keys = this.publishedKeys(props);
    this.answer(api, DISCOVERY_PATH, Stack.of(this).toJsonString(discovery(this.url)));
    this.answer(api, JWKS_PATH, keys);
    // The deployment is made anew when the text of its methods changes; another key hides behind the same text.
    api.latestDeployment?.addToLogicalId({ key: Stack.of(this).resolve(props.keyArn) });
    acknowledge(api);
  }

  /** What is public of the key: known to CloudFormation only once there is one. */
  private publishedKeys({ keyArn, encryptionKey, removalPolicy }: TokenIssuerProps): string {
    const handler = prebuiltFunction(this, 'Function', 'issuer', {
      description: 'Reads the public half of the key that signs tokens, when it is deployed',
      encryptionKey,
      timeout: Duration.minutes(1),
      removalPolicy,
    });
    handler.addToRolePolicy(new PolicyStatement({ actions: ['kms:GetPublicKey'], resources: [keyArn] }));
    const resource = new CustomResource(this, 'Keys', {
      serviceToken: handler.functionArn,
      resourceType: 'Custom::PublishedKeys',
      properties: { KeyArn: keyArn },
    });
    return resource.getAttString('Jwks');
  }

  private answer(api: RestApi, path: string, document: string): void {
    const place = path
      .split('/')
      .filter((part) => part !== '')
      .reduce<IResource>((parent, part) => parent.getResource(part) ?? parent.addResource(part), api.root);
    place.addMethod(
      'GET',
      new MockIntegration({
        requestTemplates: { 'application/json': '{"statusCode": 200}' },
        passthroughBehavior: PassthroughBehavior.NEVER,
        integrationResponses: [
          {
            statusCode: '200',
            responseTemplates: { 'application/json': document },
            responseParameters: { 'method.response.header.Cache-Control': "'public, max-age=300'" },
          },
        ],
      }),
      {
        methodResponses: [{ statusCode: '200', responseParameters: { 'method.response.header.Cache-Control': true } }],
      },
    );
  }
}

function acknowledge(api: RestApi): void {
  const fixed = 'two fixed public documents: no input is read, nothing runs, and nobody is asked who they are';
  Validations.of(api).acknowledge(
    { id: 'AwsSolutions-APIG2', reason: fixed },
    { id: 'AwsSolutions-APIG4', reason: fixed },
    { id: 'AwsSolutions-COG4', reason: fixed },
    { id: 'AwsSolutions-APIG1', reason: `${fixed}; a log would need a role for the whole account` },
    { id: 'AwsSolutions-APIG3', reason: `${fixed}; throttled at 20 requests a second` },
    { id: 'AwsSolutions-APIG6', reason: `${fixed}; a log would need a role for the whole account` },
    { id: 'NIST.800.53.R5-APIGWAssociatedWithWAF', reason: `${fixed}; throttled at 20 requests a second` },
    { id: 'NIST.800.53.R5-APIGWCacheEnabledAndEncrypted', reason: `${fixed}; there is nothing to cache` },
    {
      id: 'NIST.800.53.R5-APIGWExecutionLoggingEnabled',
      reason: `${fixed}; a log would need a role for the whole account`,
    },
    { id: 'NIST.800.53.R5-APIGWSSLEnabled', reason: `${fixed}; there is no backend to prove anything to` },
  );
}
