import { exactSum } from '../../base/index.ts';
import type { KpiDevice, KpiSeries, KpiWindow, Part } from '../definition.ts';
import { hoursOf, partialNote, threeQuarters, type WholeInterval, wholeHours, wholeSeries } from '../hours.ts';
import { remembered } from '../shared-work.ts';

/** Quantities that tell how much electricity a device took, fed in or generated. */
export const ELECTRICITY = ['energy_import', 'energy_export', 'energy_generation', 'energy_delta'] as const;

/** And the other carriers of energy. */
export const CARRIERS = [...ELECTRICITY, 'heat_energy', 'gas_volume'] as const;

/** An amount of a day, from those hours that are valid. */
export interface DayAmount {
  /** Of the valid hours alone. */
  readonly amount: number;
  readonly coveredMs: number;
  readonly validCount: number;
  /** What was taken for whole hours, in words. */
  readonly note: string;
}

/** Electricity of a device in a local day: each hour counts when all that the device measures of it is valid. */
export interface ElectricityDay {
  /** kWh of the valid hours; undefined for what the device does not measure. */
  readonly importKWh: number | undefined;
  readonly exportKWh: number | undefined;
  readonly generationKWh: number | undefined;
  readonly coveredMs: number;
  readonly validCount: number;
  readonly note: string;
}

type Direction = 'importKWh' | 'exportKWh' | 'generationKWh';

/**
 * Electricity of a device in a local day; undefined when it measures none, or was not heard lately. Registers come before
 * interval energy: the two of one meter say the same and are never added (KPI.md 5).
 */
export function electricityDay(device: KpiDevice, window: KpiWindow): ElectricityDay | undefined {
  return (
    remembered<ElectricityDay | null>('electricity', device, window, () => {
      const series = directionsOf(device, window);
      return series.length === 0 ? null : alignedDay(series, window);
    }) ?? undefined
  );
}

/** Series that say what a device takes: its import register, or where it has none its interval energy. */
export function importSeries(device: KpiDevice, window: KpiWindow): readonly KpiSeries[] {
  const register = wholeSeries(device, 'energy_import', window);
  return register.length > 0 ? register : wholeSeries(device, 'energy_delta', window);
}

/**
 * What a device measures, by direction. All that a generator's meter counts is generated, whatever its registers are
 * called; grid meters see an exchange and no generation.
 */
function directionsOf(
  device: KpiDevice,
  window: KpiWindow,
): readonly { readonly direction: Direction; readonly series: readonly KpiSeries[] }[] {
  const ofQuantity = (quantity: string) => wholeSeries(device, quantity, window);
  const generated = ofQuantity('energy_generation');
  if (device.facts.role === 'generation') {
    const candidates = [generated, ofQuantity('energy_export'), importSeries(device, window)];
    const series = candidates.find((one) => one.length > 0);
    return series === undefined ? [] : [{ direction: 'generationKWh', series }];
  }
  return [
    { direction: 'importKWh' as const, series: importSeries(device, window) },
    { direction: 'exportKWh' as const, series: ofQuantity('energy_export') },
    { direction: 'generationKWh' as const, series: device.facts.role === 'grid' ? [] : generated },
  ].filter(({ series }) => series.length > 0);
}

function alignedDay(series: ReturnType<typeof directionsOf>, window: KpiWindow): ElectricityDay {
  const hours = series.map((one) => ({ direction: one.direction, hours: wholeHours(one.series, window) }));
  const amounts: Record<Direction, number[] | undefined> = {
    importKWh: undefined,
    exportKWh: undefined,
    generationKWh: undefined,
  };
  for (const { direction } of hours) amounts[direction] = [];
  let coveredMs = 0;
  let validCount = 0;
  const partial: WholeInterval[] = [];
  for (const [atMs, { startMs, endMs }] of hours[0]!.hours) {
    const beside = hours.map((one) => one.hours.get(atMs));
    if (beside.some((hour) => hour === undefined)) continue;
    validCount++;
    coveredMs += endMs - startMs;
    const part = beside.find((hour) => hour?.isPartial === true);
    if (part !== undefined) partial.push(part);
    for (const [index, hour] of beside.entries()) amounts[hours[index]!.direction]!.push((hour as WholeInterval).value);
  }
  const sumOf = (values: readonly number[] | undefined) => (values === undefined ? undefined : exactSum(values));
  return {
    importKWh: sumOf(amounts.importKWh),
    exportKWh: sumOf(amounts.exportKWh),
    generationKWh: sumOf(amounts.generationKWh),
    coveredMs,
    validCount,
    note: partialNote(partial),
  };
}

