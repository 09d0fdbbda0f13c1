import type { ISecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { ENVIRONMENT } from '../../core/egress/environment';
import type { SessionProfile } from '../profile/session-profile';
import { PolicyDocuments, secretsOf } from '../session/policy-documents';
import type { ISessions, PolicyLocation } from '../session/sessions-ref';

/** Of {@link ClientIdentity.securityGroup}: who the client is to the proxy. */
export interface SecurityGroupClient {
  /** As records name it: 2 to 32 lower-case letters, digits and inner hyphens. */
  readonly name: string;
  /** What it may do. Its egress rules and grants count; image, size and lifetime are those of sessions and do not. */
  readonly profile: SessionProfile;
}

/**
 * What an identity gives the proxy.
 *
 * @internal
 */
export interface ClientIdentityConfig {
  readonly environment: Readonly<Record<string, string>>;
  readonly policies: readonly PolicyLocation[];
  /** ARNs of the secrets that grants name. */
  readonly secretArns: readonly string[];
  /** Lets the proxy's task read what it knows callers and policies by. */
  grantTo(role: IRole): void;
  /** Whose group may connect; undefined where it is the sessions'. */
  readonly client?: ISecurityGroup;
}

/**
 * What an identity may use of the proxy's scope.
 *
 * @internal
 */
export interface ClientIdentityScope {
  readonly scope: Construct;
  readonly encryptionKey: IKey;
  readonly deletionProtection: boolean;
}

/**
 * How the proxy knows who is calling. There is no other proof: no token, no header. The address of a connection can not
 * be forged inside a VPC, and the security group says who may have one.
 */
export abstract class ClientIdentity {
  /** Sessions: the address of a task, as ECS reported it, is bound to a live session whose profile decides. */
  static sessions(sessions: ISessions): ClientIdentity {
    return new SessionsIdentity(sessions);
  }

  /**
   * One client, whoever is in its security group: a service or a build fleet of yours.
   *
   * @throws where the name is not one
   */
  static securityGroup(group: ISecurityGroup, client: SecurityGroupClient): ClientIdentity {
    if (!/^[a-z][a-z0-9-]{0,30}[a-z0-9]$/.test(client.name)) {
      throw new Error(
        `client name: got "${client.name}", expected 2 to 32 lower-case letters, digits and inner hyphens`,
      );
    }
    return new GroupIdentity(group, client);
  }

  /** @internal */
  abstract _bind(place: ClientIdentityScope): ClientIdentityConfig;
}

class SessionsIdentity extends ClientIdentity {
  constructor(private readonly sessions: ISessions) {
    super();
  }

  override _bind(): ClientIdentityConfig {
    const { sessions } = this;
    return {
      environment: {
        [ENVIRONMENT.identity]: 'sessions',
        [ENVIRONMENT.bindingsTable]: sessions.bindingsTableName,
        [ENVIRONMENT.rowsTable]: sessions.rowsTableName,
        [ENVIRONMENT.payloadsBucket]: sessions.payloadsBucketName,
      },
      policies: sessions.policies,
      secretArns: sessions.secretArns,
      grantTo: (role) => {
        sessions.grantReadBindings(role);
        sessions.grantReadRows(role);
        sessions.grantReadTaskTexts(role);
        sessions.grantReadPolicies(role);
      },
    };
  }
}

class GroupIdentity extends ClientIdentity {
  constructor(
    private readonly group: ISecurityGroup,
    private readonly client: SecurityGroupClient,
  ) {
    super();
  }

  override _bind({ scope, encryptionKey, deletionProtection }: ClientIdentityScope): ClientIdentityConfig {
    const { name, profile } = this.client;
    const document = profile._document(undefined, []);
    const documents = new PolicyDocuments(scope, 'Documents', {
      documents: [document],
      encryptionKey,
      deletionProtection,
    });
    return {
      environment: {
        [ENVIRONMENT.identity]: 'client',
        [ENVIRONMENT.clientName]: name,
        [ENVIRONMENT.clientProfile]: profile.name,
      },
      policies: documents.locations,
      secretArns: secretsOf([document]),
      grantTo: (role) => documents.grantRead(role),
      client: this.group,
    };
  }
}
