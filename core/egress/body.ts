/** A request's whole body, where a rule looks into it. */
export interface RequestBody {
  readonly bytes: Uint8Array;
  /** The header's value; undefined where there is none. */
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
}

/** What is read from bodies is read without doubt or not at all. `problem` is text of ours. */
export interface NotUnderstood {
  readonly kind: 'not-understood';
  readonly problem: string;
}

export function notUnderstood(problem: string): NotUnderstood {
  return { kind: 'not-understood', problem };
}
