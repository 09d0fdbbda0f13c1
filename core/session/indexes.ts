/** Of the table of sessions; both sorted by when the session was asked for. Items that are no rows have none of these. */
export const SESSION_INDEXES = {
  requester: { index: 'by-requester', partitionKey: 'requester', sortKey: 'createdAt' },
  /** Also what finds the live ones: without it the reaper would have to read every row there ever was. */
  state: { index: 'by-state', partitionKey: 'state', sortKey: 'createdAt' },
} as const;
