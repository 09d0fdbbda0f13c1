import { Stack } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { PolicyDocument } from '../core/egress/document';
import { formatHostPattern } from '../core/egress/host';
import { envelopeOf } from '../core/profile/compile';
import type { AccessGroup } from './access/access-group';
import type { AccessIssuer } from './access/access-issuer';
import { ControlApi } from './access/control-api';
import { CredentialBroker } from './credentials/credential-broker';
import type { OauthProvider } from './credentials/oauth-provider';
import { ClientIdentity } from './egress/client-identity';
import { EgressProxy } from './egress/egress-proxy';
import { AgentNetwork, type AgentNetworkProps } from './network/agent-network';
import { SessionEndpoints } from './network/session-endpoints';
import { Tier } from './network/tier';
import type { AgentImage } from './profile/agent-image';
import type { SessionProfile } from './profile/session-profile';
import type { ServiceImage } from './service-image';
import { SessionLifecycle } from './session/session-lifecycle';
import { Sessions } from './session/sessions';

/** What a platform consists of, however it is laid out in stacks. */
export interface PlatformProps {
  /** What kinds of sessions there are; at least one. */
  readonly profiles: SessionProfile[];
  /** @default Tier.STANDARD */
  readonly tier?: Tier;
  /** How many availability zones, 1 to 3. @default 1; 2 for Tier.MAXIMUM */
  readonly zoneCount?: number;
  /** Names of the availability zones. @default the first ones of the region */
  readonly availabilityZones?: string[];
  /** @default 10.64.0.0/16 */
  readonly sessionsCidr?: string;
  /** @default 10.65.0.0/20 */
  readonly egressCidr?: string;
  /** Private DNS zone of the platform's services. @default agents.internal */
  readonly zoneName?: string;
  /** Id of the managed prefix list of S3, for regions the library's table lacks. @default from the table */
  readonly s3PrefixList?: string;
  /** Hosts closed for every profile. @default none */
  readonly blockedHosts?: string[];
  /** Repositories to make for agent images. @default none */
  readonly repositories?: string[];
  /** The platform's own image with session-init and session-recorder. @default none; tasks then end before an agent runs */
  readonly sessionImage?: AgentImage;
  /** What the egress proxy runs in. @default ServiceImage.fromPackage(): built from this package by `cdk deploy` */
  readonly egressImage?: ServiceImage;
  /** Tasks of the egress proxy that run at any time. @default 2; 1 for Tier.LEAN */
  readonly egressMinCapacity?: number;
  /** Tasks of the egress proxy that run at most. @default 10 */
  readonly egressMaxCapacity?: number;
  /** Sessions that hold a place at a time; more wait. @default 1000 */
  readonly maxSessions?: number;
  /** Tasks started in a second, of the 20 that ECS takes of an account. @default 20 */
  readonly runTaskPerSecond?: number;
  /**
   * Whether stop, panic, reaper and the credential broker have function runs reserved. The deployment fails where fewer
   * than 100 would be left for the rest of the account; new accounts have 10 in all.
   *
   * @default true
   */
  readonly reserveConcurrency?: boolean;
  /** Where GitHub is: `github.com`, a tenant of ghe.com, or a server of yours. @default github.com */
  readonly githubHost?: string;
  /** Providers of OAuth tokens that grants name. @default none: grants of that kind are refused */
  readonly oauthProviders?: OauthProvider[];
  /** Keys of secrets that grants name, where they are not under AWS's own key. @default none */
  readonly secretKeys?: IKey[];
  /** Who says who calls the control API. @default AccessIssuer.cognito(): a user pool of the platform's own */
  readonly accessIssuer?: AccessIssuer;
  /** What groups of the issuer make of people. @default submitters (of one team, "everybody"), approvers, operators, auditors */
  readonly accessGroups?: AccessGroup[];
  /** See the same of ControlApi. @default true */
  readonly setAccountLogRole?: boolean;
  /**
   * Whether AWS refuses to delete firewalls, tables and logs. Set it to false and deploy before you destroy.
   *
   * @default true, unless throwaway
   */
  readonly deletionProtection?: boolean;
  /**
   * Deletes tables, buckets, repositories, logs and keys with the stacks, and protects nothing. For trials only.
   *
   * @default false
   */
  readonly throwaway?: boolean;
}

