import type { AddressBinding } from '../../../core/session/binding';
import type { SessionRow } from '../../../core/session/row';

export const SESSION = 's01k9m3v2zq8f4c7n5t6w1x0ybd';
export const OTHER_SESSION = 's01k9m3v2zq8f4c7n5t6w1x0ybe';
export const TASK = `arn:aws:ecs:eu-central-1:111122223333:task/sessions/${'0a'.repeat(16)}`;
export const OTHER_TASK = `arn:aws:ecs:eu-central-1:111122223333:task/sessions/${'0b'.repeat(16)}`;
export const TIME = '2026-11-03T09:15:00.000Z';

/** A session that runs, for an hour from {@link TIME}. */
export const liveRow: SessionRow = {
  version: 1,
  sessionId: SESSION,
  revision: 4,
  profile: 'coder',
  documentHash: 'ab'.repeat(32),
  requester: 'https://idp.example.com|00u1a2b3',
  team: 'payments',
  repository: 'acme/shop',
  taskText: { sha256: 'cd'.repeat(32), bytes: 812 },
  state: 'RUNNING',
  budgetReservedMicroUsd: 5_000_000,
  lifetimeSeconds: 3600,
  generation: 1,
  taskArn: TASK,
  createdAt: TIME,
  updatedAt: TIME,
  lifetimeEndsAt: '2026-11-03T10:15:00.000Z',
};

/** Its binding, open. */
export const openBinding: AddressBinding = {
  version: 1,
  address: '10.64.3.17',
  sessionId: SESSION,
  taskArn: TASK,
  generation: 1,
  epoch: 2,
  eventVersion: 3,
  openedAt: TIME,
};
