import {
  CloudWatchLogsClient,
  type CloudWatchLogsClientConfig,
  GetLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import type { Transcripts } from './ports';

/** Lines are 16 KiB at most, and a function answers 6 MB. */
const MOST_LINES = 300;

/** From the log group of sessions. */
export function logTranscripts(logGroup: string, client: CloudWatchLogsClientConfig = {}): Transcripts {
  const logs = new CloudWatchLogsClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1000, requestTimeout: 6000, throwOnRequestTimeout: true },
    ...client,
  });
  return {
    logGroup,
    async page(logStreamName, cursor) {
      // Tokens of CloudWatch have slashes in them.
      const nextToken = cursor === undefined ? undefined : Buffer.from(cursor, 'base64url').toString('utf8');
      try {
        const { events, nextForwardToken } = await logs.send(
          new GetLogEventsCommand({
            logGroupName: logGroup,
            logStreamName,
            startFromHead: true,
            limit: MOST_LINES,
            ...(nextToken !== undefined && { nextToken }),
          }),
        );
        const lines = (events ?? []).flatMap(({ message }) => message ?? []);
        // The same token again is the end, for now. Source: CloudWatch Logs API reference, GetLogEvents.
        const more = nextForwardToken !== undefined && nextForwardToken !== nextToken;
        return { lines, ...(more && { cursor: Buffer.from(nextForwardToken).toString('base64url') }) };
      } catch (error) {
        const name = error instanceof Error ? error.name : '';
        if (name === 'ResourceNotFoundException') return { lines: [] };
        if (name === 'InvalidParameterException' && cursor !== undefined) return undefined;
        throw error;
      }
    },
  };
}
