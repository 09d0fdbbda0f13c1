import { hash } from 'node:crypto';
import type * as z from 'zod/mini';
import { WAYS } from '../egress/request';
import { anyAddress, type Body } from './field';
import { type egressDetail, VERDICTS } from './kinds';

export type EgressDetail = z.infer<typeof egressDetail>;

/**
 * What a proxy knows of one request, as it came: texts here may be an attacker's. Enumerations and codes are ours, so
 * their types are enough.
 */
export interface EgressFacts extends Omit<EgressDetail, 'path' | 'pathSha256' | 'query' | 'operations' | 'findings'> {
  /** Raw, without query. */
  readonly path?: string;
  /** Raw, without `?`. */
  readonly query?: string;
  /** `query:viewer`, `tool:search`. */
  readonly operations?: readonly string[];
  readonly findings?: readonly string[];
}

const made = new WeakSet<object>();

/**
 * Turns facts into the detail of an egress record that fits the schema whatever they are, so that no path, host or
 * method costs a record, and none is checked by zod where requests wait for it.
 */
export function egressDetailOf(facts: EgressFacts): EgressDetail {
  // One shape for all, in the schema's order: what is absent stands there as undefined, which JSON leaves out.
  const { path, pathSha256 } = facts.path === undefined ? NO_PATH : recordPath(facts.path);
  const detail: EgressDetail = {
    way: facts.way,
    method: recordMethod(facts.method),
    scheme: facts.scheme,
    host: recordHost(facts.host),
    port: recordInteger(facts.port, 1, 65_535),
    path,
    pathSha256,
    query: frozen(facts.query, recordText),
    operations: frozen(facts.operations, recordOperations),
    ruleId: facts.ruleId === undefined ? undefined : recordRuleId(facts.ruleId),
    verdict: facts.verdict,
    enforced: facts.enforced,
    reason: recordCode(facts.reason),
    approvalId: idOf(facts.approvalId, UUID),
    grantId: idOf(facts.grantId, SLUG),
    mintId: idOf(facts.mintId, UUID),
    strippedCredentials: recordCount(facts.strippedCredentials),
    redactedValues: recordCount(facts.redactedValues),
    findings: frozen(facts.findings, recordFindings),
    status: facts.status === undefined ? undefined : recordInteger(facts.status, 100, 599),
    failure: facts.failure === undefined ? undefined : recordCode(facts.failure),
    bytesOut: recordCount(facts.bytesOut),
    bytesIn: recordCount(facts.bytesIn),
    requestBody: frozen(facts.requestBody, recordBody),
    responseBody: frozen(facts.responseBody, recordBody),
    durationMs: recordCount(facts.durationMs),
    upstreamAddress: facts.upstreamAddress === undefined ? undefined : recordAddress(facts.upstreamAddress),
    upstreamRequestId: idOf(facts.upstreamRequestId, REQUEST_ID),
  };
  Object.freeze(detail);
  if (isTyped(facts)) made.add(detail);
  return detail;
}

/** What types promise and no function above mends; without it the record is judged by the schema. */
function isTyped(facts: EgressFacts): boolean {
  return (
    (WAYS as readonly string[]).includes(facts.way) &&
    (VERDICTS as readonly string[]).includes(facts.verdict) &&
    (facts.scheme === 'https' || facts.scheme === 'http') &&
    typeof facts.enforced === 'boolean' &&
    typeof facts.method === 'string' &&
    typeof facts.host === 'string'
  );
}

