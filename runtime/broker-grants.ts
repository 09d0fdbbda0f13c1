import { InvokeCommand, LambdaClient, type LambdaClientConfig } from '@aws-sdk/client-lambda';
import { type BrokerAnswer, type BrokerRequest, brokerAnswer, MESSAGE_VERSION } from '../core/credentials/messages';
import type { SessionGrants } from './session-ports';

/** The credential broker, through the alias that tells it that the life cycle asks. */
export function brokerGrants(FunctionName: string, config: LambdaClientConfig = {}): SessionGrants {
  const client = new LambdaClient({ maxAttempts: 3, ...config });
  const ask = async (request: BrokerRequest): Promise<BrokerAnswer> => {
    const { Payload, FunctionError } = await client.send(
      new InvokeCommand({ FunctionName, Payload: JSON.stringify(request) }),
    );
    if (FunctionError !== undefined) throw new Error(`the credential broker failed: ${FunctionError}`);
    return brokerAnswer.parse(JSON.parse(new TextDecoder().decode(Payload)));
  };
  return {
    async check(sessionId) {
      const answer = await ask({ version: MESSAGE_VERSION, op: 'check', sessionId });
      if (answer.kind === 'refused') return [answer.code];
      if (answer.kind === 'checked') return answer.problems.map(({ code }) => code);
      throw new Error(`the credential broker answered ${answer.kind}, expected checked`);
    },
    async revoke(sessionId) {
      const answer = await ask({ version: MESSAGE_VERSION, op: 'revoke', sessionId });
      // What could not be revoked is recorded there, and ends by itself.
      if (answer.kind !== 'revoked') throw new Error(`the credential broker answered ${answer.kind}, expected revoked`);
    },
  };
}

/** Where no profile has a grant, there is no broker. */
export const NO_GRANTS: SessionGrants = { check: async () => [], revoke: async () => {} };
