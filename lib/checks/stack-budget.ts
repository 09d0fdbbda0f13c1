import { readFileSync } from 'node:fs';

/**
 * Less than CloudFormation takes (500 resources, 1 MB), so that a platform can grow before it has to be re-laid. All of
 * one with tier MAXIMUM in a single stack has about 300 resources; those of a stage have half of that at most.
 */
export const STACK_BUDGET = { resources: 400, bytes: 500_000 } as const;

/** What a template has too much of; empty where it is within {@link STACK_BUDGET}. */
export function overBudget(templatePath: string): string[] {
  const text = readFileSync(templatePath, 'utf8');
  const resources = Object.keys((JSON.parse(text) as { Resources?: object }).Resources ?? {}).length;
  const bytes = Buffer.byteLength(text);
  return [
    ...(resources > STACK_BUDGET.resources ? [`${resources} resources, at most ${STACK_BUDGET.resources}`] : []),
    ...(bytes > STACK_BUDGET.bytes ? [`${bytes} bytes, at most ${STACK_BUDGET.bytes}`] : []),
  ];
}
