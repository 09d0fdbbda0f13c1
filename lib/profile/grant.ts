import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { GrantConfig } from '../../core/profile/config';
import { type EgressTarget, targetConfig } from './egress';

/** Of {@link Grant.githubApp}: which repositories, and whether to write. */
export interface GithubAppGrantOptions {
  /** `owner/name`, each one named: a grant has no wildcard. */
  readonly repositories: string[];
  /** Lets a session push, through the commit broker, and open pull requests. @default false */
  readonly write?: boolean;
}

/** Of {@link Grant.awsRole}: which endpoints. What may be done there is what the role may do. */
export interface AwsRoleGrantOptions {
  /** Region of the service endpoints. */
  readonly region: string;
  /** Names in front of the region in the endpoint, such as `dynamodb`. @default none */
  readonly services?: string[];
  /** Names of buckets; S3 is only ever reached bucket by bucket. @default none */
  readonly buckets?: string[];
}

/** Of {@link Grant.secretHeader}: which requests to which host get the header. */
export interface SecretHeaderGrantOptions extends EgressTarget {
  readonly host: string;
  /** Such as `Authorization`. */
  readonly header: string;
  /** What stands before the secret in the header, such as `Bearer ` with its space. @default nothing */
  readonly prefix?: string;
}

/** Of {@link Grant.oauth}: which requests to which host get the token. */
export interface OauthGrantOptions extends EgressTarget {
  readonly host: string;
  /** The name under which the provider is set up. */
  readonly provider: string;
  /** @default those of the provider's set-up */
  readonly scopes?: string[];
}

/** Of {@link Grant.oidc}: which requests to which host get the token. */
export interface OidcGrantOptions extends EgressTarget {
  readonly host: string;
  /** Who takes the token. */
  readonly audience: string;
}

/**
 * A credential that a session uses and never holds: it is added to requests outside the sandbox. A grant brings exactly
 * the egress rules it is good for, and takes them away again when it is removed.
 *
 * Not an `IGrantable`, nor is a profile: a session is no IAM principal, so `bucket.grantRead(profile)` does not compile.
 */
export class Grant {
  /** Clone and fetch named repositories as the requester's GitHub App installation; with `write`, push to them. */
  static githubApp(id: string, options: GithubAppGrantOptions): Grant {
    const { repositories, write } = options;
    return new Grant(id, { kind: 'github-app', repositories, access: write ? 'write' : 'read' });
  }

  /** AWS APIs as a role that the broker assumes; requests are signed again at the proxy. */
  static awsRole(id: string, role: IRole, options: AwsRoleGrantOptions): Grant {
    return new Grant(id, { kind: 'aws-role', role: role.roleArn, ...options });
  }

  /** A secret of Secrets Manager in a header. */
  static secretHeader(id: string, secret: ISecret, options: SecretHeaderGrantOptions): Grant {
    const { host, header, prefix } = options;
    return new Grant(id, {
      kind: 'secret-header',
      secret: secret.secretArn,
      header,
      prefix,
      ...targetConfig(host, options),
    });
  }

  /** The requester's own OAuth access token; the refresh token stays outside. */
  static oauth(id: string, options: OauthGrantOptions): Grant {
    const { host, provider, scopes } = options;
    return new Grant(id, { kind: 'oauth', provider, scopes, ...targetConfig(host, options) });
  }

  /** A short OpenID Connect token for a system that federates with the platform. */
  static oidc(id: string, options: OidcGrantOptions): Grant {
    return new Grant(id, { kind: 'oidc', audience: options.audience, ...targetConfig(options.host, options) });
  }

  private constructor(
    /** Unique in its profile; stands in records. */
    readonly id: string,
    private readonly config: GrantConfig,
  ) {
    if (!/^[a-z][a-z0-9-]{0,30}[a-z0-9]$/.test(id)) {
      throw new Error(`grant id: got "${id}", expected 2 to 32 lower-case letters, digits and inner hyphens`);
    }
  }

  /** @internal */
  static _fromConfig(id: string, config: GrantConfig): Grant {
    return new Grant(id, config);
  }

  /** @internal */
  _render(): GrantConfig {
    return this.config;
  }
}
