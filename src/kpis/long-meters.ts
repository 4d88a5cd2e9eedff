import { exactSum } from '../base/index.ts';
import { requiredValues90 } from './arithmetic/index.ts';
import type { DayRecord } from './day-ledger.ts';
import type { Amounts, FoldSpan, KpiDefinition, Part, SpatialRule, ZoneFacts } from './definition.ts';
import { type LongKpi, overDays, partOfYear } from './long-kpi.ts';
import { isComplete, sumsOf } from './meter-rule.ts';

/*
 * KPIs of many days that are made of meters (`meterRule`): a zone's amounts of its complete days are put together, and
 * the rule of the day makes the value of them. So zones above add up amounts, and each divides by its own facts.
 */

/**
 * What amounts of the complete days come to: all of them together, those of a mean day, or those of 365 mean days. Facts
 * that are told per day, such as unmetered consumption, go with a mean day.
 */
export type DayScale = 'sum' | 'mean' | 'annual';

/** What a KPI of many days of meters says of itself. */
export interface LongMeters extends Omit<LongKpi, 'level' | 'fold' | 'spatial' | 'scopes'> {
  readonly scale: DayScale;
  /** Rule that makes the value of the amounts; that of the KPI of the day when absent. */
  readonly rule?: SpatialRule;
  /** What is published of what the rule says of a zone. */
  readonly published?: (said: Part, zone: ZoneFacts) => Part;
}

/** Days of a year to which a shorter time is scaled (KPI.md 1.4). */
export const DAYS_A_YEAR = 365;

/** How a year to date is named that is told as a whole one. */
export const ANNUALISED = { windows: ['year'], suffix: ['annualised', 'year to date as 365 days'] } as const;

/** How the completeness of windows of meters reads. */
export const COMPLETE_DAYS =
  'complete on at least 90 % of the days that have ended, a day being complete as the daily value is';

/** Days of a zone in amounts: complete ones, and those that have ended. */
const DAYS = ['days', 'daysEnded'];

/** One definition for each window, of zones and the city, folded from the days of zones. */
export function overMeterDays({ scale, rule, published, ...spec }: LongMeters): KpiDefinition[] {
  const ofDay = rule ?? spec.of.spatial;
  return overDays({
    ...spec,
    level: 'zone',
    scopes: ['zone', 'city'],
    spatial: ruleOfDays(ofDay, published),
    fold: (days, span) => foldOf(ofDay, scale, days, span),
  });
}

/** Complete days; where there is none, all that know anything, and they are not valid. */
function foldOf(rule: SpatialRule, scale: DayScale, days: readonly DayRecord[], span: FoldSpan): Part {
  const complete = days.filter(({ amounts }) => isComplete(amounts));
  const used = complete.length > 0 ? complete : days;
  const year = partOfYear(0, complete.length, span.days);
  const amounts = {
    // Counts of meters are no amounts of a day: those of `countsOf` take their place.
    ...amountsOf(used, scale === 'sum' ? 1 : (scale === 'mean' ? 1 : DAYS_A_YEAR) / used.length),
    ...countsOf(used, year.valid),
    ...{ days: complete.length, daysEnded: span.days },
  };
  const said = rule.whole?.({ ...year, amounts }, { id: '', population: 0, fact: span.window.cityFacts }) ?? year;
  return inDays({ ...said, amounts });
}

function amountsOf(days: readonly DayRecord[], factor: number): Record<string, number> {
  const byName: Record<string, number[]> = {};
  for (const { amounts } of days) {
    for (const [name, amount] of Object.entries(amounts)) {
      byName[name] ??= [];
      byName[name].push(amount);
    }
  }
  return Object.fromEntries(Object.entries(byName).map(([name, all]) => [name, exactSum(all) * factor]));
}

/** Meters of the zone on the day with most of them: all of them are valid, or none, as the zone's days are. */
function countsOf(days: readonly DayRecord[], isValid: boolean): Amounts {
  const most = (name: string) => days.reduce((max, { amounts }) => Math.max(max, amounts[name] ?? 0), 0);
  const [districtMeters, meters] = [most('districtMeters'), most('meters')];
  return {
    ...{ districtMeters, districtPeople: most('districtPeople'), districtValid: isValid ? districtMeters : 0 },
    ...{ meters, metersValid: isValid ? meters : 0 },
  };
}

function ruleOfDays(rule: SpatialRule, published: LongMeters['published']): SpatialRule {
  return {
    text: `${rule.text}; of the complete days of each zone, its meters counting as valid when 90 % of the days are complete`,
    zone: rule.zone,
    parent: (parts) => {
      const made = rule.parent(parts);
      return { ...inDays({ ...made, amounts: { ...made.amounts, ...sumsOf(made.used, DAYS) } }), used: made.used };
    },
    whole: (part, zone) => {
      const said = rule.whole?.(part, zone) ?? part;
      return inDays(published === undefined ? said : published(said, zone));
    },
  };
}

/** Counted in days of zones instead of meters. */
function inDays(part: Part): Part {
  const { days = 0, daysEnded = 0 } = part.amounts ?? {};
  return { ...part, validCount: days, expectedCount: daysEnded, neededCount: requiredValues90(daysEnded) };
}
