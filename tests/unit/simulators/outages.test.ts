import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  cityForOutages,
  findOutageEvents,
  localInstant,
  outageMessages,
  readOutageEvents,
  realMinutes,
  wallMinutes,
} from '../../../simulators/outages/index.ts';
import { citySchema } from '../../../src/config/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'vitals-outages-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Made by hand, in the form of the recording.
const CSV = `event,state,postal,year,start_local,restored_local,duration_min,customers_affected,total_customers_state_year
1,District of Columbia,DC,2011,"Saturday, March 12, 2011 11:00:00 PM","Sunday, March 13, 2011 4:00:00 AM",300,1.2E+03,250000
2,District of Columbia,DC,2010,"Friday, January 1, 2010 12:30:00 AM",NA NA,NA,NA,240000
3,Hawaii,HI,2010,NA NA,NA NA,NA,500,400000
`;
writeFileSync(join(folder, 'events.csv'), CSV);
const events = readOutageEvents(folder);

const utc = (text: string): number => Temporal.Instant.from(text).epochMilliseconds;

describe('a recording of outages', () => {
  it('is told by its file of events', () => {
    expect(findOutageEvents(folder)?.folder).toBe(folder);
    expect(findOutageEvents(tmpdir())).toBeUndefined();
  });

  it('is read in the zone of each state, with nothing where nothing is told', () => {
    expect(events[0]).toMatchObject({
      ...{ id: '1', startMs: utc('2011-03-13T04:00:00Z'), restoredMs: utc('2011-03-13T08:00:00Z') },
      ...{ customers: 1200, customersServed: 250_000, publishedMinutes: 300 },
    });
    expect(events[1]).toMatchObject({
      startMs: utc('2010-01-01T05:30:00Z'),
      restoredMs: undefined,
      customers: undefined,
    });
    expect(events[2]).toMatchObject({ startMs: undefined, customers: 500 });
  });

  it('tells the minutes that passed from those on the wall', () => {
    expect([realMinutes(events[0]!), wallMinutes(events[0]!)]).toEqual([240, 300]);
    expect(realMinutes(events[1]!)).toBeUndefined();
  });

  it('is refused where a row is no event of a known state', () => {
    const other = mkdtempSync(join(folder, 'other-'));
    writeFileSync(join(other, 'events.csv'), CSV.replace('Hawaii,HI', 'Atlantis,XX'));
    expect(() => readOutageEvents(other)).toThrow('cannot read events.csv: row 4 is no event of a known state');
  });

  it('reads noon and midnight as the clock of twelve hours means them', () => {
    expect(localInstant('Sunday, May 29, 2011 12:00:00 AM', 'UTC')).toBe(utc('2011-05-29T00:00:00Z'));
    expect(localInstant('Sunday, May 29, 2011 12:05:00 PM', 'UTC')).toBe(utc('2011-05-29T12:05:00Z'));
    expect(localInstant('Sunday, Smarch 29, 2011 12:05:00 PM', 'UTC')).toBeUndefined();
  });

  it('becomes last gasps of meters, and feed messages where both numbers are told, by the start', () => {
    const messages = outageMessages('outages', events);
    expect(messages.map(({ topic }) => topic)).toEqual([
      'in/outages/event-2/data',
      'in/outages/event-1/data',
      'outages/outages/district-of-columbia',
    ]);
    expect(JSON.parse(messages[2]!.payload)).toEqual({
      ...{ event: '1', customers: 1200 },
      ...{ started: '2011-03-13T04:00:00.000Z', restored: '2011-03-13T08:00:00.000Z' },
    });
    expect(outageMessages('outages', events, 'any')).toHaveLength(3);
  });

  it('makes a city of the states, with their customers by year', () => {
    const city = citySchema.parse(parse(cityForOutages('outages', events)));
    expect(city.zones.map(({ id }) => id)).toEqual(['district-of-columbia', 'hawaii']);
    expect(city.zones[0]?.facts.electricityCustomers).toMatchObject([
      { from: '2010-01-01', value: 240_000 },
      { from: '2011-01-01', value: 250_000 },
    ]);
  });
});
