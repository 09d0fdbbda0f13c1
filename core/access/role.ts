/** What somebody may be here. One person may be several; nobody is any of them by default. */
export const ROLES = ['submitter', 'approver', 'operator', 'auditor'] as const;
export type Role = (typeof ROLES)[number];
