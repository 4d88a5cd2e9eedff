/** Instants in a time zone, as people and as programs read them. */
export interface LocalTimes {
  /** ISO 8601 with the offset that holds then, to the second: `2026-03-01T00:00:00+01:00`. */
  iso(atMs: number): string;
  /** The same in parts, without seconds. The offset belongs to it: the hour that a clock shows twice is two hours. */
  parts(atMs: number): { readonly date: string; readonly clock: string; readonly offset: string };
  /** `2026-03-01 00:00 +01:00`. */
  text(atMs: number): string;
}

export function localTimes(timeZone: string): LocalTimes {
  const iso = (atMs: number): string =>
    Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs))
      .toZonedDateTimeISO(timeZone)
      .toString({ timeZoneName: 'never', smallestUnit: 'second' });
  const parts = (atMs: number) => {
    const text = iso(atMs);
    return { date: text.slice(0, 10), clock: text.slice(11, 16), offset: text.slice(19) };
  };
  return { iso, parts, text: (atMs) => Object.values(parts(atMs)).join(' ') };
}
