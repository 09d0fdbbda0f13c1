import { type NotUnderstood, notUnderstood, type RequestBody } from './body';
import { type JsonObject, type JsonResult, type JsonValue, parseStrictJson } from './strict-json';

/** The one content type under which a server reads a body as JSON; others it may read as a form or as parts. */
const JSON_TYPE = /^application\/json[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?$/i;

/** A body that says it is JSON in UTF-8, is sent as it is (not compressed), and is strict JSON. */
export function readJsonBody(body: RequestBody): JsonResult {
  if (!JSON_TYPE.test(body.contentType ?? '')) return notUnderstood('the Content-Type is not application/json');
  if ((body.contentEncoding ?? 'identity').toLowerCase() !== 'identity') return notUnderstood('the body is compressed');
  return parseStrictJson(body.bytes);
}

export function isEmptyObject(value: JsonValue | undefined): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}

export const MAX_BATCH = 50;

/** A message, or a batch of some. */
export function messagesOf(value: JsonValue): readonly JsonValue[] | NotUnderstood {
  if (!Array.isArray(value)) return [value];
  if (value.length === 0 || value.length > MAX_BATCH) return notUnderstood(`a batch of none or more than ${MAX_BATCH}`);
  return value;
}

/**
 * An object with these keys and no other. Some servers match keys without regard to case (Go's encoding/json: `Method`
 * after `method` wins), so an unknown key may be a known one.
 */
export function objectWith(value: JsonValue | undefined, keys: readonly string[]): JsonObject | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const object = value as JsonObject;
  return Object.keys(object).every((key) => keys.includes(key)) ? object : undefined;
}
