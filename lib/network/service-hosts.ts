import { Aws, Stack, Tokenization } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { type HostPattern, parseHostName } from '../../core/egress/host';

/**
 * The only deploy-time values that may be part of a host of the platform's own: CloudFormation fills them in itself, so
 * none of them can carry a quote, a dot too many or a wildcard into a rule.
 */
const PSEUDO: Readonly<Record<string, { readonly standsFor: string; readonly value: string }>> = {
  'AWS::AccountId': { standsFor: 'xx-account-xx', value: Aws.ACCOUNT_ID },
  'AWS::Region': { standsFor: 'xx-region-xx', value: Aws.REGION },
  'AWS::URLSuffix': { standsFor: 'xx-suffix-xx', value: Aws.URL_SUFFIX },
};

/** Hosts as rules are generated from them, and the way back from what was generated to what is deployed. */
export interface ServiceHosts {
  /** Exact names, placeholders in place of deploy-time values. */
  readonly patterns: readonly (HostPattern & { readonly kind: 'exact' })[];
  /** Puts the deploy-time values in. */
  deployed(text: string): string;
}

/**
 * Reads hosts that services need, such as the account's registry, of which the account is known at deploy only.
 *
 * @throws where one is a wildcard or no host, or has another deploy-time value than account, region and suffix
 */
export function serviceHosts(scope: Construct, hosts: readonly string[]): ServiceHosts {
  return {
    patterns: hosts.map((host) => {
      const parsed = parseHostName(withPlaceholders(scope, host));
      if (parsed.kind === 'ok') return { kind: 'exact', name: parsed.value };
      throw new Error(`service hosts: got "${host}", expected one exact name; ${parsed.problem}`);
    }),
    deployed: (text) =>
      Object.values(PSEUDO).reduce((rest, { standsFor, value }) => rest.replaceAll(standsFor, value), text),
  };
}

function withPlaceholders(scope: Construct, host: string): string {
  return Tokenization.reverseString(host)
    .mapTokens({
      mapToken: (token) => {
        const { Ref: name } = Stack.of(scope).resolve(token) as { Ref?: string };
        const pseudo = name === undefined ? undefined : PSEUDO[name];
        if (pseudo !== undefined) return pseudo.standsFor;
        throw new Error(
          'service hosts: got a deploy-time value in a name, expected none but account, region and URL suffix; another ' +
            'could become any text in a firewall rule',
        );
      },
    })
    .join({ join: (left, right) => `${left ?? ''}${right ?? ''}` });
}