/** Whether {@link egressDetailOf} made it and it fits the schema; frozen there, so it still does. */
export function isMadeDetail(detail: object): boolean {
  return made.has(detail);
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const SLUG = /^[a-z][a-z0-9-]{0,62}$/;
const CODE = /^[a-z][a-z0-9-]{0,63}$/;
const REQUEST_ID = /^[A-Za-z0-9:_.=-]{1,128}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const METHOD = /^[A-Za-z0-9_-]{1,32}$/;
const HOST = /^[a-z0-9._:[\]-]{1,255}$/;
const PATH = /^\/[!$->@-[\]-~]{0,2047}$/;
const RULE_ID = /^[a-z0-9][a-z0-9.-]{0,127}$/;
const OPERATION = /^(?:query|mutation|subscription|tool):[A-Za-z0-9_./:-]{1,96}$/;

const NO_PATH: RecordPath = {};

function frozen<T, R extends object>(value: T | undefined, make: (value: T) => R): R | undefined {
  return value === undefined ? undefined : Object.freeze(make(value));
}

/** An id that is none joins nothing, and half of one joins the wrong things: left out. */
function idOf(value: string | undefined, form: RegExp): string | undefined {
  return value !== undefined && form.test(value) ? value : undefined;
}

/** As the agent sent it; `_` for each character no method has, and where something was cut off. */
export function recordMethod(raw: string): string {
  if (METHOD.test(raw)) return raw;
  return mark(raw.replace(/[^A-Za-z0-9_-]/g, '_'), 32);
}

/**
 * Lower case; a host that had to be changed beyond that has a `_`, which no rule's host has, so that a crooked name is
 * never read as a good one. Lower case of ASCII only: U+212A (Kelvin) would become a plain `k`.
 */
export function recordHost(raw: string): string {
  if (HOST.test(raw)) return raw;
  const lower = raw.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return mark(lower.replace(/[^a-z0-9._:[\]-]/g, '_'), 255);
}

export interface RecordPath {
  readonly path?: string;
  readonly pathSha256?: string;
}

/**
 * Without query, at most 2048 characters; what is not plain ASCII as %xx of its bytes. The hash is of the bytes as they
 * came, and there where the path was cut. Nothing where it is no path (`*`, an empty one).
 */
export function recordPath(raw: string): RecordPath {
  if (PATH.test(raw)) return { path: raw };
  if (!raw.startsWith('/')) return {};
  const bytes = wireBytes(raw);
  let path = '';
  for (const byte of bytes) {
    path += isPlain(byte) ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    if (path.length > 2048) break;
  }
  if (path.length <= 2048) return { path };
  // Half an escape would read as another character.
  return { path: path.slice(0, 2048).replace(/%[0-9A-Fa-f]?$/, ''), pathSha256: sha256(bytes) };
}

/** node gives the bytes of a request's head as Latin-1; what came another way may hold more, and is UTF-8. */
function wireBytes(raw: string): Buffer {
  return Buffer.from(raw, /[^\0-\xff]/.test(raw) ? 'utf8' : 'latin1');
}

function isPlain(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x23 && byte !== 0x3f && byte !== 0x5c;
}

/** Content by hash and size, as a query is recorded. */
export function recordText(raw: string): Body {
  const bytes = wireBytes(raw);
  return { sha256: sha256(bytes), bytes: bytes.length };
}

function recordBody(body: Body): Body {
  const known = SHA256.test(body.sha256) ? body.sha256 : sha256(Buffer.from(body.sha256));
  return { sha256: known, bytes: recordCount(body.bytes) };
}

/** At most 12; where there are more, the last says how many are not named, in a form that no operation has. */
export function recordOperations(raw: readonly string[]): string[] {
  const named = raw.length > 12 ? 11 : raw.length;
  const operations = raw.slice(0, named).map(recordOperation);
  return raw.length > named ? [...operations, `tool:...and-${raw.length - named}-more`] : operations;
}

function recordOperation(raw: string): string {
  if (OPERATION.test(raw)) return raw;
  const [, kind = 'tool', name = raw] = /^(query|mutation|subscription|tool):(.*)$/s.exec(raw) ?? [];
  return `${kind}:${mark(name.replace(/[^A-Za-z0-9_./:-]/g, '_'), 96)}`;
}

/** Rules' ids have no length in documents of version 1; the front of one still says which. */
export function recordRuleId(raw: string): string {
  if (RULE_ID.test(raw)) return raw;
  const cut = raw
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-')
    .slice(0, 128);
  return RULE_ID.test(cut) ? cut : `0${cut.slice(0, 127)}`;
}

/** Codes are from lists of ours, so this changes one only where code is wrong; the record matters more than the word. */
export function recordCode(raw: string): string {
  return CODE.test(raw) ? raw : 'unknown';
}

function recordFindings(raw: readonly string[]): string[] {
  return raw.length <= 16 ? raw.map(recordCode) : [...raw.slice(0, 15).map(recordCode), 'more-findings'];
}

/** A proxy dials few addresses, and the form of one takes longer to check than all else here. */
const addresses = new Map<string, string | undefined>();

function recordAddress(raw: string): string | undefined {
  if (addresses.has(raw)) return addresses.get(raw);
  const plain = /^::ffff:(?=\d+\.)/i.test(raw) ? raw.slice(7) : raw.toLowerCase();
  const address = anyAddress.safeParse(plain).success ? plain : undefined;
  if (addresses.size >= 1024) addresses.clear();
  addresses.set(raw, address);
  return address;
}

/** Whole and not negative; what is no number counts as 0. */
export function recordCount(raw: number): number {
  return recordInteger(raw, 0, Number.MAX_SAFE_INTEGER);
}

function recordInteger(raw: number, low: number, high: number): number {
  if (!(raw > low)) return low;
  return raw >= high ? high : Math.trunc(raw);
}

/** What was cut or is empty ends in `_`. */
function mark(text: string, length: number): string {
  if (text.length === 0) return '_';
  return text.length <= length ? text : `${text.slice(0, length - 1)}_`;
}

function sha256(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}
