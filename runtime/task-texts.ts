import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { MAX_TASK_TEXT_BYTES, taskTextKey } from '../core/session/self';

/** Texts of sessions' tasks. */
export interface TaskTexts {
  /** Throws where it can't be read, or is more than a task's text may be. */
  read(sessionId: string): Promise<Uint8Array>;
}

export interface BucketTaskTextsOptions {
  readonly bucket: string;
  /** Default: the region and credentials of the environment. */
  readonly client?: S3ClientConfig;
  /** Default 5 seconds. */
  readonly deadlineMs?: number;
}

/** From the bucket of payloads, with the rights of the task's role. */
export function bucketTaskTexts({ bucket, client, deadlineMs = 5000 }: BucketTaskTextsOptions): TaskTexts {
  const s3 = new S3Client({
    // The bucket's own name in front would be a host that no list of ours has, nor can have: it is known at deploy only.
    forcePathStyle: true,
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 1000, requestTimeout: 2000, throwOnRequestTimeout: true },
    ...client,
  });
  return {
    async read(sessionId) {
      const answer = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: taskTextKey(sessionId) }), {
        abortSignal: AbortSignal.timeout(deadlineMs),
      });
      if (answer.Body === undefined || (answer.ContentLength ?? Number.POSITIVE_INFINITY) > MAX_TASK_TEXT_BYTES) {
        throw new Error('task text: too long, or of unknown length');
      }
      return answer.Body.transformToByteArray();
    },
  };
}

/** From a folder, one file a session: for tests, and for a proxy that runs by itself. */
export function fileTaskTexts(folder: string): TaskTexts {
  return { read: (sessionId) => readFile(join(folder, sessionId)) };
}
