import type { Guard, Write } from '../../core/session/transaction';
import type { ItemStore } from '../../runtime/item-store';

/** What SessionTable takes for granted of the tables, whichever they are. Each test uses keys of its own. */
export function itemStoreContract(make: () => ItemStore): void {
  const guard = (condition: Guard['condition']): { guard: Guard } => ({ guard: { name: 'guard', condition } });
  const put = (key: string, item: object = {}): Write => ({
    table: 'sessions',
    key,
    op: 'put',
    item: { sessionId: key, ...item },
  });
  const refused = { kind: 'conflict', failed: ['guard'] };
  const done = { kind: 'done' };

  it('S5 reads what was written, and nothing where nothing was', async () => {
    const store = make();
    expect(await store.read('sessions', 'a')).toBeUndefined();
    expect(await store.transact([put('a', { n: 1, yes: true, list: [{ x: 'y' }] })])).toEqual(done);
    expect(await store.read('sessions', 'a')).toEqual({ sessionId: 'a', n: 1, yes: true, list: [{ x: 'y' }] });
    expect(await store.read('bindings', 'a')).toBeUndefined();
    await store.transact([{ table: 'sessions', key: 'a', op: 'delete' }]);
    expect(await store.read('sessions', 'a')).toBeUndefined();
  });

  it('S5 a new item is put only where there is none', async () => {
    const store = make();
    const absent = { ...put('b'), ...guard({ kind: 'absent' }) } as Write;
    expect(await store.transact([absent])).toEqual(done);
    expect(await store.transact([absent])).toEqual(refused);
  });

  it('S5 an item is replaced only where it is as it was read, in what is there and in what is not', async () => {
    const store = make();
    const on = (values: Record<string, string | number | undefined>): Write =>
      ({ ...put('c', { n: 2 }), ...guard({ kind: 'equals', values }) }) as Write;
    expect(await store.transact([on({ n: undefined })])).toEqual(refused);
    await store.transact([put('c', { n: 1 })]);
    expect(await store.transact([on({ n: 2 })])).toEqual(refused);
    expect(await store.transact([on({ n: undefined })])).toEqual(refused);
    expect(await store.transact([on({ n: 1, closedAt: 'x' })])).toEqual(refused);
    expect(await store.transact([on({ n: 1, closedAt: undefined })])).toEqual(done);
    expect(await store.read('sessions', 'c')).toEqual({ sessionId: 'c', n: 2 });
  });

  it('S8 a number is added to below its limit, from nothing on, by one writer after another', async () => {
    const store = make();
    const one: Write = { table: 'sessions', key: 'd', op: 'add', attribute: 'used', amount: 1 };
    const below = { ...one, ...guard({ kind: 'below', attribute: 'used', limit: 2 }) } as Write;
    expect([await store.transact([below]), await store.transact([below])]).toEqual([done, done]);
    expect(await store.transact([below])).toEqual(refused);
    await store.transact([{ ...one, amount: -2 }]);
    expect(await store.read('sessions', 'd')).toEqual({ sessionId: 'd', used: 0 });
    expect(await store.transact([below])).toEqual(done);
  });

  it('S5 a transaction is done whole or not at all, over both tables', async () => {
    const store = make();
    await store.transact([put('e', { n: 1 })]);
    const binding: Write = { table: 'bindings', key: '10.0.0.1', op: 'put', item: { address: '10.0.0.1' } };
    const stale = { ...put('e', { n: 2 }), ...guard({ kind: 'equals', values: { n: 0 } }) } as Write;
    expect(await store.transact([binding, stale])).toEqual(refused);
    expect(await store.read('bindings', '10.0.0.1')).toBeUndefined();
    expect(await store.transact([binding, put('e', { n: 2 })])).toEqual(done);
    expect(await store.read('bindings', '10.0.0.1')).toEqual({ address: '10.0.0.1' });
  });

  it('A3 lists rows by requester and by state, the newest first, in pages, and no item that has no state', async () => {
    const store = make();
    const row = (n: number, state: string) =>
      put(`row-${n}`, { requester: 'somebody', state, createdAt: `2026-11-03T09:15:0${n}.000Z` });
    await store.transact([row(1, 'RUNNING'), row(2, 'STOPPED'), row(3, 'RUNNING'), put('wait:row-1', { token: 'x' })]);
    const all: unknown[] = [];
    let page = await store.query({ by: 'requester', value: 'somebody', limit: 2 });
    all.push(...page.items);
    while (page.after !== undefined) {
      page = await store.query({ by: 'requester', value: 'somebody', limit: 2, after: page.after });
      all.push(...page.items);
    }
    expect(all.map((item) => (item as { sessionId: string }).sessionId)).toEqual(['row-3', 'row-2', 'row-1']);
    const running = await store.query({ by: 'state', value: 'RUNNING', limit: 10 });
    expect(running.items.map(({ sessionId }) => sessionId)).toEqual(['row-3', 'row-1']);
  });
}