/** Heat (kWh) or gas (m3) of a device in a local day; undefined when it measures none, or was not heard lately. */
export function carrierDay(
  device: KpiDevice,
  quantity: 'heat_energy' | 'gas_volume',
  window: KpiWindow,
): DayAmount | undefined {
  return (
    remembered<DayAmount | null>(quantity, device, window, () => {
      const series = wholeSeries(device, quantity, window);
      if (series.length === 0) return null;
      const hours = [...wholeHours(series, window).values()];
      return {
        amount: exactSum(hours.map(({ value }) => value)),
        coveredMs: hours.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0),
        validCount: hours.length,
        note: partialNote(hours),
      };
    }) ?? undefined
  );
}

/** What the amounts of valid hours are to be multiplied by for the whole day; null without a valid hour. */
function wholeDayFactor({ coveredMs }: { readonly coveredMs: number }, window: KpiWindow): number | null {
  return coveredMs > 0 ? (window.endMs - window.startMs) / coveredMs : null;
}

/**
 * What a meter says of the local day's electricity, as amounts `import`, `export` and `generation` in kWh: those of its
 * valid hours, taken for the whole day. It has no value: each KPI says what it makes of the amounts.
 */
export function electricityPart(device: KpiDevice, window: KpiWindow): Part | null {
  const { role } = device.facts;
  if (role !== 'customer' && role !== 'generation' && role !== 'grid') return null;
  return remembered<Part | null>('electricity-part', device, window, () => {
    const day = electricityDay(device, window);
    return day === undefined ? null : dayPart([['electricity', day, electricityAmounts(day)]], window);
  });
}

/** As `electricityPart`, with `heat` in kWh and `gas` in m3. */
export function carriersPart(device: KpiDevice, window: KpiWindow): Part | null {
  const { role } = device.facts;
  if (role !== 'customer' && role !== 'generation' && role !== 'grid') return null;
  return remembered<Part | null>('carriers-part', device, window, () => {
    const electricity = electricityDay(device, window);
    const heat = carrierDay(device, 'heat_energy', window);
    const gas = carrierDay(device, 'gas_volume', window);
    const days: Metered[] = [];
    if (electricity !== undefined) days.push(['electricity', electricity, electricityAmounts(electricity)]);
    if (heat !== undefined) days.push(['heat', heat, { heat: heat.amount }]);
    if (gas !== undefined) days.push(['gas', gas, { gas: gas.amount }]);
    return days.length === 0 ? null : dayPart(days, window);
  });
}

type Metered = readonly [
  name: string,
  day: Pick<DayAmount, 'coveredMs' | 'validCount' | 'note'>,
  amounts: Readonly<Record<string, number>>,
];

function electricityAmounts({ importKWh, exportKWh, generationKWh }: ElectricityDay): Record<string, number> {
  return {
    ...(importKWh === undefined ? {} : { import: importKWh }),
    ...(exportKWh === undefined ? {} : { export: exportKWh }),
    ...(generationKWh === undefined ? {} : { generation: generationKWh }),
  };
}

/** A part of the amounts of a day; what has no valid hour is not known. The carrier with fewest hours decides. */
function dayPart(days: readonly Metered[], window: KpiWindow): Part {
  const expectedCount = hoursOf(window);
  const amounts: Record<string, number> = {};
  let validCount = expectedCount;
  for (const [, day, said] of days) {
    validCount = Math.min(validCount, day.validCount);
    const factor = wholeDayFactor(day, window);
    if (factor === null) continue;
    for (const [name, amount] of Object.entries(said)) amounts[name] = amount * factor;
  }
  const isKnown = Object.keys(amounts).length > 0;
  return {
    value: null,
    validCount,
    expectedCount,
    valid: isKnown && validCount >= threeQuarters(expectedCount),
    note: days.find(([, { note }]) => note !== '')?.[1].note ?? '',
    amounts,
  };
}
