import { StaticCallers } from '../../runtime/static-callers';
import { SESSION } from '../core/session/samples';

describe('C1 a client known by its security group', () => {
  it('C1 is that client from wherever it calls', async () => {
    const callers = new StaticCallers({ name: 'nightly-build', profile: 'builder' });
    expect(await callers.identify()).toEqual({
      kind: 'caller',
      caller: {
        key: 'nightly-build',
        subject: { kind: 'client', name: 'nightly-build', profile: 'builder' },
        opened: [],
      },
    });
  });

  it.each([
    [{ name: 'Nightly', profile: 'builder' }, 'name'],
    [{ name: '', profile: 'builder' }, 'name'],
    [{ name: 'nightly', profile: 'a b' }, 'profile'],
    [{ name: SESSION, profile: 'builder' }, 'form of a session'],
  ])('C1 is not %j', (client, says) => {
    expect(() => new StaticCallers(client)).toThrow(says);
  });
});
