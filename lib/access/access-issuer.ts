import type { RemovalPolicy } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { TokenSettings } from '../../core/access/environment';
import type { AccessGroup } from './access-group';
import { PlatformUsers } from './platform-users';

/** Of {@link AccessIssuer.cognito}. */
export interface CognitoIssuerOptions {
  /**
   * In front of `.auth.REGION.amazoncognito.com`, where people sign in; no two user pools of a region have the same.
   *
   * @default made of the construct's path and the account
   */
  readonly domainPrefix?: string;
}

/** Of {@link AccessIssuer.oidc}. */
export interface OidcIssuerOptions {
  /** As it stands in its tokens, with https. */
  readonly issuer: string;
  /** Identifier of this API at the issuer, which access tokens for it have as `aud`. Never the id of a client. */
  readonly audience: string;
  /** Client that agentctl signs in as: public, with PKCE. @default none; tokens then come from elsewhere */
  readonly clientId?: string;
  /** Where its keys are. @default as its discovery document says */
  readonly jwksUri?: string;
  /** Claim with the names of groups. @default groups */
  readonly groupsClaim?: string;
  /** Claim that says a second factor was used, such as `amr`. @default none; the issuer itself has to ask for one */
  readonly mfaClaim?: string;
  /** What that claim is or holds then. @default mfa */
  readonly mfaValue?: string;
}

/**
 * What the control API knows of its issuer.
 *
 * @internal
 */
export interface BoundIssuer {
  readonly token: TokenSettings;
  readonly groupsClaim: string;
  readonly clientId?: string;
}

/**
 * Handed to an issuer that is made with the API.
 *
 * @internal
 */
export interface IssuerContext {
  readonly groups: readonly AccessGroup[];
  readonly removalPolicy: RemovalPolicy;
  readonly deletionProtection: boolean;
}

/** Who says who is calling. */
export abstract class AccessIssuer {
  /** A user pool of the platform's own: people are invited, a second factor is required, nobody signs up. */
  static cognito(options: CognitoIssuerOptions = {}): AccessIssuer {
    return new CognitoIssuer(options);
  }

  /**
   * Any OpenID Connect provider with RS256 or ES256.
   *
   * @throws where an address is not https
   */
  static oidc(options: OidcIssuerOptions): AccessIssuer {
    return new OidcIssuer(options);
  }

  /** @internal */
  abstract _bind(scope: Construct, context: IssuerContext): BoundIssuer;
}

class CognitoIssuer extends AccessIssuer {
  constructor(private readonly options: CognitoIssuerOptions) {
    super();
  }

  /** @internal */
  _bind(scope: Construct, context: IssuerContext): BoundIssuer {
    const users = new PlatformUsers(scope, 'Users', { ...context, domainPrefix: this.options.domainPrefix });
    const { issuer, clientId } = users;
    return {
      // Its app has a second factor for everybody, so no claim has to say so; access tokens of Cognito have none that does.
      token: { issuer, jwksUri: `${issuer}/.well-known/jwks.json`, kind: 'cognito', audiences: [clientId] },
      groupsClaim: 'cognito:groups',
      clientId,
    };
  }
}

class OidcIssuer extends AccessIssuer {
  constructor(private readonly options: OidcIssuerOptions) {
    super();
    for (const name of ['issuer', 'jwksUri'] as const) {
      const value = options[name];
      // `|` ends the issuer in the names of principals.
      if (value !== undefined && !/^https:\/\/[a-z0-9.-]+(?::\d+)?(?:\/[!-{}~]*)?$/.test(value)) {
        throw new Error(
          `${name}: got "${value}", expected https://HOST with or without a path; keys are read from there`,
        );
      }
    }
    if (options.audience === options.clientId) {
      throw new Error(
        `audience: got "${options.audience}", which is the client's id; id tokens have that, expected an identifier of the API`,
      );
    }
  }

  /** @internal */
  _bind(): BoundIssuer {
    const { issuer, audience, clientId, jwksUri, groupsClaim = 'groups', mfaClaim, mfaValue = 'mfa' } = this.options;
    return {
      token: {
        issuer,
        kind: 'oidc',
        audiences: [audience],
        ...(jwksUri !== undefined && { jwksUri }),
        ...(mfaClaim !== undefined && { mfa: { claim: mfaClaim, value: mfaValue } }),
      },
      groupsClaim,
      ...(clientId !== undefined && { clientId }),
    };
  }
}
