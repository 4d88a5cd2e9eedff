import { describe, expect, it } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../../../src/base/index.ts';
import { type Pane, PaneColumnsBuilder } from '../../../src/model/index.ts';
import { OldHours } from '../../../src/workers/old-hours.ts';
import { paneOf } from '../../contract/store-rows.ts';

const METER = { id: 3, quantity: 'water_volume' };
const range = (fromHour: number, toHour: number) => ({ fromMs: fromHour * HOUR_MS, toMs: toHour * HOUR_MS });
const hourPane = (hour: number, increase: number) => paneOf({ startMs: hour * HOUR_MS, count: 1, increase });

function columns(panes: readonly Pane[]) {
  const builder = new PaneColumnsBuilder();
  for (const pane of panes) builder.add(METER.id, 'hour', pane);
  return builder.finish();
}

/** Hours 10 to 12 and 20 to 22 were read back; memory knows of every hour that it is asked for. */
function hoursOf(fromHour: number, toHour: number, made: readonly Pane[] = []): string[] {
  const part = (from: number, to: number, panes: readonly Pane[]) => ({
    ...{ level: 'hour' as const, quantities: ['water_volume'], ...range(from, to), columns: columns(panes) },
  });
  const old = new OldHours({
    keptFromMs: 30 * HOUR_MS,
    panes: [part(10, 12, [hourPane(10, 1), hourPane(11, 2)]), part(20, 22, [hourPane(21, 3)])],
    heard: [],
    revisions: new Map(),
  });
  old.put({ panes: columns(made), changedHours: [] });
  const memory = (fromMs: number, toMs: number): string[] => {
    const hours = Array.from({ length: (toMs - fromMs) / HOUR_MS }, (_, index) => fromMs / HOUR_MS + index);
    return hours.map((hour) => `${hour} memory`);
  };
  const asked = range(fromHour, toHour);
  return old.intervals('hour', METER, asked, memory, ({ startMs, increase }) => `${startMs / HOUR_MS} ${increase}`);
}

describe('hours that were read back', () => {
  it('stand for those in memory, which is asked for the others', () => {
    expect(hoursOf(9, 13)).toEqual(['9 memory', '10 1', '11 2', '12 memory']);
    expect(hoursOf(11, 12)).toEqual(['11 2']);
    expect(hoursOf(19, 23)).toEqual(['19 memory', '21 3', '22 memory']);
    expect(hoursOf(13, 15)).toEqual(['13 memory', '14 memory']);
  });

  it('give way to what the tick made of them', () => {
    const nothing = paneOf({ startMs: 10 * HOUR_MS, count: 0, invalidCount: 0, increaseCoveredMs: 0 });
    expect(hoursOf(10, 12, [nothing, hourPane(11, 7)])).toEqual(['11 7']);
    expect(hoursOf(20, 21, [hourPane(20, 9)])).toEqual(['20 9']);
  });
});

describe('when a series was heard in hours that were read back', () => {
  const NEVER = Number.NEGATIVE_INFINITY;
  const at = (hour: number, minute: number) => hour * HOUR_MS + minute * MINUTE_MS;
  const bad = (hour: number) => paneOf({ startMs: hour * HOUR_MS, count: 0, invalidCount: 1 });
  /** The store says that it was heard at 10:15 and 11:45. */
  const heardIn = (tick: Parameters<OldHours['put']>[0]) => {
    const hours = { count: 2, series: Int32Array.of(3, 3), timeMs: Float64Array.of(at(10, 15), at(11, 45)) };
    const heard = [{ ...range(10, 12), hours }];
    const old = new OldHours({ keptFromMs: 30 * HOUR_MS, panes: [], heard, revisions: new Map() });
    old.put(tick);
    return (fromHour: number, toHour: number) => {
      const ms = old.heardMs(METER.id, fromHour * HOUR_MS, toHour * HOUR_MS, () => NEVER);
      return ms === NEVER ? 'never' : `${Math.floor(ms / HOUR_MS)}:${(ms % HOUR_MS) / MINUTE_MS}`;
    };
  };
  const rebuilt = (hour: number, heardMs: number) => {
    return { series: METER.id, hourStartMs: hour * HOUR_MS, rebuilt: { endMs: (hour + 1) * HOUR_MS, heardMs } };
  };

  it('is what the store says, as long as the tick made nothing of them', () => {
    const heard = heardIn({ panes: columns([]), changedHours: [] });
    expect([heard(10, 12), heard(10, 11), heard(12, 14)]).toEqual(['11:45', '10:15', 'never']);
  });

  it('is what the rebuild saw of them: a pane does not say when a bad reading came', () => {
    const heard = heardIn({ panes: columns([bad(11)]), changedHours: [rebuilt(11, at(11, 40))] });
    expect([heard(10, 12), heard(10, 11)]).toEqual(['11:40', '10:15']);
  });

  it('is nothing where all readings were withdrawn', () => {
    const empty = paneOf({ startMs: at(11, 0), count: 0, invalidCount: 0 });
    const heard = heardIn({ panes: columns([empty]), changedHours: [rebuilt(11, Number.NaN)] });
    expect([heard(10, 12), heard(11, 12)]).toEqual(['10:15', 'never']);
  });
});
