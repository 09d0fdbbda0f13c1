/**
 * Headers in which a caller identifies itself. An agent's own never leave, on any host: with an attacker's key in one
 * of them an allowed host is the attacker's account. Canonical spelling ({@link canonicalName}). Not listed: what
 * only describes a body (X-Amz-Content-Sha256).
 */
export const CREDENTIAL_HEADERS: readonly string[] = [
  'cookie',
  'cookie2',
  'dd-application-key',
  'dpop',
  'npm-otp',
  'ocp-apim-subscription-key',
  'php-auth-digest',
  'php-auth-pw',
  'php-auth-user',
  'remote-user',
  'x-amz-date',
  'x-auth-email',
  'x-auth-key',
  'x-client-cert',
  'x-functions-key',
  'x-goog-authenticated-user-email',
  'x-goog-authenticated-user-id',
  'x-goog-iam-authority-selector',
  'x-goog-iap-jwt-assertion',
  'x-honeycomb-team',
  'x-jfrog-art-api',
  'x-ms-client-principal',
  'x-registry-config',
];

/** What they are called elsewhere: X-Api-Key, DD-Api-Key, Private-Token, X-Vault-Token, X-Shopify-Access-Token ... */
export const CREDENTIAL_HEADER_PATTERN =
  /(?:^|-)(?:access-?key(?:-id)?|api-?key|auth|authorization|client-secret|credentials?|jwt|passw(?:or)?d|secret(?:-key)?|.*token)$/;

/** End like credentials and are none: positions in a list, locks, marks of repetition, guards of forms. */
export const TOKENS_THAT_ARE_NONE: ReadonlySet<string> = new Set([
  'csrf-token',
  'lock-token',
  'x-amz-bucket-object-lock-token',
  'x-amz-client-token',
  'x-continuation-token',
  'x-csrf-token',
  'x-ms-continuation-token',
  'x-next-token',
  'x-page-token',
  'x-xsrf-token',
]);

/** Of one connection, not of the message (RFC 9110, 7.6.1), and what older software adds. */
export const HOP_BY_HOP: readonly string[] = [
  'connection',
  'http2-settings',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/**
 * Who asked for whom. Only trusted proxies may say so, and what an agent says here some servers believe: another host,
 * another scheme, an address inside.
 */
export const FORWARDING_HEADERS: readonly string[] = [
  'cf-connecting-ip',
  'client-ip',
  'fastly-client-ip',
  'forwarded',
  'true-client-ip',
  'via',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-host',
  'x-original-host',
  'x-originating-ip',
  'x-proxyuser-ip',
  'x-real-ip',
  'x-remote-addr',
  'x-remote-ip',
];
export const FORWARDING_PREFIXES: readonly string[] = ['proxy-', 'x-forwarded'];

/** What a token of Connection can't take away: what was judged or added here, and what frames the message. */
export const NEVER_CONNECTION: ReadonlySet<string> = new Set([
  'cache-control',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'if-match',
  'if-none-match',
  'if-unmodified-since',
  'origin',
  'sec-websocket-accept',
  'sec-websocket-extensions',
  'sec-websocket-key',
  'sec-websocket-protocol',
  'sec-websocket-version',
  'set-cookie',
  'strict-transport-security',
]);
