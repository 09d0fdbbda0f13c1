import { CONTAINERS } from '../session/task';

/** Between profile and container in the names of log streams, as the task definition has it. */
export const RECORDER_STREAM = 'recorder';

/** Where the transcripts of a task are, in the log group of sessions. ECS names streams prefix/container/task. */
export function transcriptStream(profile: string, taskArn: string): string {
  return `${profile}-${RECORDER_STREAM}/${CONTAINERS.recorder}/${taskArn.slice(taskArn.lastIndexOf('/') + 1)}`;
}
