/** Instants in a time zone, as people and as programs read them. */
export interface LocalTimes {
  /** ISO 8601 with the offset that holds then, to the second: `2026-03-01T00:00:00+01:00`. */
  iso(atMs: number): string;
  /** `2026-03-01 00:00`, and the offset beside it: the hour that a clock shows twice is two hours. */
  parts(atMs: number): { readonly clock: string; readonly offset: string };
}

export function localTimes(timeZone: string): LocalTimes {
  const iso = (atMs: number): string =>
    Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs))
      .toZonedDateTimeISO(timeZone)
      .toString({ timeZoneName: 'never', smallestUnit: 'second' });
  return {
    iso,
    parts(atMs) {
      const text = iso(atMs);
      return { clock: `${text.slice(0, 10)} ${text.slice(11, 16)}`, offset: text.slice(19) };
    },
  };
}
