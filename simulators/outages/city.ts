import { stringify } from 'yaml';
import type { CityFile } from '../../src/config/index.ts';
import type { OutageEvent } from './events.ts';
import { stateId } from './messages.ts';

/** Calendar of the city that stands for all states: no event lies so close to New Year that it makes a difference. */
export const OUTAGE_CALENDAR = 'America/New_York';

/**
 * A city whose zones are the states, each with its customers by year; every interruption of any length counts.
 *
 * @returns the text of a city.yaml
 */
export function cityForOutages(recording: string, events: readonly OutageEvent[]): string {
  const city: CityFile = {
    city: { id: 'verify', name: `Check of ${recording}`, timeZone: OUTAGE_CALENDAR },
    zones: [...Map.groupBy(events, ({ state }) => state)].map(([state, some]) => ({
      id: stateId(state),
      name: state,
      population: 0,
      facts: { electricityCustomers: customersByYear(some) },
    })),
    devices: [
      ...[...new Set(events.map(({ state }) => stateId(state)))].map((zone) => ({
        match: `${recording}:${zone}`,
        zone,
        role: 'grid' as const,
      })),
      { match: 'event-*', role: 'customer' },
    ],
    outages: { sustainedOver: '0s', keep: '8000d' },
    windows: { clock: 'event', lateness: '60d', horizon: '60d' },
    log: { level: 'warn' },
  };
  return stringify(city);
}

function customersByYear(events: readonly OutageEvent[]) {
  const byYear = new Map(events.map(({ year, customersServed }) => [year, customersServed]));
  return [...byYear]
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([year, value]) => ({ from: `${year}-01-01`, value, source: 'the recording' }));
}
