import { parseHostPattern } from './host';
import { opaqueBytes } from './opaque';
import { urlOf } from './provenance';
import type { EgressRequest } from './request';
import type { EgressRule } from './rule';
import { anyHasSecret } from './secret-finder';
import type { CompiledSecrets } from './secret-patterns';
import type { UrlHash } from './url-set';

/** Where a rule says nothing. Signed links to release files have up to 1.5 KB, some 700 bytes of it opaque. */
export const URL_DEFAULTS = { maxUrlBytes: 8192, maxOpaqueBytes: 2048 } as const;

export type Screening =
  | { readonly kind: 'clean' }
  | {
      readonly kind: 'refused';
      readonly code: 'secret-in-request' | 'url-too-opaque';
      /** Text of ours, nothing that was sent. */
      readonly problem: string;
    };

type UrlRule = Pick<EgressRule, 'id' | 'host' | 'limits'>;

const CLEAN: Screening = { kind: 'clean' };

/** What can be said of one URL by itself: known secrets, length, and what it could carry that is no word. */
export function screenUrl(request: EgressRequest, rule: UrlRule, secrets: CompiledSecrets | undefined): Screening {
  if (secrets !== undefined && anyHasSecret(secrets, spellingsOf(request))) {
    return refused('secret-in-request', 'a known secret in the URL');
  }
  const { maxUrlBytes = URL_DEFAULTS.maxUrlBytes, maxOpaqueBytes = URL_DEFAULTS.maxOpaqueBytes } = rule.limits ?? {};
  const { length } = urlOf(request);
  if (length > maxUrlBytes) {
    return refused('url-too-opaque', `a URL of ${length} bytes, where the rule allows ${maxUrlBytes}`);
  }
  const chosen = [openLabels(request, rule), request.path, request.query ?? ''].join('/');
  // No text carries more than it has characters, and to say how much takes longer than all the rest.
  const opaque = chosen.length <= maxOpaqueBytes ? 0 : opaqueBytes(chosen);
  if (opaque > maxOpaqueBytes) {
    return refused('url-too-opaque', `a URL with ${opaque} bytes of data, where the rule allows ${maxOpaqueBytes}`);
  }
  return CLEAN;
}

/** As sent, as the host decodes it, and with the labels of the host put together again. */
function spellingsOf({ host, path, query = '', parameters }: EgressRequest): string[] {
  const spellings = [`${host}${path}?${query}`, host.replaceAll('.', ''), path.replaceAll('/', '')];
  if (path.includes('%')) spellings.push(decoded(path));
  for (const { name, value } of parameters) spellings.push(name, value);
  if (parameters.length > 1) spellings.push(parameters.map(({ value }) => value).join(''));
  return spellings;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** What an agent chose of the host: the labels that the rule's wildcard leaves open. */
function openLabels({ host }: EgressRequest, rule: UrlRule): string {
  return host.slice(0, Math.max(0, host.length - apexOf(rule).length - 1));
}

/** Reading a host pattern takes longer than all the rest that is asked of a URL. */
const apexes = new WeakMap<UrlRule, string>();

/** What the rule says of the host: all of it where it names one, and no label is open. */
function apexOf(rule: UrlRule): string {
  let apex = apexes.get(rule);
  if (apex === undefined) {
    const pattern = parseHostPattern(rule.host);
    apex = pattern.kind === 'ok' ? pattern.value.name : rule.host;
    apexes.set(rule, apex);
  }
  return apex;
}

/** Known secrets in names and values of headers that would be forwarded: name, value, name, value ... */
export function screenHeaders(headers: readonly string[], secrets: CompiledSecrets | undefined): Screening {
  if (secrets === undefined || !anyHasSecret(secrets, headers)) return CLEAN;
  return refused('secret-in-request', 'a known secret in a header');
}

/**
 * What the URLs of one session add up to, rule by rule: data cut into many small requests. Kept for as long as the
 * session's other state. Its size is bounded by the rules' own limits.
 */
export class UrlBudget {
  private readonly spent = new Map<
    string,
    { readonly urls: Set<number>; readonly labels: Set<string>; bytes: number }
  >();

  constructor(private readonly hash: UrlHash) {}

  /** Nothing was counted yet. */
  get isEmpty(): boolean {
    return this.spent.size === 0;
  }

  /** Counts a request that everything else allows. What was asked before costs nothing; what is refused neither. */
  admit(request: EgressRequest, rule: UrlRule): Screening {
    const labels = openLabels(request, rule);
    const most = rule.limits?.distinctUrls;
    if (most === undefined && labels === '') return CLEAN;
    const spent = this.spent.get(rule.id) ?? { urls: new Set<number>(), labels: new Set<string>(), bytes: 0 };
    this.spent.set(rule.id, spent);

    // Without a number nothing is kept of a URL: an agent could have this process hold as many as it asks for.
    const url = most === undefined ? undefined : this.hash(urlOf(request));
    if (most !== undefined && url !== undefined && !spent.urls.has(url) && spent.urls.size >= most) {
      return refused('url-too-opaque', `more than the ${most} different URLs that the rule allows a session`);
    }
    const fresh = !spent.labels.has(labels);
    const allowed = rule.limits?.maxOpaqueBytes ?? URL_DEFAULTS.maxOpaqueBytes;
    if (fresh && spent.bytes + labels.length > allowed) {
      return refused('url-too-opaque', `more than ${allowed} bytes of different names below ${rule.host}`);
    }
    if (fresh) {
      spent.labels.add(labels);
      spent.bytes += labels.length;
    }
    if (url !== undefined) spent.urls.add(url);
    return CLEAN;
  }
}

function refused(code: 'secret-in-request' | 'url-too-opaque', problem: string): Screening {
  return { kind: 'refused', code, problem };
}
