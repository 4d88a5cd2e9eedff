import {
  type CityFactId,
  type Domain,
  type Formula,
  namesInFormula,
  type OwnFold,
  type OwnSpace,
  type OwnStat,
  type OwnWindow,
} from '../../model/index.ts';
import type { DeviceRole, KpiDefinition, KpiDevice, KpiWindow, Part } from '../definition.ts';
import { EXPECTED_AFTER_HOURS } from '../hours.ts';
import type { KpiBand } from '../kpi.ts';
import { energeticMeanOfDays, meanOfDays, overDays, sumOfDays } from '../long-kpi.ts';
import { type AreaPart, areaRule } from './area-rule.ts';
import { evaluateFormula } from './evaluate-formula.ts';
import { inputPart, STAT_WORDS, valuesOf } from './own-input.ts';
import { SPACE_RULES } from './own-space.ts';

/** A number that goes into an own KPI: a statistic of a quantity over the window. */
export interface OwnInput {
  readonly quantity: string;
  readonly stat: OwnStat;
  /** Devices of these roles alone; of all roles when absent. */
  readonly roles?: readonly DeviceRole[] | undefined;
  /** Share of the window's hours that must be valid, above 0 to 1; that of the KPI when absent. */
  readonly coverage?: number | undefined;
  /** Of a KPI per area: how devices make the zone's number, and zones the city's; that of the KPI when absent. */
  readonly space?: OwnSpace | undefined;
}

/** A KPI that the operator of a city defines. */
export interface OwnKpi {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly unitLabel?: string | undefined;
  readonly domain: Domain;
  readonly window: OwnWindow;
  readonly inputs: Readonly<Record<string, OwnInput>>;
  /** As it is written, for people. */
  readonly expression: string;
  /** Whether the expression makes the value of each device, or that of each area from what its devices say. */
  readonly per: 'device' | 'area';
  readonly space: OwnSpace;
  readonly scopes: readonly ('device' | 'zone' | 'city')[];
  readonly coverage: number;
  readonly bands: readonly KpiBand[];
  readonly decimals: number;
  readonly direction: 'lower' | 'higher' | 'none';
  /** Of a KPI of days: there are `<id>-365d` and `<id>-year` too, made like this. */
  readonly years?: OwnFold | undefined;
}

const REACH_HOURS: Readonly<Record<OwnWindow, number>> = {
  hour: EXPECTED_AFTER_HOURS,
  'rolling-8h': 7 + EXPECTED_AFTER_HOURS,
  'rolling-24h': 23 + EXPECTED_AFTER_HOURS,
  day: EXPECTED_AFTER_HOURS,
};

const FOLDS = { mean: meanOfDays, sum: sumOfDays, energetic: energeticMeanOfDays } as const;

const FOLD_WORDS: Readonly<Record<OwnFold, string>> = {
  mean: 'mean of the valid days',
  sum: 'sum of the valid days',
  energetic: 'energetic mean of the valid days',
};

/**
 * The definitions of an own KPI: itself and, where it asks for them, the last 365 days and the year.
 *
 * @param own checked: quantities, statistics and names are known
 * @param formula its expression
 */
export function ownKpi(own: OwnKpi, formula: Formula): readonly KpiDefinition[] {
  const definition = ownDefinition(own, formula);
  if (own.years === undefined) return [definition];
  const long = overDays({
    id: own.id,
    title: own.title,
    of: definition,
    level: 'device',
    method: `${FOLD_WORDS[own.years]}; of a day: ${definition.method}`,
    completeness: 'valid days for at least 90 % of the days that have ended',
    fold: FOLDS[own.years],
  });
  return [definition, ...long];
}

function ownDefinition(own: OwnKpi, formula: Formula): KpiDefinition {
  const { id, title, unit, unitLabel = unit, domain, window, direction, decimals, bands, scopes } = own;
  const isOfAreas = own.per === 'area';
  return {
    ...{ id, title, unit, unitLabel, domain, window, direction, decimals, bands, scopes },
    code: '',
    method: `${own.expression}, where ${inputWords(own)}; of each ${own.per}`,
    completeness: completenessWords(own),
    source: 'configuration of the city',
    facts: namesInFormula(formula).filter((name) => !Object.hasOwn(own.inputs, name)) as CityFactId[],
    quantities: [...new Set(Object.values(own.inputs).map(({ quantity }) => quantity))].sort(),
    spatial: isOfAreas ? areaRule(own, formula) : SPACE_RULES[own.space],
    reachHours: REACH_HOURS[window],
    device: isOfAreas
      ? (device, at) => saidOfDevice(own, device, at)
      : (device, at) => valueOfDevice(own, formula, device, at),
  };
}

/** The expression of one device. A device that one of the inputs was not heard of lately has no part. */
function valueOfDevice(own: OwnKpi, formula: Formula, device: KpiDevice, window: KpiWindow): Part | null {
  const said = new Map<string, Part>();
  for (const [name, input] of Object.entries(own.inputs)) {
    const part = inputPart(device, input, window, own.coverage);
    if (part === null) return null;
    said.set(name, part);
  }
  const value = evaluateFormula(formula, valuesOf(said, window.cityFacts));
  const parts = [...said.values()];
  return { ...countsOf(parts), value, valid: value !== null && parts.every(({ valid }) => valid), note: '' };
}

/** What one device says of the inputs, each for itself; the expression is the area's. */
function saidOfDevice(own: OwnKpi, device: KpiDevice, window: KpiWindow): AreaPart | null {
  const inputs = Object.values(own.inputs).map((input) => inputPart(device, input, window, own.coverage));
  const parts = inputs.filter((part) => part !== null);
  if (parts.length === 0) return null;
  const named = Object.keys(own.inputs).map((name, index) => [name, inputs[index]?.value ?? null] as const);
  const [only] = parts;
  return {
    ...countsOf(parts),
    value: parts.length === 1 ? (only?.value ?? null) : null,
    valid: parts.every(({ valid }) => valid),
    note: '',
    amounts: Object.fromEntries(named.filter((entry): entry is [string, number] => entry[1] !== null)),
    inputs,
  };
}

/** Of one input also how many valid hours it needs; of several no count alone decides. */
function countsOf(parts: readonly Part[]): Pick<Part, 'validCount' | 'expectedCount' | 'neededCount'> {
  const needed = parts.length === 1 ? parts[0]?.neededCount : undefined;
  return {
    validCount: parts.reduce((sum, { validCount }) => sum + validCount, 0),
    expectedCount: parts.reduce((sum, { expectedCount }) => sum + expectedCount, 0),
    ...(needed === undefined ? {} : { neededCount: needed }),
  };
}

function inputWords({ inputs }: OwnKpi): string {
  return Object.entries(inputs)
    .map(([name, { quantity, stat, roles }]) => {
      const whose = roles === undefined ? '' : ` of ${roles.join(' and ')} devices`;
      return `${name} is the ${STAT_WORDS[stat]} of ${quantity}${whose}`;
    })
    .join(' and ');
}

function completenessWords({ inputs, coverage }: OwnKpi): string {
  return Object.entries(inputs)
    .map(
      ([name, input]) => `valid hours of ${name} for at least ${percent(input.coverage ?? coverage)} % of the window`,
    )
    .join('; ');
}

function percent(share: number): number {
  return Math.round(share * 1_000) / 10;
}
