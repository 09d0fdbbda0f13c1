/**
 * User and group of every container of a task, whatever the images say. Fargate's volumes belong to root unless an image
 * that mounts them declares them as a VOLUME and owns the folder: ours, which starts first, does so for this user.
 */
export const SESSION_USER = 10001;

/** Where the volumes are, in every container that has them. */
export const SESSION_PATHS = {
  /** Of the agent: its work, HOME, caches, transcripts. The root file system is read-only. */
  workspace: '/workspace',
  /** Written by session-init before the agent's container exists: task text, certificates, launcher, settings. */
  session: '/session',
  launcher: '/session/launch',
  /** Text of the task, as the requester wrote it. */
  task: '/session/task',
  /** Who the session is and when it ends, for the recorder; see core/session/self.ts. */
  self: '/session/self.json',
  home: '/workspace/home',
  /** What the agent writes to its standard output and error. */
  output: '/workspace/home/.agent-output',
} as const;

/** Variables of the containers beside the agent: constants of the platform, none about a session. */
export const SESSION_ENVIRONMENT = {
  /** DNS zone of the platform's services. */
  zone: 'SESSION_ZONE',
} as const;
