import { lifecycleDefinition } from '../../../lib/session/lifecycle-definition';
import { World } from './world/world';

describe('S7 a panic with a thousand sessions', () => {
  it('S7 nobody is let in from the moment it is raised, and every session ends as fast as StopTask allows', async () => {
    const sessions = 1000;
    const world = new World({
      definition: lifecycleDefinition(),
      sessions,
      storyOf: () => 'never ends',
      lifetimeSeconds: 86_400,
    });
    let answered = 0;
    let raisedAt = 0;
    world.clock.after(150_000, () => {
      expect(world.rows().filter(({ state }) => state === 'RUNNING')).toHaveLength(sessions);
      world.clock.begin(async () => {
        await world.panic();
        raisedAt = world.clock.monotonic();
        answered = world.ecs.answered();
      });
    });
    await world.run(7200);
    expect(answered).toBe(0);
    expect(world.rows().filter(({ state, cause }) => state === 'STOPPED' && cause === 'panic')).toHaveLength(sessions);
    expect(world.ecs.running).toBe(0);
    // The handlers' own part; how fast StopTask is taken is ECS's.
    expect(world.clock.monotonic() - raisedAt).toBeLessThan(120_000);
  }, 60_000);
});
