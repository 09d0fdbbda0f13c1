import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { MAX_HASHED_BYTES, planSigning, queryPairs, signedHeaders } from '../core/credentials/sigv4';
import type { Clock } from './clock';
import type { RequestSigner, SignResult, UnsignedRequest } from './credential';

export interface AwsKeys {
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

const FROM_SIGNER = ['authorization', 'x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256'] as const;

/** Signs what leaves for AWS (Signature Version 4) with the keys of a grant. */
export class AwsSigner implements RequestSigner {
  constructor(
    private readonly keys: AwsKeys,
    private readonly clock: Clock,
  ) {}

  async sign({ request, rawHeaders, headers, body }: UnsignedRequest): Promise<SignResult> {
    const plan = planSigning(request, rawHeaders, this.keys.region);
    if (plan.kind === 'refused') return plan;
    const toSign = signedHeaders(headers);
    if (plan.addsPayloadHeader && plan.payload.kind === 'given') toSign['x-amz-content-sha256'] = plan.payload.value;
    const signer = new SignatureV4({
      service: plan.service,
      region: plan.region,
      credentials: this.keys,
      sha256: Sha256,
      uriEscapePath: !plan.isS3,
      // Only where it is there already: others than S3 need none.
      applyChecksum: false,
    });
    const query: Record<string, string[]> = Object.create(null);
    for (const { name, value } of queryPairs(plan.query)) query[name] = [...(query[name] ?? []), value];
    const signed = await signer.sign(
      {
        method: request.method,
        protocol: 'https:',
        hostname: request.host,
        path: plan.isS3 ? plan.canonicalPath : request.path,
        query,
        headers: toSign,
        body: plan.payload.kind === 'hash' ? await body(MAX_HASHED_BYTES) : undefined,
      },
      { signingDate: new Date(this.clock.wall()) },
    );
    const added = FROM_SIGNER.filter((name) => name !== 'x-amz-content-sha256' || plan.addsPayloadHeader);
    return {
      kind: 'ok',
      headers: [...headers, ...added.flatMap((name) => [name, signed.headers[name] ?? ''])],
      path: plan.query === undefined ? request.path : `${request.path}?${plan.query}`,
    };
  }
}

/** Node's own hash in the form the signer wants. */
class Sha256 {
  private readonly hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.hash.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
