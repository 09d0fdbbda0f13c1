import type { GithubPurpose } from './github-target';
import { type Intersection, intersect, levelHolds } from './rights';

/** As the request for a token has them. */
export type GithubPermissions = Readonly<Record<string, 'read' | 'write'>>;

/**
 * The least that each purpose works with. Never among them: `workflows` and `administration`, with which a session would
 * change what guards it; and `contents: write` is for pushes of the commit broker alone.
 */
const PERMISSIONS: Readonly<Record<GithubPurpose, GithubPermissions>> = {
  read: { contents: 'read', metadata: 'read', pull_requests: 'read' },
  propose: { contents: 'read', metadata: 'read', pull_requests: 'write' },
  push: { contents: 'write', metadata: 'read' },
};

export function permissionsFor(purpose: GithubPurpose): GithubPermissions {
  return PERMISSIONS[purpose];
}

export function rightsOf(permissions: GithubPermissions): string[] {
  return Object.entries(permissions).map(([subject, level]) => `${subject}:${level}`);
}

/**
 * What a person may do in a repository, in the App's terms, from "Get repository permissions for a user": its
 * `permission` has maintain as write and triage as read. Anything else, also what GitHub may add, is nothing.
 */
const HELD: Readonly<Record<string, readonly string[]>> = {
  admin: ['contents:write', 'metadata:read', 'pull_requests:write'],
  write: ['contents:write', 'metadata:read', 'pull_requests:write'],
  read: ['contents:read', 'metadata:read', 'pull_requests:read'],
};

export function githubIntersection(purpose: GithubPurpose, permission: string): Intersection {
  const held = Object.hasOwn(HELD, permission) ? (HELD[permission] ?? []) : [];
  return intersect(rightsOf(permissionsFor(purpose)), held, levelHolds);
}

/**
 * What a token answer says it is good for has to be what was asked: an App whose installation was changed in between
 * must not turn into a token nobody judged.
 */
export function isWithin(permissions: Readonly<Record<string, string>>, asked: GithubPermissions): boolean {
  return Object.entries(permissions).every(
    ([subject, level]) => Object.hasOwn(asked, subject) && (asked[subject] === level || level === 'read'),
  );
}
