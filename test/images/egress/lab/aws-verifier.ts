import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export const KEYS = {
  region: 'eu-west-1',
  accessKeyId: 'ASIAGRANTEXAMPLE0001',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYgrantkey',
  sessionToken: 'IQoJb3JpZ2luX2VjEGrant+session/token==',
} as const;

export interface Verified {
  readonly service: string;
  readonly region: string;
  readonly signedHeaders: readonly string[];
}

/**
 * What AWS does with a signature, written from "Create a signed AWS API request" (IAM User Guide) and "Authenticating
 * Requests: Using the Authorization Header" (S3 API reference), without the library that the proxy signs with. Says why
 * not, as AWS would answer.
 */
export function verifySignature(request: IncomingMessage, body: Buffer, now: number): Verified | string {
  const { authorization = '' } = request.headers;
  const parts =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
  if (!parts) return `MissingAuthenticationToken: ${authorization}`;
  const [, keyId = '', day = '', region = '', service = '', names = '', signature] = parts;
  if (keyId !== KEYS.accessKeyId) return `InvalidAccessKeyId: ${keyId}`;
  if (single(request, 'x-amz-security-token') !== KEYS.sessionToken) return 'InvalidToken';
  const time = single(request, 'x-amz-date') ?? '';
  const at = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(now - at) < 300_000) || !time.startsWith(day)) return `RequestTimeTooSkewed: ${time}`;
  const url = new URL(request.url ?? '', 'https://x');
  if ([...url.searchParams.keys()].some((name) => /^x-amz-(signature|credential)$/i.test(name))) {
    return 'InvalidArgument: Only one auth mechanism allowed';
  }
  const signedHeaders = names.split(';');
  const required = Object.keys(request.headers).filter((name) => name === 'host' || name.startsWith('x-amz-'));
  const unsigned = required.find((name) => !signedHeaders.includes(name));
  if (unsigned !== undefined) return `AccessDenied: There were headers present which were not signed: ${unsigned}`;

  const said = single(request, 'x-amz-content-sha256');
  if (service === 's3' && said === undefined) return 'InvalidRequest: Missing required header x-amz-content-sha256';
  const hash = createHash('sha256').update(body).digest('hex');
  if (said !== undefined && /^[0-9a-f]{64}$/.test(said) && said !== hash) return 'XAmzContentSHA256Mismatch';
  const rawPath = (request.url ?? '').split('?')[0] ?? '';
  const canonical = [
    request.method,
    service === 's3'
      ? segments(rawPath, (segment) => percent(decodeURIComponent(segment)))
      : segments(rawPath, percent),
    canonicalQuery((request.url ?? '').split('?')[1] ?? ''),
    ...signedHeaders.map((name) => `${name}:${values(request, name).join(',')}`),
    '',
    names,
    said ?? hash,
  ].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<Buffer>(
    (before, part) => createHmac('sha256', before).update(part).digest(),
    Buffer.from(`AWS4${KEYS.secretAccessKey}`),
  );
  const expected = createHmac('sha256', key).update(toSign).digest('hex');
  return signature === expected ? { service, region, signedHeaders } : `SignatureDoesNotMatch:\n${canonical}`;
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  return query
    .split('&')
    .map((piece) => {
      const equals = piece.indexOf('=');
      const [name, value] = equals === -1 ? [piece, ''] : [piece.slice(0, equals), piece.slice(equals + 1)];
      return [name, value].map((text) => percent(decodeURIComponent(text))) as [string, string];
    })
    .sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

const segments = (path: string, each: (segment: string) => string): string => path.split('/').map(each).join('/');

function percent(text: string): string {
  return Array.from(Buffer.from(text, 'utf8'), (byte) =>
    /[A-Za-z0-9._~-]/.test(String.fromCharCode(byte))
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}

function values(request: IncomingMessage, name: string): string[] {
  const found: string[] = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    if (request.rawHeaders[i]?.toLowerCase() === name)
      found.push((request.rawHeaders[i + 1] ?? '').trim().replace(/ +/g, ' '));
  }
  return found;
}

function single(request: IncomingMessage, name: string): string | undefined {
  const found = values(request, name);
  return found.length > 1 ? 'twice' : found[0];
}
