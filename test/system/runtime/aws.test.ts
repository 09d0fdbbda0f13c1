import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DynamoDBDocumentClient, PutCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { type ClosedItem, withClosed } from '../../../core/session/binding';
import { AppConfigPolicies } from '../../../runtime/app-config-policies';
import { appConfigSource } from '../../../runtime/app-config-source';
import { systemClock } from '../../../runtime/clock';
import { DynamoCallers } from '../../../runtime/dynamo-callers';
import { dynamoItems } from '../../../runtime/dynamo-items';
import { readSecretsManager, SecretsManagerCredentials } from '../../../runtime/secrets-manager-credentials';
import { liveRow, openBinding, SESSION } from '../../core/session/samples';
import { documentOf } from '../../runtime/documents';
import { MiniStack } from './ministack';

/** What services read from AWS, through the real SDK clients, from an emulator that speaks AWS's protocols. */
let stack: MiniStack;
beforeAll(async () => {
  stack = await MiniStack.start();
});
afterAll(() => stack.stop());

const until = async (condition: () => boolean | Promise<boolean>) => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
};

describe('C1 callers from real tables', () => {
  const ADDRESS = openBinding.address;
  let tables: DynamoDBDocumentClient;
  let items: ReturnType<typeof dynamoItems>;
  let callers: DynamoCallers;
  const closed: string[] = [];
  const problems: string[] = [];
  const put = (TableName: string, Item: object) => tables.send(new PutCommand({ TableName, Item }));
  const who = async (address = ADDRESS) => {
    const result = await callers.identify(address);
    return result.kind === 'caller' ? result.caller.key : result.code;
  };
  const epoch = (number: number, open: boolean) =>
    put('bindings', {
      version: 1,
      address: 'epoch',
      epoch: number,
      open,
      changedAt: openBinding.openedAt,
      changedBy: 'ops',
    });

  beforeAll(async () => {
    const client = new DynamoDBClient(stack.client);
    tables = DynamoDBDocumentClient.from(client);
    for (const [TableName, AttributeName] of [
      ['sessions', 'sessionId'],
      ['bindings', 'address'],
    ] as const) {
      await client.send(
        new CreateTableCommand({
          TableName,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [{ AttributeName, AttributeType: 'S' }],
          KeySchema: [{ AttributeName, KeyType: 'HASH' }],
        }),
      );
    }
    items = dynamoItems({ client: stack.client });
    callers = new DynamoCallers({
      read: items.read,
      sessionsTable: 'sessions',
      bindingsTable: 'bindings',
      onProblem: (problem) => problems.push(problem),
    });
    callers.onClosed((key) => closed.push(key ?? 'everybody'));
    await callers.ready();
  });
  afterAll(async () => {
    await callers.close();
    items.close();
  });

  it('C1 nobody passes before there is an epoch item; then whoever is bound', async () => {
    await put('sessions', { ...liveRow, lifetimeEndsAt: new Date(Date.now() + 3_600_000).toISOString() });
    await put('bindings', openBinding);
    expect(await who()).toBe('feed-stale');
    expect(problems).toContain('no epoch item');
    await epoch(2, true);
    await until(async () => (await who()) === SESSION);
    expect(await who('10.64.3.99')).toBe('unbound-address');
  });

  it('S7 closing in one transaction, on condition of the count, is told within a second', async () => {
    const close = async (before: ClosedItem | undefined) => {
      const Item = withClosed(before, { sessionId: SESSION, generation: 1, closedAt: new Date().toISOString() });
      await tables.send(
        new TransactWriteCommand({
          TransactItems: [
            {
              Put: {
                TableName: 'bindings',
                Item,
                ConditionExpression: before ? 'closings = :before' : 'attribute_not_exists(address)',
                ...(before && { ExpressionAttributeValues: { ':before': before.closings } }),
              },
            },
            {
              Update: {
                TableName: 'bindings',
                Key: { address: ADDRESS },
                UpdateExpression: 'SET closedAt = :now',
                ExpressionAttributeValues: { ':now': new Date().toISOString() },
              },
            },
          ],
        }),
      );
    };
    const start = systemClock.monotonic();
    await close(undefined);
    await until(() => closed.length > 0);
    expect(closed).toEqual([SESSION]);
    expect(systemClock.monotonic() - start).toBeLessThan(1500);
    expect(await who()).toBe('session-closed');
    // Somebody else closed one meanwhile: the count that was read is not the count any more.
    await expect(close(undefined)).rejects.toThrow('ConditionalCheckFailed');
  });

  it('S7 a panic reaches everybody, and a binding of before stays dead after it', async () => {
    await put('bindings', { ...openBinding, generation: 2 });
    await tables.send(
      new UpdateCommand({
        TableName: 'sessions',
        Key: { sessionId: SESSION },
        UpdateExpression: 'SET generation = :two',
        ExpressionAttributeValues: { ':two': 2 },
      }),
    );
    await until(async () => (await who()) === SESSION);
    await epoch(3, false);
    await until(async () => (await who()) === 'platform-paused');
    expect(closed.at(-1)).toBe('everybody');
    await epoch(3, true);
    await until(async () => (await who()) === 'session-closed');
    await put('bindings', { ...openBinding, generation: 2, epoch: 3 });
    await until(async () => (await who()) === SESSION);
  });

  it('S7 tables that take connections and answer nothing refuse everybody within some seconds, and again let in', async () => {
    const before = closed.length;
    expect(await who()).toBe(SESSION);
    stack.freeze();
    const start = systemClock.monotonic();
    await until(async () => (await who()) === 'feed-stale');
    await until(() => closed.length > before);
    expect(systemClock.monotonic() - start).toBeLessThan(6000);
    expect(closed.slice(before)).toEqual(['everybody']);
    stack.thaw();
    await until(async () => (await who()) === SESSION);
  });

  it('S7 a read that hangs ends by its deadline, though what is tried again hangs too', async () => {
    stack.freeze();
    const start = systemClock.monotonic();
    await expect(items.read('bindings', { address: 'epoch' })).rejects.toThrow();
    expect(systemClock.monotonic() - start).toBeLessThan(2500);
    stack.thaw();
  });
});