/** The scopes the planes go to: one and the same, or a stack each. */
export interface PlatformScopes {
  readonly network: Construct;
  readonly sessions: Construct;
  /** Refers to sessions. Asked for where a profile has a grant. */
  readonly credentials: () => Construct;
  /** Refers to network, sessions and credentials. */
  readonly egress: Construct;
  /** Refers to network and sessions. */
  readonly lifecycle: Construct;
  /** Refers to sessions and lifecycle. */
  readonly access: Construct;
  /** Refers to network and sessions. */
  readonly endpoints: Construct;
}

/** The planes, composed. */
export interface Platform {
  readonly network: AgentNetwork;
  readonly sessions: Sessions;
  readonly egressProxy: EgressProxy;
  readonly lifecycle: SessionLifecycle;
  readonly controlApi: ControlApi;
  /** Undefined where no profile has a grant. */
  readonly broker?: CredentialBroker;
}

/**
 * Composes the planes.
 *
 * @internal
 */
export function composePlatform(scopes: PlatformScopes, props: PlatformProps): Platform {
  if (props.profiles.length === 0) throw new Error('profiles: got none, expected at least one');
  // Read by agentctl summary; the tier is a decision that no single resource shows.
  Stack.of(scopes.network).addMetadata('AgentPlatform', { tier: props.tier ?? Tier.STANDARD });
  const network = new AgentNetwork(scopes.network, 'Network', networkProps(props));
  const sessions = new Sessions(scopes.sessions, 'Sessions', {
    network,
    profiles: props.profiles,
    blockedHosts: props.blockedHosts,
    repositories: props.repositories,
    sessionImage: props.sessionImage,
    deletionProtection: props.deletionProtection,
    throwaway: props.throwaway,
  });
  const broker =
    sessions.grantKinds.length === 0
      ? undefined
      : new CredentialBroker(scopes.credentials(), 'CredentialBroker', {
          sessions,
          githubHost: props.githubHost,
          oauthProviders: props.oauthProviders,
          secretKeys: props.secretKeys,
          reserveConcurrency: props.reserveConcurrency,
          deletionProtection: props.deletionProtection,
          throwaway: props.throwaway,
        });
  const egressProxy = new EgressProxy(scopes.egress, 'EgressProxy', {
    network,
    identity: ClientIdentity.sessions(sessions),
    broker,
    image: props.egressImage,
    minCapacity: props.egressMinCapacity ?? (props.tier === Tier.LEAN ? 1 : undefined),
    maxCapacity: props.egressMaxCapacity,
    encryptionKey: sessions.encryptionKey,
    deletionProtection: props.deletionProtection,
    throwaway: props.throwaway,
  });
  const lifecycle = new SessionLifecycle(scopes.lifecycle, 'Lifecycle', {
    network,
    sessions,
    broker,
    maxSessions: props.maxSessions,
    runTaskPerSecond: props.runTaskPerSecond,
    reserveConcurrency: props.reserveConcurrency,
    throwaway: props.throwaway,
  });
  const controlApi = new ControlApi(scopes.access, 'ControlApi', {
    sessions,
    lifecycle,
    issuer: props.accessIssuer,
    groups: props.accessGroups,
    setAccountLogRole: props.setAccountLogRole,
    reserveConcurrency: props.reserveConcurrency,
    deletionProtection: props.deletionProtection,
    throwaway: props.throwaway,
  });
  new SessionEndpoints(scopes.endpoints, 'Endpoints', {
    network,
    executionRole: sessions.executionRole,
    repositoryArns: sessions.repositoryArns,
    logGroup: sessions.logGroup,
  });
  return { network, sessions, egressProxy, lifecycle, controlApi, broker };
}

function networkProps(props: PlatformProps): AgentNetworkProps {
  const documents: PolicyDocument[] = props.profiles.map((profile) =>
    profile._document(undefined, props.blockedHosts ?? []),
  );
  const envelope = envelopeOf(documents);
  const registries = [
    ...props.profiles.map((profile) => profile._image),
    ...(props.sessionImage ? [props.sessionImage] : []),
  ];
  return {
    tier: props.tier,
    zoneCount: props.zoneCount,
    availabilityZones: props.availabilityZones,
    sessionsCidr: props.sessionsCidr,
    egressCidr: props.egressCidr,
    zoneName: props.zoneName,
    s3PrefixList: props.s3PrefixList,
    deletionProtection: props.deletionProtection,
    throwaway: props.throwaway,
    allowedHosts: envelope.allowed.map(formatHostPattern),
    blockedHosts: envelope.blocked.map(formatHostPattern),
    imageRegistries: [...new Set(registries.flatMap((image) => image._registryHost ?? []))],
  };
}
