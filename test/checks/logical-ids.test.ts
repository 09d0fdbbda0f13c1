import { resourcesOf } from '../templates';
import { LOST_WITH_ITS_ID, PINNED_IDS, STANDARD_TYPES } from './pinned';

const WHERE = 'test/checks/pinned.ts';

type Ids = Readonly<Record<string, string>>;

/** Those resources of a variant that are not to be replaced, as `stack/logical id` and type. */
function idsOf(variant: string): Ids {
  return Object.fromEntries(
    resourcesOf(variant)
      .filter(([, , { Type }]) => Type in LOST_WITH_ITS_ID)
      .map(([stack, id, { Type }]) => [`${stack}/${id}`, Type]),
  );
}

/** What a change does to whoever has the pinned ids deployed; empty where nothing changes. */
function changes(pinned: Ids, now: Ids): string[] {
  return [
    ...Object.entries(pinned)
      .filter(([id, type]) => now[id] !== type)
      .map(
        ([id, type]) =>
          `${id} (${type}) is gone. With a new id: ${LOST_WITH_ITS_ID[type]}. Keep the construct's id and place; if it is ` +
          `meant, say so in the release notes and take the line out of ${WHERE}`,
      ),
    ...Object.entries(now)
      .filter(([id, type]) => pinned[id] !== type)
      .map(([id, type]) => `${id} is new. From now on its id stays: add '${id}': '${type}' to ${WHERE}`),
  ];
}

describe('W1 logical ids', () => {
  it.each(Object.entries(PINNED_IDS))(
    'W1 what holds data or is replaced at a cost keeps its id in %s',
    (variant, ids) => {
      expect(changes(ids, idsOf(variant))).toEqual([]);
    },
  );

  it('W1 of every type there is at least one', () => {
    const types = new Set(Object.values(PINNED_IDS).flatMap((ids) => Object.values(ids)));
    expect([...types].sort()).toEqual(Object.keys(LOST_WITH_ITS_ID).sort());
  });

  it('W1 a renamed, a retyped and a new resource are told, with what is lost', () => {
    const table = 'AWS::DynamoDB::Table';
    expect(changes({ 's/Rows1': table }, { 's/Rows1': table })).toEqual([]);
    expect(changes({ 's/Rows1': table }, { 's/Rows2': table })).toEqual([
      expect.stringContaining(`s/Rows1 (${table}) is gone. With a new id: a new, empty table`),
      expect.stringContaining(`add 's/Rows2': '${table}' to ${WHERE}`),
    ]);
    expect(changes({ 's/Rows1': table }, { 's/Rows1': 'AWS::S3::Bucket' })).toHaveLength(2);
  });

  it('W1 an app without a single feature flag has the very same ids as one with all that are recommended', () => {
    expect(changes(PINNED_IDS.standard ?? {}, idsOf('standard-without-flags'))).toEqual([]);
  });

  it.each(['maximum', 'three-zones', 'named-zones', 'throwaway', 'unprotected', 'session-image'])(
    'W1 switching standard to %s adds to what there is and replaces nothing',
    (variant) => {
      const now = idsOf(variant);
      const gone = Object.entries(PINNED_IDS.standard ?? {}).filter(([id, type]) => now[id] !== type);
      expect(gone).toEqual([]);
    },
  );
});

describe('W1 the standard platform', () => {
  it(`W1 consists of these resources; where that is meant to change, change STANDARD_TYPES in ${WHERE}`, () => {
    const count: Record<string, number> = {};
    for (const [, , { Type }] of resourcesOf('standard')) count[Type] = (count[Type] ?? 0) + 1;
    expect(count).toEqual(STANDARD_TYPES);
  });
});