describe('C4 a secret from a real store', () => {
  it('C4 is read by its ARN, refused where it is wrong, and unavailable where there is none', async () => {
    const client = new SecretsManagerClient(stack.client);
    const { ARN = '' } = await client.send(new CreateSecretCommand({ Name: 'jira', SecretString: 'k-12345678' }));
    const caller = { subject: { kind: 'client', name: 'c', profile: 'p' }, key: 'c', opened: [] } as const;
    const get = (secretArn: string) =>
      new SecretsManagerCredentials({ read: readSecretsManager(stack.client) }).get(caller, {
        kind: 'secret-header',
        id: 'jira',
        secretArn,
        header: 'authorization',
        prefix: 'Bearer ',
      });
    expect(await get(ARN)).toMatchObject({
      kind: 'ok',
      credential: { headers: [{ name: 'authorization', value: 'Bearer k-12345678' }] },
    });
    await client.send(new PutSecretValueCommand({ SecretId: ARN, SecretString: 'k-12345678\n' }));
    expect(await get(ARN)).toMatchObject({ kind: 'unavailable', problem: expect.stringContaining('line break') });
    await client.send(new PutSecretValueCommand({ SecretId: ARN, SecretBinary: Buffer.from('k-12345678') }));
    expect(await get(ARN)).toMatchObject({ kind: 'unavailable', problem: expect.stringContaining('bytes') });
    expect(await get(`${ARN}-none`)).toEqual({
      kind: 'unavailable',
      problem: 'Secrets Manager: ResourceNotFoundException',
    });
  });
});

describe('N6 policies from a real configuration service', () => {
  it('N6 are read through a session, unchanged is empty, and a new deployment brings the next', async () => {
    const call = (method: string, path: string, body: unknown, headers?: Record<string, string>) =>
      stack.call('appconfig', method, path, body, headers);
    const { Id: application } = await call('POST', '/applications', { Name: 'platform' });
    const { Id: environment } = await call('POST', `/applications/${application}/environments`, { Name: 'platform' });
    const { Id: profile } = await call('POST', `/applications/${application}/configurationprofiles`, {
      Name: 'coder',
      LocationUri: 'hosted',
    });
    const { Id: strategy } = await call('POST', '/deploymentstrategies', {
      Name: 'at-once',
      DeploymentDurationInMinutes: 0,
      GrowthFactor: 100,
      ReplicateTo: 'NONE',
    });
    const deploy = async (content: string) => {
      const versions = `/applications/${application}/configurationprofiles/${profile}/hostedconfigurationversions`;
      await call('POST', versions, content);
      const { Items } = await stack.call('appconfig', 'GET', versions, undefined);
      await call('POST', `/applications/${application}/environments/${environment}/deployments`, {
        ConfigurationProfileId: profile,
        ConfigurationVersion: String(Math.max(...Items.map((item: { VersionNumber: number }) => item.VersionNumber))),
        DeploymentStrategyId: strategy,
      });
    };
    await deploy(JSON.stringify(documentOf('coder')));
    const source = appConfigSource({ application, environment, client: stack.client });

    const first = await source.latest(await source.start(profile));
    expect(JSON.parse(Buffer.from(first.bytes).toString())).toEqual(documentOf('coder'));
    const second = await source.latest(first.token);
    expect(second.bytes).toHaveLength(0);
    await deploy(JSON.stringify(documentOf('coder', 60)));
    const third = await source.latest(second.token);
    expect(JSON.parse(Buffer.from(third.bytes).toString()).session.lifetimeSeconds).toBe(60);
    await expect(source.latest('no-token')).rejects.toThrow();

    const names = { start: () => source.start(profile), latest: (token: string) => source.latest(token) };
    const policies = new AppConfigPolicies({ source: names, profiles: ['coder'] });
    await policies.ready();
    expect(policies.get('coder')?.document.session.lifetimeSeconds).toBe(60);
    await policies.close();
  });
});
