/** A rule that is active for a branch, from "Get rules for a branch"; classic branch protection is not among them. */
export interface BranchRule {
  readonly type: string;
  readonly rulesetId: number;
  readonly approvals?: number;
}

/** `current_user_can_bypass` of each ruleset, as our App reads it; absent where GitHub did not say. */
export type Bypasses = ReadonlyMap<number, string>;

export type BranchVerdict =
  | { readonly kind: 'protected' }
  | { readonly kind: 'unprotected'; readonly missing: readonly BranchNeed[] };

const NEEDS = {
  /** Nothing gets in unseen. */
  pull_request: 'a pull request with one approval at least',
  /** What is in stays in. */
  non_fast_forward: 'no force push',
  deletion: 'no deletion',
} as const;
export type BranchNeed = keyof typeof NEEDS;

/**
 * Whether the default branch is safe from a writer: only then may a session have anything pushed to the repository. A
 * rule that our App could bypass is none, and where GitHub does not say whether it could, it could.
 */
export function judgeBranchRules(rules: readonly BranchRule[], bypasses: Bypasses): BranchVerdict {
  const binding = rules.filter(({ rulesetId }) => bypasses.get(rulesetId) === 'never');
  const missing = (Object.keys(NEEDS) as BranchNeed[]).filter(
    (need) =>
      !binding.some(({ type, approvals }) => type === need && (need !== 'pull_request' || (approvals ?? 0) >= 1)),
  );
  return missing.length === 0 ? { kind: 'protected' } : { kind: 'unprotected', missing };
}

/** For the person who has to mend it. */
export function describeNeeds(missing: readonly BranchNeed[]): string {
  return missing.map((need) => NEEDS[need]).join(', ');
}
