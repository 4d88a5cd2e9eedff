import type { Reading } from '../../../src/model/index.ts';
import type { WindowSettings } from '../../../src/windows/index.ts';

/** An hour recomputed from nothing but the readings, written for clarity alone. */
export interface NaiveHour {
  readonly startMs: number;
  readonly count: number;
  readonly value: number | null;
}

const HOUR = 3_600_000;

/**
 * Hours of one series. Whole-hour time zones only: their hours are those of UTC.
 *
 * @param readings sorted by time, each time once
 */
export function naiveHours(readings: readonly Reading[], settings: WindowSettings): NaiveHour[] {
  const hours: NaiveHour[] = [];
  const good = readings.filter((reading) => !Number.isNaN(reading.value));
  const first = Math.floor((readings[0]?.timeMs ?? 0) / HOUR);
  const last = Math.floor((readings.at(-1)?.timeMs ?? -1) / HOUR);
  for (let hour = first; hour <= last; hour++) {
    const [from, to] = [hour * HOUR, (hour + 1) * HOUR];
    const all = readings.filter((reading) => reading.timeMs >= from && reading.timeMs < to);
    const inside = good.filter((reading) => reading.timeMs >= from && reading.timeMs < to);
    const value = hourValue(good, inside, from, to, settings.counterGapMsMax);
    if (all.length > 0 || value !== null) hours.push({ startMs: from, count: inside.length, value });
  }
  return hours;
}

function hourValue(
  all: readonly Reading[],
  inside: readonly Reading[],
  from: number,
  to: number,
  gapMax: number,
): number | null {
  const values = inside.map((reading) => reading.value);
  const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
  if (all[0]?.quantity === 'energy_import') return increase(all, from, to, gapMax);
  if (values.length === 0) return null;
  switch (all[0]?.quantity) {
    case 'laeq':
      return 10 * Math.log10(mean(values.map((level) => 10 ** (level / 10))));
    case 'wind_direction': {
      const radians = values.map((degrees) => (degrees * Math.PI) / 180);
      const angle = Math.atan2(mean(radians.map(Math.sin)), mean(radians.map(Math.cos))) * (180 / Math.PI);
      return (angle + 360) % 360;
    }
    case 'precipitation':
      return values.reduce((a, b) => a + b, 0);
    default:
      return mean(values);
  }
}

/** Each minute between two neighbours at most `gapMax` apart gets its share of their difference; glitches are left out. */
function increase(raw: readonly Reading[], from: number, to: number, gapMax: number): number | null {
  const all = raw.filter((_, index) => !isGlitch(raw, index));
  let sum = 0;
  let covered = 0;
  for (let index = 1; index < all.length; index++) {
    const [a, b] = [all[index - 1]!, all[index]!];
    if (b.timeMs - a.timeMs > gapMax) continue;
    const isNewRegister = a.value - b.value > Math.max(0.1, 0.1 * a.value);
    const delta = isNewRegister ? b.value : b.value - a.value;
    const overlap = Math.min(b.timeMs, to) - Math.max(a.timeMs, from);
    if (overlap <= 0) continue;
    sum += (delta * overlap) / (b.timeMs - a.timeMs);
    covered += overlap;
  }
  return covered === 0 ? null : sum;
}

/** Outside of its neighbours, while two on each side rise. */
function isGlitch(raw: readonly Reading[], index: number): boolean {
  const at = (offset: number): number | undefined => raw[index + offset]?.value;
  const [a, b, c] = [at(-1), raw[index]!.value, at(1)];
  if (a === undefined || c === undefined) return false;
  const rises = (at(-2) ?? a) <= a && a <= c && c <= (at(2) ?? c);
  return rises && (b < a - 0.1 || b > c + 0.1);
}
