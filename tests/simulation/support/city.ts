import { join } from 'node:path';
import { citySchema } from '../../../src/config/index.ts';
import { createIntake, type Intake } from '../../../src/intake/index.ts';
import { KPI_DEFINITIONS, type KpiDefinition } from '../../../src/kpis/index.ts';
import type { Series } from '../../../src/model/index.ts';
import { compileProfiles, loadProfiles } from '../../../src/profiles/index.ts';
import { intakeLimits, intakePlacement, Pipeline } from '../../../src/workers/pipeline.ts';
import type { Random } from '../../unit/journal/support/random.ts';

const profiles = compileProfiles(loadProfiles([join(import.meta.dirname, '../../../device-profiles/city-vitals')]));

/** A small town whose windows are short, so that a run of hours meets everything that a city meets in weeks. */
export const CITY = citySchema.parse({
  city: { id: 'town', name: 'Town', timeZone: 'Europe/Madrid' },
  zones: [
    { id: 'west', name: 'West', population: 1_000 },
    { id: 'east', name: 'East', population: 3_000 },
  ],
  devices: [
    { match: 'air-1', zone: 'west' },
    { match: '*-2', zone: 'east' },
    { match: 'meter-1', zone: 'west', role: 'customer', peopleServed: 3 },
    { match: 'power-1', zone: 'west', role: 'customer', peopleServed: 3 },
  ],
  mqtt: { payloadMax: '1KiB' },
  windows: {
    ...{ lateness: '30m', horizon: '2h', backlogMax: '20d', tick: '25m', seriesMax: 50, memoryMax: '16MiB' },
  },
  snapshot: { every: '50m' },
});

/** Quantities that the simulated devices measure; a device may have several. */
export const DEVICES = [
  ['air-1', 'pm2_5'],
  ['air-1', 'no2'],
  ['air-2', 'o3'],
  ['noise-2', 'laeq'],
  ['flow-2', 'water_flow'],
  ['meter-1', 'water_volume'],
  ['power-1', 'energy_import'],
  ['power-1', 'power_outage'],
] as const;

const QUANTITIES: ReadonlySet<string> = new Set(DEVICES.map(([, quantity]) => quantity));
const MEASURED = KPI_DEFINITIONS.filter(({ quantities }) => quantities.some((quantity) => QUANTITIES.has(quantity)));
const KPIS_MAX = 4;
/** All KPIs at once cost ten times as much, and are there to find what only some of them do. */
const ALL_KPIS = 0.01;

/** What the city computes in one run. */
export function drawKpis(random: Random): readonly KpiDefinition[] {
  if (random.chance(ALL_KPIS)) return KPI_DEFINITIONS;
  const drawn = new Set<KpiDefinition>();
  for (let count = 0; count < KPIS_MAX; count++) {
    // What is made of days needs the days.
    for (let kpi: KpiDefinition | undefined = random.pick(MEASURED); kpi !== undefined; kpi = kpi.days?.of)
      drawn.add(kpi);
  }
  return KPI_DEFINITIONS.filter((kpi) => drawn.has(kpi));
}

/** What decodes the messages of the city. */
export function newIntake(): Intake {
  return createIntake({
    ...{ profiles, limits: intakeLimits(CITY), clockMode: CITY.windows.clock },
    ...{ siteTimeZone: CITY.city.timeZone, placement: intakePlacement(CITY) },
  });
}

/**
 * A pipeline as the engine thread makes it.
 *
 * @param stored the series that its store has
 */
export function newPipeline(kpis: readonly KpiDefinition[], stored: readonly Series[] = []): Pipeline {
  return new Pipeline(CITY, newIntake(), { definitions: kpis, stored });
}
