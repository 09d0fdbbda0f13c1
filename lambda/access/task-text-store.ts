import { PutObjectCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { taskTextKey } from '../../core/session/self';
import type { TaskTextStore } from './ports';

/** Into the bucket of payloads. */
export function bucketTaskTextStore(Bucket: string, client: S3ClientConfig = {}): TaskTextStore {
  const s3 = new S3Client({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1000, requestTimeout: 4000, throwOnRequestTimeout: true },
    ...client,
  });
  return {
    async put(sessionId, Body) {
      const ContentType = 'text/plain; charset=utf-8';
      await s3.send(new PutObjectCommand({ Bucket, Key: taskTextKey(sessionId), Body, ContentType }));
    },
  };
}
