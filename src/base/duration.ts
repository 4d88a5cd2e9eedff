export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const QUARTER_MS = 15 * MINUTE_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const UNIT_MS = new Map([
  ['ms', 1],
  ['s', SECOND_MS],
  ['m', MINUTE_MS],
  ['h', HOUR_MS],
  ['d', DAY_MS],
]);

/**
 * Reads a text duration of configuration and logs: `250ms`, `30s`, `5m`, `36h`, `400d`, or several of them (`1h30m`).
 * Inside the code time is always a number of milliseconds.
 *
 * @returns milliseconds, or undefined when the text is no duration
 */
export function parseDuration(text: string): number | undefined {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text.trim()) return undefined;
  return parts.reduce((sumMs, part) => sumMs + Number(part[1]) * (UNIT_MS.get(part[2] ?? '') ?? Number.NaN), 0);
}

/** Writes a duration for people: the largest units that lose nothing (`90_000` is `1m30s`). */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return '0s';
  let restMs = Math.round(durationMs);
  let text = '';
  for (const [unit, unitMs] of [...UNIT_MS].reverse()) {
    const whole = Math.floor(restMs / unitMs);
    if (whole > 0) text += `${whole}${unit}`;
    restMs -= whole * unitMs;
  }
  return text;
}
