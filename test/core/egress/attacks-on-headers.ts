/** What an agent sends beside a request that is allowed, and what of it may leave. Data for the real proxy as well. */
export interface HeaderAttack {
  readonly name: string;
  readonly pitfall?: number;
  readonly guards: string;
  /** Whole header lines. */
  readonly lines: readonly string[];
  /** Names, lower case, that must not be in the request that leaves. */
  readonly gone?: readonly string[];
  /** Lines that must be in it as they stand. */
  readonly kept?: readonly string[];
  /** How many credentials are counted as left out. */
  readonly stripped?: number;
}

const credential = (name: string): HeaderAttack => ({
  name: `an own credential: ${name}`,
  pitfall: 23,
  guards: 'headers.ts isCredentialHeader, header-names.ts',
  lines: [`${name}: attacker`],
  gone: [name.toLowerCase()],
  stripped: 1,
});
const gone = (name: string, guards: string, pitfall = 24): HeaderAttack => ({
  name: `${name} does not leave`,
  pitfall,
  guards,
  lines: [`${name}: x`],
  gone: [name.toLowerCase()],
  stripped: 0,
});
const kept = (line: string, guards: string): HeaderAttack => ({
  name: `${line} leaves`,
  guards,
  lines: [line],
  kept: [line],
  stripped: 0,
});

const CREDENTIALS = [
  'Authorization',
  'AUTHORIZATION',
  'Cookie',
  'Cookie2',
  'DPoP',
  'Dd-Api-Key',
  'Dd-Application-Key',
  'Npm-Otp',
  'Ocp-Apim-Subscription-Key',
  'PHP-Auth-Digest',
  'PHP-Auth-Pw',
  'PHP-Auth-User',
  'Remote-User',
  'X-Amz-Date',
  'X-Amz-Security-Token',
  'X-Auth-Email',
  'X-Auth-Key',
  'X-Client-Cert',
  'X-Functions-Key',
  'X-Goog-Authenticated-User-Email',
  'X-Goog-Authenticated-User-Id',
  'X-Goog-Iam-Authority-Selector',
  'X-Goog-Iap-Jwt-Assertion',
  'X-Honeycomb-Team',
  'X-JFrog-Art-Api',
  'X-Ms-Client-Principal',
  'X-Registry-Auth',
  'X-Registry-Config',
  // By the pattern.
  'Api-Key',
  'ApiKey',
  'X-Api-Key',
  'X-Goog-Api-Key',
  'X-Api_Key',
  'x_api_key',
  'X-Auth',
  'X-Authorization',
  'Access-Key',
  'X-Access-Key-Id',
  'X-AccessKey',
  'Client-Secret',
  'X-Secret',
  'X-Secret-Key',
  'X-Credential',
  'X-Credentials',
  'X-Jwt',
  'X-Passwd',
  'X-Password',
  'Private-Token',
  'Job-Token',
  'X-Auth-Token',
  'X-Vault-Token',
  'X-Shopify-Access-Token',
  'X_Auth_Token',
];

export const HEADER_ATTACKS: readonly HeaderAttack[] = [
  ...CREDENTIALS.map(credential),
  {
    name: 'an own credential twice',
    pitfall: 23,
    guards: 'headers.ts forwardHeaders',
    lines: ['Authorization: a', 'authorization: b', 'Cookie: c'],
    gone: ['authorization', 'cookie'],
    stripped: 3,
  },
  ...[
    'CSRF-Token',
    'Lock-Token',
    'X-Amz-Bucket-Object-Lock-Token',
    'X-Amz-Client-Token',
    'X-Continuation-Token',
    'X-CSRF-Token',
    'X-Ms-Continuation-Token',
    'X-Next-Token',
    'X-Page-Token',
    'X-XSRF-Token',
  ].map((name) => kept(`${name}: x`, 'header-names.ts TOKENS_THAT_ARE_NONE')),
  ...[
    'Accept: a/b',
    'Git-Protocol: version=2',
    'X-Keyboard: a',
    'Author: x',
    'Content-Type: a/b',
    'Content-Length: 5',
  ].map((line) => kept(line, 'headers.ts forwardHeaders')),
  ...[
    'Connection',
    'HTTP2-Settings',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Transfer_Encoding',
    'Upgrade',
    'Expect',
  ].map((name) => gone(name, 'header-names.ts HOP_BY_HOP')),
  ...['Proxy-Authorization', 'Proxy-Connection', 'Proxy-Anything', 'Proxy_Authorization'].map(
    (name): HeaderAttack => ({
      ...gone(name, 'header-names.ts FORWARDING_PREFIXES'),
      stripped: name.includes('uth') ? 1 : 0,
    }),
  ),
  ...['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X_Forwarded_For', 'X-Forwarded'].map((name) =>
    gone(name, 'header-names.ts FORWARDING_PREFIXES'),
  ),
  ...[
    'CF-Connecting-IP',
    'Client-IP',
    'Fastly-Client-IP',
    'Forwarded',
    'True-Client-IP',
    'Via',
    'X-Client-IP',
    'X-Cluster-Client-IP',
    'X-Host',
    'X-Original-Host',
    'X-Originating-IP',
    'X-ProxyUser-IP',
    'X-Real-IP',
    'X-Remote-Addr',
    'X-Remote-IP',
  ].map((name) => gone(name, 'header-names.ts FORWARDING_HEADERS')),
  {
    name: 'headers that Connection names',
    pitfall: 24,
    guards: 'headers.ts listedInConnection',
    lines: [
      'Connection: close, X-One',
      'connection:  X-TWO ,x_three',
      'X-One: a',
      'X-Two: b',
      'X-Three: c',
      'X-Four: d',
    ],
    gone: ['x-one', 'x-two', 'x-three'],
    kept: ['X-Four: d'],
  },
  ...[
    'Cache-Control',
    'Content-Encoding',
    'Content-Length',
    'Content-Range',
    'Content-Type',
    'Content_Type',
    'If-Match',
    'If-None-Match',
    'If-Unmodified-Since',
    'Origin',
    'Sec-WebSocket-Extensions',
    'Sec-WebSocket-Key',
    'Sec-WebSocket-Protocol',
    'Sec-WebSocket-Version',
  ].map(
    (name): HeaderAttack => ({
      name: `Connection can't name away ${name}`,
      pitfall: 24,
      guards: 'header-names.ts NEVER_CONNECTION',
      lines: [`Connection: ${name}`, `${name}: 1`],
      kept: [`${name}: 1`],
    }),
  ),
  ...[
    'base64url.bearer.authorization.k8s.io.abc',
    'openai-insecure-api-key.abc',
    'x-apikey.abc',
    'token.abc',
    'Authorization.x',
    'password-x',
    'a-secret',
  ].map(
    (protocol): HeaderAttack => ({
      name: `a credential as WebSocket protocol ${protocol}`,
      pitfall: 23,
      guards: 'headers.ts PROTOCOL_TOKEN',
      lines: [`Sec-WebSocket-Protocol: chat, ${protocol}`],
      kept: ['Sec-WebSocket-Protocol: chat'],
      stripped: 1,
    }),
  ),
  {
    name: 'a credential as the only WebSocket protocol',
    pitfall: 23,
    guards: 'headers.ts PROTOCOL_TOKEN',
    lines: ['Sec-WebSocket-Protocol: bearer.abc'],
    gone: ['sec-websocket-protocol'],
    stripped: 1,
  },
];
