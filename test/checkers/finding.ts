/** What somebody else's checker says about one resource of one template. */
export interface Finding {
  readonly checker: string;
  readonly rule: string;
  /** Logical id, or where in the template it is when it is about no resource. */
  readonly resource: string;
  /** Path of the template. */
  readonly template: string;
  readonly message: string;
}

/** A finding that stays, and why that is safe. */
export interface Acknowledgement {
  readonly checker: string;
  readonly rule: string;
  /** Logical ids it holds for: it is about a resource where this matches. */
  readonly resource: RegExp;
  readonly reason: string;
}

/** A checker: all findings over some templates. Throws where it could not do its work. */
export type Checker = (templates: readonly string[]) => Promise<Finding[]>;

const covers = (acknowledgement: Acknowledgement, finding: Finding): boolean =>
  acknowledgement.checker === finding.checker &&
  acknowledgement.rule === finding.rule &&
  acknowledgement.resource.test(finding.resource);

/** Findings nobody answers for, and acknowledgements that answer to no finding any more. */
export function judge(
  findings: readonly Finding[],
  acknowledgements: readonly Acknowledgement[],
): { open: Finding[]; stale: Acknowledgement[] } {
  return {
    open: findings.filter((finding) => !acknowledgements.some((one) => covers(one, finding))),
    stale: acknowledgements.filter((one) => !findings.some((finding) => covers(one, finding))),
  };
}
