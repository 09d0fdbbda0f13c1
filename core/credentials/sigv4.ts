import { type Refused, refused } from '../egress/refusal';
import type { EgressRequest } from '../egress/request';
import { signingName } from './aws-services';

/** How the bytes of the body enter the signature. */
export type Payload =
  /** Stands in X-Amz-Content-Sha256: a hash that AWS compares with what it gets, or the word for none. */
  | { readonly kind: 'given'; readonly value: string }
  /** Has to be hashed here. */
  | { readonly kind: 'hash' };

/** What a request to AWS has to be signed as, before it is. */
export interface SigningPlan {
  readonly kind: 'ok';
  readonly service: string;
  readonly region: string;
  readonly isS3: boolean;
  readonly payload: Payload;
  /** Whether X-Amz-Content-Sha256 has to be added: S3 wants it there. */
  readonly addsPayloadHeader: boolean;
  /** Raw, without what made it pre-signed, `+` spelled out; undefined where nothing is left. */
  readonly query: string | undefined;
  /** Path as S3 writes it in what it signs; others escape the path as it stands once more. */
  readonly canonicalPath: string;
}

/** A body larger than this is not read whole to be hashed; what a synchronous call of Lambda takes. */
export const MAX_HASHED_BYTES = 6 * 1024 * 1024;

export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';
/** Only the head is signed; the pieces carry no signature of the agent's, and the checksum behind them is none. */
const UNSIGNED_TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';

const ZONE = '.amazonaws.com';

/**
 * The agent's client signs with keys that are none, because a client without keys does not ask. Nothing of that signature
 * is verified or kept: whoever calls is known by its address, and what it may do by the grant. Of what it says, the
 * service's name in the scope is believed, because a wrong one only makes a request that AWS refuses; region and host are
 * the grant's.
 */
export function planSigning(
  request: EgressRequest,
  rawHeaders: readonly string[],
  region: string,
): SigningPlan | Refused {
  const endpoint = endpointOf(request.host, region);
  if (endpoint === undefined) return broken('the host is no endpoint in the region of the grant');
  const isS3 = endpoint === 's3' || endpoint.endsWith('.s3');
  const payload = payloadOf(rawHeaders, isS3);
  if (payload.kind === 'refused') return payload;
  const said = payload.kind === 'given' && valuesOf(rawHeaders, 'x-amz-content-sha256').length > 0;
  return {
    kind: 'ok',
    service: isS3 ? 's3' : (scopedService(request, rawHeaders) ?? signingName(endpoint)),
    region,
    isS3,
    payload,
    addsPayloadHeader: payload.kind === 'given' && !said,
    query: unsignedQuery(request.query),
    canonicalPath: canonicalPath(request.path),
  };
}

/** `dynamodb` of `dynamodb.eu-west-1.amazonaws.com`; `bucket.s3` of a bucket's host. */
function endpointOf(host: string, region: string): string | undefined {
  const end = `.${region}${ZONE}`;
  return host.endsWith(end) && host.length > end.length ? host.slice(0, -end.length) : undefined;
}

function payloadOf(rawHeaders: readonly string[], isS3: boolean): Payload | Refused {
  const [value, ...more] = valuesOf(rawHeaders, 'x-amz-content-sha256');
  if (more.length > 0) return broken('X-Amz-Content-Sha256 stands there twice');
  // S3 refuses a request without; the body is protected by TLS, which is what the word means.
  if (value === undefined) return isS3 ? { kind: 'given', value: UNSIGNED_PAYLOAD } : { kind: 'hash' };
  if (/^[0-9a-f]{64}$/.test(value) || value === UNSIGNED_PAYLOAD || value === UNSIGNED_TRAILER) {
    return { kind: 'given', value };
  }
  if (value.startsWith('STREAMING-')) {
    return broken(
      'the body is signed piece by piece with keys that do not count here; send it with an unsigned payload ' +
        '(the default of current SDKs over https), or in one piece',
    );
  }
  return broken('X-Amz-Content-Sha256 is neither a hash nor a known word');
}

const SCOPE = /^[^/\s,]{1,128}\/\d{8}\/(?:[a-z0-9-]+\/)?([a-z][a-z0-9-]{0,62})\/aws4_request$/;

/** From `Credential=` of the header, or from the query of a pre-signed URL. */
function scopedService({ parameters }: EgressRequest, rawHeaders: readonly string[]): string | undefined {
  const header = valuesOf(rawHeaders, 'authorization').map((value) => /\bCredential=([^,\s]+)/.exec(value)?.[1]);
  const query = parameters.filter(({ name }) => name.toLowerCase() === 'x-amz-credential').map(({ value }) => value);
  return [...header, ...query].flatMap((scope) => SCOPE.exec(scope ?? '')?.[1] ?? [])[0];
}

const PRESIGNED: ReadonlySet<string> = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-security-token',
  'x-amz-signature',
  'x-amz-signedheaders',
]);
/** Version 2, of S3 only; plain words where no key id is beside them. */
const PRESIGNED_V2: ReadonlySet<string> = new Set(['awsaccesskeyid', 'expires', 'signature']);

/** AWS takes one way to sign, and a header is ours. */
function unsignedQuery(query: string | undefined): string | undefined {
  if (query === undefined || query === '') return undefined;
  const pieces = query.split('&');
  const names = pieces.map((piece) => decodeURIComponent(piece.split('=', 1)[0] ?? '').toLowerCase());
  const isV2 = names.includes('awsaccesskeyid');
  const kept = pieces.filter((_, i) => {
    const name = names[i] ?? '';
    return !PRESIGNED.has(name) && !(isV2 && PRESIGNED_V2.has(name));
  });
  // A space for every decoder but AWS's, which the rule was asked about; so for AWS as well.
  return kept.length === 0 ? undefined : kept.join('&').replaceAll('+', '%20');
}

function canonicalPath(path: string): string {
  return path
    .split('/')
    .map((segment) => encodeStrictly(decodeURIComponent(segment)))
    .join('/');
}

/** RFC 3986: what encodeURIComponent leaves of the reserved characters has to go too. */
function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Name and value pairs of the query, decoded, for whoever writes it anew. */
export function queryPairs(query: string | undefined): { readonly name: string; readonly value: string }[] {
  if (query === undefined) return [];
  return query.split('&').map((piece) => {
    const equals = piece.indexOf('=');
    return {
      name: decodeURIComponent(equals === -1 ? piece : piece.slice(0, equals)),
      value: decodeURIComponent(equals === -1 ? '' : piece.slice(equals + 1)),
    };
  });
}

/** What is signed of the headers that leave: host, what describes the body, and everything AWS acts on. */
export function signedHeaders(headers: readonly string[]): Record<string, string> {
  const signed = new Map<string, string>();
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] ?? '').toLowerCase();
    const value = headers[i + 1] ?? '';
    if (!/^(?:host|content-type|content-md5|x-amz-.+)$/.test(name)) continue;
    const before = signed.get(name);
    signed.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(signed);
}

function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.flatMap((header, i) =>
    i % 2 === 0 && header.toLowerCase() === name ? [rawHeaders[i + 1] ?? ''] : [],
  );
}

function broken(problem: string): Refused {
  return refused('malformed-request', problem);
}
