import type { Transform } from 'node:stream';
import {
  brotliDecompressSync,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  gunzipSync,
  inflateSync,
} from 'node:zlib';

export class EncodingRefused extends Error {
  override readonly name = 'EncodingRefused';
}

/** One coding only: chains are for bombs. */
export type Coding = 'gzip' | 'br' | 'deflate';

/** How a body is encoded; undefined where it is plain. @throws EncodingRefused where it can't be opened */
export function codingOf(encoding: string | undefined): Coding | undefined {
  switch (encoding?.trim().toLowerCase()) {
    case undefined:
    case '':
    case 'identity':
      return undefined;
    case 'gzip':
    case 'x-gzip':
      return 'gzip';
    case 'br':
      return 'br';
    case 'deflate':
      return 'deflate';
    default:
      throw new EncodingRefused('an encoding that can not be opened');
  }
}

const STREAMS = { gzip: createGunzip, br: createBrotliDecompress, deflate: createInflate } as const;
const AT_ONCE = { gzip: gunzipSync, br: brotliDecompressSync, deflate: inflateSync } as const;

export function decoderFor(coding: Coding): Transform {
  return STREAMS[coding]();
}

/** An encoded body up to this, of known length, is opened in one go: a stream's set-up costs more than all else here. */
export const SMALL_BYTES = 64 * 1024;
/** What it may grow to; a millisecond's work. Beyond, a stream takes its time. */
const SMALL_DECODED_BYTES = 1024 * 1024;

/** A small body, opened; undefined where it grows too large for that. @throws EncodingRefused */
export function decodeSmall(coding: Coding, bytes: Buffer): Buffer | undefined {
  try {
    return AT_ONCE[coding](bytes, { maxOutputLength: SMALL_DECODED_BYTES });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    throw new EncodingRefused('an encoding that is broken', { cause: error });
  }
}

/** The value of a header that may stand once; two are joined, so that no reader sees another one than ours. */
export function headerValue(headers: readonly string[], name: string): string | undefined {
  let value: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const found = headers[i] ?? '';
    if (found.length === name.length && found.toLowerCase() === name)
      value = value === undefined ? headers[i + 1] : `${value}, ${headers[i + 1]}`;
  }
  return value;
}

export function without(headers: readonly string[], names: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (!names.includes(headers[i]?.toLowerCase() ?? '')) kept.push(headers[i] ?? '', headers[i + 1] ?? '');
  }
  return kept;
}
