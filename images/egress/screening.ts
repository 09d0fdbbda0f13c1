import { type Screening, screenHeaders, screenUrl } from '../../core/egress/dlp';
import type { LinkReader } from '../../core/egress/links';
import { type SeenUrls, teaches } from '../../core/egress/provenance';
import type { RefusalCode } from '../../core/egress/refusal';
import type { EgressRequest } from '../../core/egress/request';
import type { EgressRule } from '../../core/egress/rule';
import type { CallerState } from './caller-states';

export type Found =
  | { readonly kind: 'clean' }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly problem?: string };

/** Whether a request that rules allow carries out what it should not: in its URL, in its headers, by its being asked. */
export function screenRequest(
  request: EgressRequest,
  rule: EgressRule,
  rawHeaders: readonly string[],
  state: CallerState,
): Found {
  const steps: (() => Screening | Found)[] = [
    () => screenUrl(request, rule, state.secrets),
    () => screenHeaders(rawHeaders, state.secrets),
    () => (rule.limits?.urls === 'seen' && !state.seen.has(request) ? NOT_SEEN : CLEAN),
    // Last, since it counts what passes.
    () => state.budget.admit(request, rule),
  ];
  for (const step of steps) {
    const found = step();
    if (found.kind === 'refused') return found;
  }
  return CLEAN;
}

const CLEAN: Found = { kind: 'clean' };
const NOT_SEEN: Found = { kind: 'refused', code: 'url-not-seen' };

/** Hands an answer's links to what the session has seen, where the answer is one that may name URLs. */
export class Teacher {
  private reader: LinkReader | undefined;

  constructor(
    private readonly seen: SeenUrls,
    private readonly request: EgressRequest,
    private readonly rule: EgressRule,
    private readonly rules: readonly EgressRule[],
  ) {}

  begin(status: number, location: string | undefined): void {
    if (!teaches(this.request, this.rule, this.rules, status)) return;
    if (location !== undefined) this.seen.addLocation(this.request, location);
    this.reader = this.seen.reader(this.request);
  }

  push(chunk: Buffer): void {
    this.reader?.push(chunk);
  }

  end(rest: Buffer): void {
    if (rest.length > 0) this.reader?.push(rest);
    this.reader?.end();
  }
}
