import { DAY_MS, exactSum, HOUR_MS } from '../../base/index.ts';
import type { KpiDevice, KpiWindow, Part } from '../definition.ts';
import { hoursOf, partialNote, threeQuarters, wholeHours, wholeSeries } from '../hours.ts';
import { remembered } from '../shared-work.ts';

/** Quantities that tell volumes of water. */
export const WATER = ['water_volume', 'water_delta', 'water_flow'] as const;

/** Volume that a device measured in a local day, from those hours that are valid. */
export interface WaterDay {
  readonly volumeM3: number;
  readonly coveredMs: number;
  readonly validCount: number;
  /** Lowest mean flow of a valid hour, m3/h; Infinity without one. */
  readonly lowestM3h: number;
  readonly note: string;
}

/** By the quantity with the most valid hours; undefined when the device measures no water, or was not heard lately. */
export function waterDay(device: KpiDevice, window: KpiWindow): WaterDay | undefined {
  return remembered<WaterDay | null>('water', device, window, () => bestDay(device, window)) ?? undefined;
}

function bestDay(device: KpiDevice, window: KpiWindow): WaterDay | null {
  const days = WATER.flatMap((quantity) => {
    const series = wholeSeries(device, quantity, window);
    if (series.length === 0) return [];
    const whole = wholeHours(series, window);
    const hours = Array.from(whole.values(), ({ startMs, endMs, value }) => ({
      lengthMs: endMs - startMs,
      volumeM3: quantity === 'water_flow' ? (value * (endMs - startMs)) / HOUR_MS : value,
    }));
    const day: WaterDay = {
      volumeM3: exactSum(hours.map(({ volumeM3 }) => volumeM3)),
      coveredMs: hours.reduce((sum, { lengthMs }) => sum + lengthMs, 0),
      validCount: hours.length,
      lowestM3h: hours.reduce(
        (least, { volumeM3, lengthMs }) => Math.min(least, (volumeM3 * HOUR_MS) / lengthMs),
        Number.POSITIVE_INFINITY,
      ),
      note: partialNote(whole.values()),
    };
    return [day];
  });
  return days.reduce<WaterDay | null>(
    (most, other) => (most === null || other.validCount > most.validCount ? other : most),
    null,
  );
}

/** Litres per 24 hours, of the valid hours; null without any. */
export function litresPerDay({ volumeM3, coveredMs }: WaterDay): number | null {
  return coveredMs > 0 ? (volumeM3 * 1000) / (coveredMs / DAY_MS) : null;
}

/**
 * What a meter says of the volume of the local day in m3, taken for the whole day from its valid hours: `input` of a
 * district (bulk meters), `billed` to customers. It has no value: each KPI says what it makes of the amounts.
 */
export function volumePart(device: KpiDevice, window: KpiWindow): Part | null {
  const { role } = device.facts;
  if (role !== 'bulk' && role !== 'customer') return null;
  return remembered<Part | null>('water-volume', device, window, () => {
    const day = waterDay(device, window);
    if (day === undefined) return null;
    const { volumeM3, coveredMs, validCount, note } = day;
    const expectedCount = hoursOf(window);
    const wholeM3 = coveredMs > 0 ? volumeM3 * ((window.endMs - window.startMs) / coveredMs) : null;
    const amounts = wholeM3 === null ? {} : role === 'bulk' ? { input: wholeM3 } : { billed: wholeM3 };
    const valid = wholeM3 !== null && validCount >= threeQuarters(expectedCount);
    return { value: null, validCount, expectedCount, valid, note, amounts };
  });
}
