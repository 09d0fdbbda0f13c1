import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { OauthProvider as Settings } from '../../core/credentials/environment';

/** Of {@link OauthProvider.refreshToken}. */
export interface OauthProviderOptions {
  /** Where refresh tokens are turned into access tokens, with https. */
  readonly tokenEndpoint: string;
  /** Of the platform, as the provider registered it. */
  readonly clientId: string;
  /** The bare value, as text. @default none: a public client */
  readonly clientSecret?: ISecret;
  /** Sends the client's id and secret in the body instead of an Authorization header. @default false */
  readonly clientInBody?: boolean;
}

/** A provider of OAuth access tokens, which grants name. */
export class OauthProvider {
  /**
   * One that gives access tokens for refresh tokens (RFC 6749, section 6).
   *
   * @param name as grants name it
   * @throws where the endpoint is not https
   */
  static refreshToken(name: string, options: OauthProviderOptions): OauthProvider {
    if (!/^https:\/\/[a-z0-9.-]+(?::\d+)?\/[!-~]*$/.test(options.tokenEndpoint)) {
      throw new Error(
        `OAuth provider "${name}": got token endpoint "${options.tokenEndpoint}", expected https://HOST/PATH; a refresh ` +
          'token is sent there',
      );
    }
    return new OauthProvider(name, options);
  }

  private constructor(
    readonly name: string,
    private readonly options: OauthProviderOptions,
  ) {}

  /** @internal */
  get _clientSecret(): ISecret | undefined {
    return this.options.clientSecret;
  }

  /** @internal */
  _render(): Settings {
    const { tokenEndpoint, clientId, clientSecret, clientInBody } = this.options;
    return {
      tokenEndpoint,
      clientId,
      ...(clientSecret && { clientSecretArn: clientSecret.secretArn }),
      authentication: clientInBody ? 'body' : 'basic',
    };
  }
}
