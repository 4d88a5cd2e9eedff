import { DAY_MS, HOUR_MS, QUARTER_MS } from '../../src/base/index.ts';

/*
 * How a city breathes over a day: smooth curves of the local hour, with a slow weather of some days. They are shaped
 * after ordinary measurements (rush hours, a quiet night, a minimum of water demand at three, an evening peak of
 * electricity), not after any one city.
 */

/** The instant as the city's clocks and calendar see it. */
export interface LocalMoment {
  readonly atMs: number;
  /** What the city's clocks are ahead of UTC. */
  readonly offsetMs: number;
  /** 0 to 24, with fractions. */
  readonly hour: number;
  readonly weekend: boolean;
  /** 0 to 365. */
  readonly dayOfYear: number;
}

/** Local moments of a zone; offsets are looked up once a quarter of an hour. */
export function localMoments(timeZone: string): (atMs: number) => LocalMoment {
  let quarter = Number.NaN;
  let offsetMs = 0;
  return (atMs) => {
    const now = Math.floor(atMs / QUARTER_MS);
    if (now !== quarter) {
      quarter = now;
      offsetMs = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timeZone).offsetNanoseconds / 1e6;
    }
    const localMs = atMs + offsetMs;
    const day = Math.floor(localMs / DAY_MS);
    const yearStart = Date.UTC(new Date(localMs).getUTCFullYear(), 0, 1);
    return {
      atMs,
      offsetMs,
      hour: (localMs - day * DAY_MS) / HOUR_MS,
      // Day 0 of the epoch was a Thursday.
      weekend: [2, 3].includes(((day % 7) + 7) % 7),
      dayOfYear: (localMs - yearStart) / DAY_MS,
    };
  };
}

/** A bump around an hour of the day, 0 to 1, that goes round midnight. */
function bump(hour: number, centre: number, width: number): number {
  const apart = Math.abs(hour - centre);
  const distance = Math.min(apart, 24 - apart) / width;
  return Math.exp(-distance * distance);
}

/** Road traffic, about 0.05 (night) to 1 (rush hour). */
export function traffic({ hour, weekend }: LocalMoment): number {
  if (weekend) return 0.08 + 0.5 * bump(hour, 15, 5);
  return 0.05 + 0.8 * bump(hour, 8, 1.8) + 0.35 * bump(hour, 12.5, 3) + 0.85 * bump(hour, 17.5, 2.4);
}

/** Water demand, as a factor on the mean: about 0.25 at three at night, 1.8 in the morning. */
export function waterDemand({ hour, weekend }: LocalMoment): number {
  const morning = weekend ? bump(hour, 9.5, 2.2) : bump(hour, 7.3, 1.5);
  return 0.22 + 1.45 * morning + 0.55 * bump(hour, 13, 3) + 1.05 * bump(hour, 19.5, 2.4);
}

/** Power of a household without its photovoltaics, W. */
export function householdPowerW({ hour, weekend }: LocalMoment): number {
  const noon = weekend ? 600 : 250;
  return 140 + 420 * bump(hour, 7.2, 1.2) + noon * bump(hour, 12.5, 2) + 1250 * bump(hour, 19.3, 2.1);
}

/** Sine of the sun's height at 50 degrees north, 0 at night. */
export function sun({ hour, dayOfYear }: LocalMoment): number {
  const declination = -0.4091 * Math.cos((2 * Math.PI * (dayOfYear + 10)) / 365);
  const latitude = (50 * Math.PI) / 180;
  const hourAngle = ((hour - 12.7) * Math.PI) / 12;
  const height =
    Math.sin(latitude) * Math.sin(declination) + Math.cos(latitude) * Math.cos(declination) * Math.cos(hourAngle);
  return Math.max(0, height);
}

/** A slow swing of some days, 0 to 1; the same for everybody with the same seed. */
export function weather({ atMs }: LocalMoment, seed: number): number {
  const days = atMs / DAY_MS;
  const swing = Math.sin(days * 1.7 + seed) + Math.sin(days * 0.61 + seed * 1.9) + Math.sin(days * 3.3 + seed * 0.7);
  return 0.5 + swing / 6;
}

/** Air temperature outdoors, degrees Celsius. */
export function temperatureC(moment: LocalMoment, seed: number): number {
  const season = 10.5 - 9.5 * Math.cos((2 * Math.PI * (moment.dayOfYear - 20)) / 365);
  return season + 4.5 * Math.cos(((moment.hour - 15) * Math.PI) / 12) + 8 * (weather(moment, seed) - 0.5);
}

/** PM2.5, ug/m3: still winter air is the worst. */
export function pm25(moment: LocalMoment, seed: number): number {
  const winter = 0.5 + 0.5 * Math.cos((2 * Math.PI * (moment.dayOfYear - 15)) / 365);
  return 3 + (9 + 12 * winter) * weather(moment, seed) + 4.5 * traffic(moment) + 3 * winter * bump(moment.hour, 21, 3);
}

/** NO2, ug/m3. */
export function no2(moment: LocalMoment, seed: number): number {
  return 6 + 34 * traffic(moment) + 14 * weather(moment, seed + 2);
}

/** O3, ug/m3: made by the sun, eaten by fresh NO. */
export function o3(moment: LocalMoment, seed: number): number {
  const late = { ...moment, hour: moment.hour - 2 };
  return Math.max(4, 32 + 75 * sun(late) - 0.35 * no2(moment, seed));
}

/** Level of a street, dB(A); a quiet site has less traffic and not less of everything. */
export function streetLevelDb(moment: LocalMoment, busy: number): number {
  return 10 * Math.log10(10 ** 3.9 + 10 ** (5.1 + 1.5 * busy) * traffic(moment));
}
