import { Duration, Names, Stack, Validations } from 'aws-cdk-lib';
import {
  AccountRecovery,
  type CfnUserPoolClient,
  CfnUserPoolGroup,
  FeaturePlan,
  Mfa,
  OAuthScope,
  UserPool,
} from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import type { IssuerContext } from './access-issuer';

export interface PlatformUsersProps extends IssuerContext {
  readonly domainPrefix?: string;
}

/** Of agentctl login, see cli/login.ts: Cognito compares it letter by letter. */
const CALLBACK = 'http://localhost:8976/callback';

/**
 * People of the platform: invited by an administrator, with a second factor from an app.
 *
 * @internal
 */
export class PlatformUsers extends Construct {
  readonly issuer: string;
  readonly clientId: string;

  constructor(scope: Construct, id: string, props: PlatformUsersProps) {
    super(scope, id);
    const pool = new UserPool(this, 'Resource', {
      selfSignUpEnabled: false,
      signInAliases: { email: true },
      // Two people of one address would be one to whoever reads a list.
      signInCaseSensitive: false,
      mfa: Mfa.REQUIRED,
      // Text messages can be taken over with the number.
      mfaSecondFactor: { otp: true, sms: false },
      accountRecovery: AccountRecovery.EMAIL_ONLY,
      passwordPolicy: {
        minLength: 14,
        requireLowercase: true,
        requireUppercase: true,
        requireDigits: true,
        requireSymbols: true,
        tempPasswordValidity: Duration.days(3),
      },
      featurePlan: FeaturePlan.ESSENTIALS,
      deletionProtection: props.deletionProtection,
      removalPolicy: props.removalPolicy,
    });
    Validations.of(pool).acknowledge({
      id: 'AwsSolutions-COG8',
      reason:
        'threat protection takes the Plus plan, at several times the price a person; a second factor is required of all',
    });
    const client = pool.addClient('Agentctl', {
      generateSecret: false,
      oAuth: { flows: { authorizationCodeGrant: true }, scopes: [OAuthScope.OPENID], callbackUrls: [CALLBACK] },
      preventUserExistenceErrors: true,
      enableTokenRevocation: true,
      accessTokenValidity: Duration.hours(1),
      idTokenValidity: Duration.minutes(5),
      refreshTokenValidity: Duration.hours(1),
    });
    // Nothing but the authorization code, with PKCE: no password goes through agentctl. Said nothing, Cognito lets SRP in.
    (client.node.defaultChild as CfnUserPoolClient).explicitAuthFlows = ['ALLOW_REFRESH_TOKEN_AUTH'];
    const unique = Names.uniqueResourceName(this, { maxLength: 40, separator: '-' }).toLowerCase();
    const prefix = props.domainPrefix ?? `${unique.replace(/aws|amazon|cognito/g, 'x')}-${Stack.of(this).account}`;
    pool.addDomain('Domain', { cognitoDomain: { domainPrefix: prefix } });
    for (const { name } of props.groups) {
      new CfnUserPoolGroup(this, `Group-${name}`, { userPoolId: pool.userPoolId, groupName: name });
    }
    const { region } = Stack.of(this);
    this.issuer = `https://cognito-idp.${region}.amazonaws.com/${pool.userPoolId}`;
    this.clientId = client.userPoolClientId;
  }
}
