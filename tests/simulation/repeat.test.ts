import { expect, it } from 'vitest';
import { World } from './support/world.ts';

it('a seed repeats: the same things happen at the same moments', async () => {
  const told: unknown[] = [];
  for (let time = 0; time < 2; time++) {
    const world = new World(7);
    await world.run();
    told.push([world.trace, world.scheduler.nowMs, [...world.tally], world.history.length, world.random.next()]);
  }
  expect(told[1]).toEqual(told[0]);
});
