import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';

const deadlines = { connectionTimeout: 1000, requestTimeout: 4000, throwOnRequestTimeout: true };

/** The execution has the session's id, so Step Functions itself keeps one session from running twice. */
export function machineStarter(stateMachineArn: string): (sessionId: string) => Promise<void> {
  const client = new SFNClient({ maxAttempts: 4, requestHandler: deadlines });
  return async (sessionId) => {
    try {
      const input = JSON.stringify({ sessionId });
      await client.send(new StartExecutionCommand({ stateMachineArn, name: sessionId, input }));
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'ExecutionAlreadyExists') throw error;
    }
  };
}

/** Without waiting: ending a thousand sessions takes as long as ECS lets it. */
export function sweepStarter(FunctionName: string): () => Promise<void> {
  const client = new LambdaClient({ maxAttempts: 4, requestHandler: deadlines });
  return async () => {
    await client.send(new InvokeCommand({ FunctionName, InvocationType: 'Event' }));
  };
}
