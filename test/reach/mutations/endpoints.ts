import { type Mutation, one } from './draft';

/** What the doors that Fargate needs let through (F7). */
export const ENDPOINTS: readonly Mutation[] = [
  {
    name: 'endpoint policy with Action *',
    edit: (draft) => Object.assign(one(draft.statements('logs')), { Action: '*' }),
    finding: 'endpoint-action-wide',
  },
  {
    name: 'endpoint policy with NotAction',
    edit: (draft) => {
      const statement = one(draft.statements('logs'));
      delete statement.Action;
      statement.NotAction = 'logs:DeleteLogGroup';
    },
    finding: 'endpoint-action-wide',
  },
  {
    name: 'endpoint policy with Resource *',
    edit: (draft) => Object.assign(one(draft.statements('logs')), { Resource: '*' }),
    finding: 'endpoint-resource-wide',
  },
  {
    name: 'endpoint policy with NotResource',
    edit: (draft) => {
      const statement = one(draft.statements('logs'));
      statement.NotResource = statement.Resource;
      delete statement.Resource;
    },
    finding: 'endpoint-resource-wide',
  },
  {
    name: 'endpoint policy for every log group',
    edit: (draft) =>
      Object.assign(one(draft.statements('logs')), { Resource: 'arn:aws:logs:eu-west-1:111122223333:*' }),
    finding: 'endpoint-resource-wide',
  },
  {
    name: 'endpoint policy without a condition on the principal',
    edit: (draft) => delete one(draft.statements('ecr.api')).Condition,
    finding: 'endpoint-principal-unbound',
  },
  {
    name: 'endpoint policy for a pattern of principals',
    edit: (draft) =>
      Object.assign(one(draft.statements('logs')), {
        Condition: { ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/*' } },
      }),
    finding: 'endpoint-principal-unbound',
  },
  {
    name: 'endpoint policy for any principal of the account',
    edit: (draft) =>
      Object.assign(one(draft.statements('logs')), {
        Condition: { StringEquals: { 'aws:PrincipalAccount': { Ref: 'AWS::AccountId' } } },
      }),
    finding: 'endpoint-principal-unbound',
  },
  {
    name: "GuardDuty's endpoint takes reports for other accounts",
    variant: 'maximum',
    edit: (draft) =>
      Object.assign(one(draft.statements('guardduty-data')), {
        Condition: { StringEquals: { 'aws:PrincipalAccount': '999988887777' } },
      }),
    finding: 'endpoint-principal-unbound',
    also: ['endpoint-resource-wide'],
  },
  {
    name: 'endpoint without a policy',
    edit: (draft) => delete draft.raw(draft.endpoint('logs')).Properties.PolicyDocument,
    finding: 'endpoint-without-policy',
  },
  {
    name: 'layer bucket statement widened to s3:*',
    edit: (draft) => Object.assign(one(draft.statements('s3')), { Action: 's3:*' }),
    finding: 'endpoint-layer-bucket',
  },
  {
    name: 'layer bucket statement with a second bucket',
    edit: (draft) => {
      const statement = one(draft.statements('s3'));
      statement.Resource = [statement.Resource, 'arn:aws:s3:::anyone-s-bucket/*'];
    },
    finding: 'endpoint-layer-bucket',
  },
  {
    name: 'layer bucket statement with any bucket of that name pattern',
    edit: (draft) => Object.assign(one(draft.statements('s3')), { Resource: 'arn:aws:s3:::*starport-layer-bucket/*' }),
    finding: 'endpoint-layer-bucket',
  },
  {
    name: 'layer bucket statement bound to our account, which breaks every image pull',
    edit: (draft) =>
      Object.assign(one(draft.statements('s3')), {
        Condition: { StringEquals: { 'aws:PrincipalAccount': { Ref: 'AWS::AccountId' } } },
      }),
    finding: 'endpoint-layer-bucket',
  },
  {
    name: 'statement for a bucket of somebody else',
    edit: (draft) =>
      draft.statements('s3').push({
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: 's3:PutObject',
        Resource: 'arn:aws:s3:::anyone-s-bucket/drop/*',
      }),
    finding: 'endpoint-principal-unbound',
  },
  {
    name: 'no login at ecr.dkr',
    edit: (draft) => draft.statements('ecr.dkr').shift(),
    finding: 'endpoint-login-missing',
  },
  {
    name: 'an endpoint that no task needs to start',
    edit: (draft) => {
      const stack = draft.endpoint('logs').split('/')[0] ?? '';
      const copy = structuredClone(draft.raw(draft.endpoint('logs')));
      copy.Properties.ServiceName = 'com.amazonaws.eu-west-1.sts';
      Object.assign(draft.templates[stack]?.Resources ?? {}, { Sts: copy });
    },
    finding: 'endpoint-not-listed',
    also: ['unlisted-reach'],
  },
  {
    name: 'endpoint lets through an image that the execution role may not pull',
    edit: (draft) => {
      const statement = draft.statements('ecr.dkr')[1];
      Object.assign(statement ?? {}, { Resource: 'arn:aws:ecr:eu-west-1:111122223333:repository/other' });
    },
    finding: 'image-not-pullable',
  },
];
