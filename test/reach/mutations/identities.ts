import { type Draft, type Mutation, one } from './draft';

/** A statement for everyone, in a policy of a type. */
function open(name: string, type: string, more: Record<string, unknown> = {}): Mutation {
  const statement = { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*', ...more };
  return {
    name: `${type}: ${name}`,
    edit: (draft: Draft) =>
      draft.add('Open', type, { PolicyDocument: { Version: '2012-10-17', Statement: statement } }),
    finding: 'resource-policy-open',
  };
}

/** What a session, or anyone, holds or is let in by (S4), and logs that may lose a line (F13). */
export const IDENTITIES: readonly Mutation[] = [
  {
    name: 'task role added',
    edit: (draft) =>
      Object.assign(draft.agentTask.Properties, { TaskRoleArn: draft.agentTask.Properties.ExecutionRoleArn }),
    finding: 'task-role',
  },
  {
    name: 'secret in the agent container',
    edit: (draft) =>
      Object.assign(draft.container('agent'), {
        Secrets: [{ Name: 'TOKEN', ValueFrom: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:token' }],
      }),
    finding: 'task-secret',
  },
  {
    name: 'secret in the container beside the agent',
    variant: 'session-image',
    edit: (draft) =>
      Object.assign(draft.container('session-recorder'), {
        Secrets: [{ Name: 'TOKEN', ValueFrom: 'arn:aws:ssm:eu-west-1:111122223333:parameter/token' }],
      }),
    finding: 'task-secret',
  },
  {
    name: 'secret as a dynamic reference in the environment',
    edit: (draft) =>
      (draft.container('agent').Environment as unknown[]).push({
        Name: 'TOKEN',
        Value: '{{resolve:secretsmanager:token:SecretString:::}}',
      }),
    finding: 'task-secret',
  },
  {
    name: 'environment file',
    edit: (draft) =>
      Object.assign(draft.container('agent'), { EnvironmentFiles: [{ Type: 's3', Value: 'arn:aws:s3:::bucket/env' }] }),
    finding: 'task-secret',
  },
  {
    name: 'service with a public address in the sessions VPC',
    edit: (draft) =>
      draft.add('Service', 'AWS::ECS::Service', {
        NetworkConfiguration: {
          AwsvpcConfiguration: {
            AssignPublicIp: 'ENABLED',
            Subnets: [draft.ref(draft.sessionSubnet.id)],
            SecurityGroups: [draft.att(draft.sessionGroup, 'GroupId')],
          },
        },
      }),
    finding: 'public-address',
  },
  {
    name: 'state machine that starts sessions with a public address',
    edit: (draft) => {
      const [, subnet] = draft.sessionSubnet.id.split('/');
      const definition = '{"NetworkConfiguration":{"AwsvpcConfiguration":{"AssignPublicIp":"ENABLED","Subnets":["';
      draft.add('Lifecycle', 'AWS::StepFunctions::StateMachine', {
        DefinitionString: { 'Fn::Join': ['', [definition, { Ref: subnet }, '"]}}}']] },
      });
    },
    finding: 'public-address',
  },
  {
    name: 'session subnet that gives public addresses',
    edit: (draft) => draft.set(draft.sessionSubnet.id, { MapPublicIpOnLaunch: true }),
    finding: 'public-address',
  },
  {
    name: 'non-blocking log',
    variant: 'session-image',
    edit: (draft) => {
      const { Options } = draft.container('session-recorder').LogConfiguration as { Options: Record<string, unknown> };
      Options.mode = 'non-blocking';
    },
    finding: 'log-mode',
  },
  {
    name: 'log without a mode, which ECS takes as non-blocking',
    variant: 'session-image',
    edit: (draft) => {
      const { Options } = draft.container('session-init').LogConfiguration as { Options: Record<string, unknown> };
      delete Options.mode;
    },
    finding: 'log-mode',
  },
  open('everyone', 'AWS::S3::BucketPolicy'),
  open('everyone, as AWS: [*]', 'AWS::SQS::QueuePolicy', { Principal: { AWS: ['*'] } }),
  open('everyone over TLS', 'AWS::SNS::TopicPolicy', { Condition: { Bool: { 'aws:SecureTransport': 'true' } } }),
  open('everyone but one', 'AWS::S3::BucketPolicy', { Principal: undefined, NotPrincipal: { AWS: '111122223333' } }),
  open('every account but one', 'AWS::SNS::TopicPolicy', {
    Condition: { StringNotEquals: { 'aws:PrincipalAccount': '999988887777' } },
  }),
  open('who has no account', 'AWS::SQS::QueuePolicy', {
    Condition: { StringEqualsIfExists: { 'aws:PrincipalAccount': '111122223333' } },
  }),
  open('account *', 'AWS::SQS::QueuePolicy', { Condition: { StringLike: { 'aws:PrincipalAccount': '*' } } }),
  {
    name: 'key policy for everyone',
    edit: (draft) => {
      const { KeyPolicy } = draft.raw(one(draft.before.inventory.ofType('AWS::KMS::Key')).id).Properties as {
        KeyPolicy: { Statement: unknown[] };
      };
      KeyPolicy.Statement.push({ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'kms:Decrypt', Resource: '*' });
    },
    finding: 'resource-policy-open',
  },
  {
    name: 'role that everyone may assume',
    edit: (draft) => {
      const role = draft.raw(draft.the('AWS::IAM::Role'));
      role.Properties.AssumeRolePolicyDocument = {
        Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }],
      };
    },
    finding: 'resource-policy-open',
  },
  {
    name: 'repository policy for everyone',
    edit: (draft) =>
      draft.set(draft.the('AWS::ECR::Repository'), {
        RepositoryPolicyText: { Statement: [{ Effect: 'Allow', Principal: '*', Action: 'ecr:BatchGetImage' }] },
      }),
    finding: 'resource-policy-open',
  },
  {
    name: 'policy as text',
    edit: (draft) =>
      draft.add('Logs', 'AWS::Logs::ResourcePolicy', {
        PolicyDocument: '{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"logs:*","Resource":"*"}]}',
      }),
    finding: 'resource-policy-open',
  },
  {
    name: 'function that everyone may call',
    edit: (draft) => draft.add('Call', 'AWS::Lambda::Permission', { Action: 'lambda:InvokeFunction', Principal: '*' }),
    finding: 'resource-policy-open',
  },
  {
    name: 'function with a public address',
    edit: (draft) => draft.add('Url', 'AWS::Lambda::Url', { AuthType: 'NONE' }),
    finding: 'resource-policy-open',
  },
];
