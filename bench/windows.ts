import { DAY_MS, MINUTE_MS } from '../src/base/index.ts';
import { Quality, type Reading } from '../src/model/index.ts';
import { WindowEngine } from '../src/windows/index.ts';
import type { BenchRow } from './bench-row.ts';
import { cpuSecondsOf } from './cpu.ts';

const SERIES_COUNT = 2_000;
const MINUTES = 180;
const START_MS = Date.UTC(2026, 0, 15);

/** Readings into windows, in order and shuffled within the hour, with a tick a minute of event time. About 10 s. */
export async function run(): Promise<BenchRow[]> {
  return [await measure('windows, in order', false), await measure('windows, up to 60 min out of order', true)];
}

async function measure(name: string, isShuffled: boolean): Promise<BenchRow> {
  const windows = new WindowEngine({
    clock: 'event',
    latenessMs: 90 * MINUTE_MS,
    horizonMs: DAY_MS,
    counterGapMsMax: 180 * MINUTE_MS,
    seriesMax: SERIES_COUNT,
    silentAfterIntervals: 3,
    silentAfterMsMin: 5 * MINUTE_MS,
    timeZone: 'Europe/Madrid',
    registerRateMaxPerHour: () => Number.POSITIVE_INFINITY,
  });
  const readings = Array.from({ length: SERIES_COUNT }, (_, series) => readingOf(series));
  const cpuS = await cpuSecondsOf(() => {
    for (let minute = 0; minute < MINUTES; minute++) {
      for (const [series, reading] of readings.entries()) {
        // Each hour's minutes in another order for each series: 37 and 60 have no common divisor.
        const hour = minute - (minute % 60);
        const mixed = isShuffled ? hour + ((minute * 37 + series * 7) % 60) : minute;
        reading.timeMs = START_MS + mixed * MINUTE_MS + series;
        reading.value = 20 + ((series + minute * 13) % 400) / 10;
        windows.accept(reading as Reading);
      }
      windows.tick();
    }
  });
  const value = (SERIES_COUNT * MINUTES) / cpuS;
  return {
    name,
    unit: 'readings/CPU-s',
    value,
    note: `${SERIES_COUNT} series, one reading a minute each, tick every minute`,
  };
}

function readingOf(series: number): { -readonly [Key in keyof Reading]: Reading[Key] } {
  return {
    device: `device-${series}`,
    channel: '',
    quantity: 'pm2_5',
    value: 0,
    timeMs: 0,
    timeSource: 'device',
    quality: Quality.good,
    periodMs: 0,
    expectEveryMs: MINUTE_MS,
  };
}
