import { InvokeCommand, LambdaClient, type LambdaClientConfig } from '@aws-sdk/client-lambda';
import { type GithubHosts, githubHosts, githubTarget } from '../core/credentials/github-target';
import { keepUntil } from '../core/credentials/life';
import { brokerAnswer, type MintAnswer, type MintRequest } from '../core/credentials/messages';
import type { DocumentGrant } from '../core/egress/document';
import type { EgressRequest } from '../core/egress/request';
import type { Caller } from './caller';
import { type Clock, systemClock } from './clock';
import type { Credential, CredentialResult, Credentials } from './credential';
import { AwsSigner } from './credential-signer';

/** Asks the broker. A port, so that tests can have it fail; what comes back is not believed before it is read. */
export type AskBroker = (request: MintRequest) => Promise<unknown>;

/** The alias of this service: it is what tells the broker who asks. */
export function askBroker(aliasArn: string, client: LambdaClientConfig = {}): AskBroker {
  const lambda = new LambdaClient({
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 1000, requestTimeout: 15_000, throwOnRequestTimeout: true },
    ...client,
  });
  return async (request) => {
    const command = new InvokeCommand({ FunctionName: aliasArn, Payload: Buffer.from(JSON.stringify(request)) });
    const answer = await lambda.send(command, { abortSignal: AbortSignal.timeout(20_000) });
    if (answer.FunctionError !== undefined) throw new Error('the credential broker failed');
    return JSON.parse(Buffer.from(answer.Payload ?? []).toString('utf8'));
  };
}

export interface BrokerCredentialsOptions {
  readonly ask: AskBroker;
  /** Where GitHub is; default github.com. */
  readonly githubHost?: string;
  readonly clock?: Clock;
  /** Why one could not be had; never holds a value. */
  readonly onProblem?: (grantId: string, problem: string) => void;
}

interface Kept {
  readonly result: CredentialResult;
  /** On the monotonic clock. */
  readonly until: number;
}

/** What is kept of one caller. Thrown away as a whole, so that an answer that comes too late is kept by nobody. */
interface OfCaller {
  readonly kept: Map<string, Kept>;
  readonly asking: Map<string, Promise<CredentialResult>>;
}

/** So that requests do not each ask again for what is refused. */
const REFUSED_MS = 2000;

/** Credentials of a session's grants, from the credential broker. */
export class BrokerCredentials implements Credentials {
  private readonly clock: Clock;
  private readonly hosts: GithubHosts;
  private readonly callers = new Map<string, OfCaller>();

  constructor(private readonly options: BrokerCredentialsOptions) {
    this.clock = options.clock ?? systemClock;
    this.hosts = githubHosts(options.githubHost ?? 'github.com');
  }

  async get(caller: Caller, grant: DocumentGrant, request: EgressRequest): Promise<CredentialResult> {
    const { subject } = caller;
    if (subject.kind !== 'session') return unavailable('the broker knows sessions only');
    const of = this.ofCaller(caller.key);
    const scope = this.scopeOf(grant, request);
    const kept = of.kept.get(scope);
    if (kept && this.clock.monotonic() < kept.until) return kept.result;
    const asking = of.asking.get(scope) ?? this.ask(of, scope, subject.sessionId, grant, request);
    return await asking;
  }

  forget(callerKey: string | undefined): void {
    if (callerKey === undefined) this.callers.clear();
    else this.callers.delete(callerKey);
  }

  private ofCaller(key: string): OfCaller {
    const known = this.callers.get(key);
    if (known) return known;
    const fresh: OfCaller = { kept: new Map(), asking: new Map() };
    this.callers.set(key, fresh);
    return fresh;
  }

  /** What a credential depends on: requests of one scope share it. A grant that was changed is another. */
  private scopeOf(grant: DocumentGrant, request: EgressRequest): string {
    const made = JSON.stringify(grant);
    if (grant.kind !== 'github-app') return made;
    const target = githubTarget(grant, this.hosts, request);
    return [made, request.host, target?.repository, target?.purpose].join(' ');
  }

  private ask(
    of: OfCaller,
    scope: string,
    sessionId: string,
    grant: DocumentGrant,
    { method, host, path }: EgressRequest,
  ): Promise<CredentialResult> {
    const request: MintRequest = { version: 1, op: 'mint', sessionId, grantId: grant.id, method, host, path };
    const asking = this.askOnce(request, grant)
      .then(({ result, until }) => {
        of.kept.set(scope, { result, until });
        return result;
      })
      .finally(() => of.asking.delete(scope));
    of.asking.set(scope, asking);
    return asking;
  }

  /** Never rejects. */
  private async askOnce(request: MintRequest, grant: DocumentGrant): Promise<Kept> {
    const problem = (text: string): Kept => {
      this.options.onProblem?.(grant.id, text);
      return { result: unavailable(text), until: this.clock.monotonic() + REFUSED_MS };
    };
    try {
      const answer = brokerAnswer.safeParse(await this.options.ask(request));
      if (!answer.success) return problem('the broker answered what was not understood');
      const { data } = answer;
      if (data.kind === 'refused') return problem(`${data.code}: ${data.problem}`);
      if ('expiresAt' in data && Date.parse(data.expiresAt) <= this.clock.wall()) return problem('it is over already');
      if (data.kind !== 'headers' && data.kind !== 'aws-keys') return problem('the broker answered something else');
      return this.keep(data);
    } catch (error) {
      // The name only: messages of IAM name principals and ARNs.
      return problem(`broker: ${error instanceof Error ? error.name : 'failed'}`);
    }
  }

  private keep(answer: MintAnswer): Kept {
    const now = this.clock.wall();
    const expiresAt = Date.parse(answer.expiresAt);
    return {
      result: { kind: 'ok', credential: { ...this.credentialOf(answer), expiresAt, mintId: answer.mintId } },
      until: this.clock.monotonic() + (keepUntil(now, expiresAt) - now),
    };
  }

  private credentialOf(answer: MintAnswer): Pick<Credential, 'headers' | 'secrets' | 'signer'> {
    if (answer.kind === 'headers') return { headers: answer.headers, secrets: answer.secrets };
    const { secretAccessKey, sessionToken } = answer;
    return { headers: [], secrets: [secretAccessKey, sessionToken], signer: new AwsSigner(answer, this.clock) };
  }
}

function unavailable(problem: string): CredentialResult {
  return { kind: 'unavailable', problem };
}
