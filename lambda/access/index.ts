import { randomBytes } from 'node:crypto';
import { apiSettings } from '../../core/access/environment';
import { appConfigSource } from '../../runtime/app-config-source';
import { systemClock as clock } from '../../runtime/clock';
import { DynamoItemStore } from '../../runtime/dynamo-item-store';
import { functionRecords } from '../../runtime/function-records';
import type { SessionTasks } from '../../runtime/session-ports';
import { SessionTable } from '../../runtime/session-table';
import { Transitions } from '../../runtime/session-transitions';
import { stepFunctions } from '../../runtime/step-functions';
import { appConfigDocuments } from './documents';
import { fromGateway, type GatewayAnswer, type GatewayEvent, toGateway } from './gateway';
import { machineStarter, sweepStarter } from './machines';
import { SessionApi } from './session-api';
import { bucketTaskTextStore } from './task-text-store';
import { logTranscripts } from './transcripts';

/** This function has no right to any task: it closes rows and bindings, and the state machine stops what runs. */
const NO_TASKS: SessionTasks = {
  cluster: '',
  run: () => Promise.reject(new Error('the control API starts no task')),
  stop: () => Promise.resolve('asked'),
  describe: () => Promise.reject(new Error('the control API looks at no task')),
  list: () => Promise.reject(new Error('the control API looks at no task')),
};

const settings = apiSettings(process.env);
const records = functionRecords('control-api');
const store = new DynamoItemStore({
  tables: { sessions: settings.SESSIONS_TABLE, bindings: settings.BINDINGS_TABLE },
});
const table = new SessionTable({ store, clock });
const [first] = settings.POLICIES;
const api = new SessionApi({
  store,
  table,
  transitions: new Transitions({ table, tasks: NO_TASKS, machines: stepFunctions(), records }),
  documents: appConfigDocuments(
    appConfigSource({
      application: first?.applicationId ?? '',
      environment: first?.environmentId ?? '',
      deadlineMs: 4000,
    }),
    settings.POLICIES,
    clock,
  ),
  taskTexts: bucketTaskTextStore(settings.PAYLOADS_BUCKET),
  transcripts: logTranscripts(settings.SESSIONS_LOG_GROUP),
  startMachine: machineStarter(settings.STATE_MACHINE_ARN),
  startSweep: sweepStarter(settings.PANIC_FUNCTION_ARN),
  records,
  limits: settings.REQUESTER_LIMITS,
  clock,
  random: randomBytes,
  onProblem: (message, error) => console.error({ message, error: error instanceof Error ? error.stack : 'unknown' }),
});

/** The control API: whatever API Gateway let through, with the caller its authorizer named. */
export const handler = async (event: GatewayEvent): Promise<GatewayAnswer> =>
  toGateway(await api.handle(fromGateway(event)));
