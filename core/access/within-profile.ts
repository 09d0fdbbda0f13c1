import { grantedRepositories } from '../credentials/granted-repositories';
import type { PolicyDocument } from '../egress/document';

export type WithinProfile =
  | { readonly kind: 'ok'; readonly reserveMicroUsd: number }
  | { readonly kind: 'refused'; readonly reason: 'budget-too-high'; readonly got: number; readonly most: number }
  | {
      readonly kind: 'refused';
      readonly reason: 'repository-unknown';
      readonly got: string;
      readonly known: readonly string[];
    };

/** Whether a session as it is asked for is one that its profile permits, and what it reserves. */
export function withinProfile(
  { models, grants }: Pick<PolicyDocument, 'models' | 'grants'>,
  { budgetUsd = models.budgetUsd, repository }: { readonly budgetUsd?: number; readonly repository?: string },
): WithinProfile {
  if (budgetUsd > models.budgetUsd) {
    return { kind: 'refused', reason: 'budget-too-high', got: budgetUsd, most: models.budgetUsd };
  }
  // It stands in records as what the session works on: a name of somebody's choosing would lie there.
  const known = grantedRepositories(grants);
  if (repository !== undefined && !known.includes(repository)) {
    return { kind: 'refused', reason: 'repository-unknown', got: repository, known };
  }
  return { kind: 'ok', reserveMicroUsd: Math.ceil(budgetUsd * 1e6) };
}
