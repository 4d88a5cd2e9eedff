import type { JournalRecord } from '../../../src/journal/index.ts';
import { expectSame, fail } from '../../property/support/drive.ts';
import { countedIn, countNaively, expectHoursOnce, isAhead, runCleanly, sorted } from './oracle.ts';
import { World } from './world.ts';

const TRACE_LINES = 40;
/** Share of runs that end with one more crash, and of those that are compared with one without readings ahead of time. */
const CRASH_AT_END = 0.2;
const WITHOUT_AHEAD = 0.2;

/**
 * Runs one seed and checks what is promised (docs/delivery.md).
 *
 * @returns the world as it was left
 * @throws an Error that names the seed, with the end of what happened
 */
export async function simulate(seed: number): Promise<World> {
  const world = new World(seed);
  try {
    await world.run();
    await check(world);
    if (world.random.chance(CRASH_AT_END)) {
      await world.crashAndSettle();
      await check(world);
    }
    return world;
  } catch (cause) {
    const trace = world.trace.slice(-TRACE_LINES).join('\n');
    const how = `SIMULATION_SEED=${seed} npx vitest run tests/simulation`;
    throw new Error(`seed ${seed}: ${(cause as Error).message}\n${trace}\nrepeat it with ${how}`, { cause });
  }
}

async function check(world: World): Promise<void> {
  const { history, store, sensors, kpis } = world;
  const clean = await runCleanly(history, kpis);
  expectSame(store.all(), clean.store.all(), 'the store and that of a clean run');
  const accounting = world.accounting!;
  expectSame(accounting, clean.last?.accounting, 'the accounting and that of a clean run');
  const { received, ...ends } = accounting.readings;
  if (Object.values(ends).reduce((a, b) => a + b) !== received) fail('readings', ends, received);
  const { received: taken, ...messageEnds } = accounting.messages;
  const journaled = history.filter(({ kind }) => kind === 'message');
  if (taken !== journaled.length) fail('messages received', taken, journaled.length);
  if (Object.values(messageEnds).reduce((a, b) => a + b) !== taken) fail('messages', messageEnds, taken);
  const counted = countNaively(history, sensors.meanings);
  expectSame(sorted(countedIn(store)), sorted(counted), 'the readings that count');
  expectHoursOnce(counted, store);
  if (world.random.chance(WITHOUT_AHEAD)) {
    const without = await runCleanly(
      history.map((record) => (isAhead(record, sensors.meanings) ? saysNothing(record) : record)),
      kpis,
    );
    const { panes, kpis: values } = without.store.all();
    expectSame({ panes: clean.store.all().panes, values: clean.store.all().kpis }, { panes, values }, 'without ahead');
  }
  for (const [end, count] of Object.entries(ends)) world.count(end, count);
}

/** A message that came as this one did, and moved the clock as it did, with nothing in it that could be read. */
function saysNothing(record: JournalRecord): JournalRecord {
  return record.kind === 'mark' || record.kind === 'hours'
    ? record
    : { ...record, message: { ...record.message, payload: Buffer.from('{') } };
}
