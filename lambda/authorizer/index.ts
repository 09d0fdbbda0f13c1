import { authorizerSettings } from '../../core/access/environment';
import { systemClock as clock } from '../../runtime/clock';
import { functionRecords } from '../../runtime/function-records';
import { type AuthorizerAnswer, type AuthorizerEvent, authorize } from './authorize';
import { fetchKeysOf } from './fetch-keys';
import { KeySet } from './key-set';

const { ACCESS_TOKEN: settings, ACCESS_MAPPING: mapping } = authorizerSettings(process.env);
const keys = new KeySet(fetchKeysOf(settings), clock);
const records = functionRecords('authorizer');

/** Who calls the control API; asked by API Gateway before each request. */
export const handler = (event: AuthorizerEvent): Promise<AuthorizerAnswer> =>
  authorize({ settings, mapping, keys, records, clock }, event);
