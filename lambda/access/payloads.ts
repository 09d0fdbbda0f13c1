import { ListObjectsV2Command, PutObjectCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { artifactPrefix } from '../../core/access/artifacts';
import { taskTextKey } from '../../core/session/self';
import type { Payloads } from './ports';

/** More than this in one answer is nothing a person reads; the prefix says where the rest is. */
const MOST_OBJECTS = 200;

/** The bucket of payloads. */
export function bucketPayloads(bucket: string, client: S3ClientConfig = {}): Payloads {
  const s3 = new S3Client({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1000, requestTimeout: 4000, throwOnRequestTimeout: true },
    ...client,
  });
  return {
    bucket,
    async putTaskText(sessionId, Body) {
      await s3.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: taskTextKey(sessionId),
          Body,
          ContentType: 'text/plain; charset=utf-8',
        }),
      );
    },
    async list(kind, sessionId) {
      const Prefix = artifactPrefix(kind, sessionId);
      const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix, MaxKeys: MOST_OBJECTS }));
      return (Contents ?? []).flatMap(({ Key, Size, LastModified }) =>
        Key === undefined
          ? []
          : [
              {
                name: Key.slice(Prefix.length),
                bytes: Size ?? 0,
                modifiedAt: (LastModified ?? new Date(0)).toISOString(),
              },
            ],
      );
    },
  };
}
