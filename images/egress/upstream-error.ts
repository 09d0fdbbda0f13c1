import type { RefusalCode } from '../../core/egress/refusal';

/** Why a host was not reached, as the agent and the record get to know it. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  constructor(
    readonly code: Extract<
      RefusalCode,
      'private-address' | 'name-not-found' | 'upstream-certificate' | 'upstream-unreachable' | 'upstream-timeout'
    >,
    options?: ErrorOptions,
  ) {
    super(code, options);
  }
}

/** OpenSSL's and Node's names of what is wrong with a certificate; everything else is the network's. */
const CERTIFICATE =
  /CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY|DECRYPT|DECODE)|ALTNAME|HOSTNAME_MISMATCH|INVALID_(?:CA|PURPOSE)|PATH_LENGTH|CRL/;
const TIMEOUT = /TIMEOUT|ETIMEDOUT/;

/** What went wrong, from an error of tls, net or undici. */
export function upstreamError(error: unknown): UpstreamError {
  for (let e: unknown = error; e instanceof Error; e = e.cause) {
    if (e instanceof UpstreamError) return e;
  }
  const code = String((error as NodeJS.ErrnoException | undefined)?.code ?? '');
  if (CERTIFICATE.test(code)) return new UpstreamError('upstream-certificate', { cause: error });
  if (TIMEOUT.test(code)) return new UpstreamError('upstream-timeout', { cause: error });
  return new UpstreamError('upstream-unreachable', { cause: error });
}
