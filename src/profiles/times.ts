import { parseDuration } from '../base/index.ts';
import type { Problem, Scope } from './compiled.ts';
import { type Names, ProfileProblem } from './names.ts';
import { compilePaths } from './paths.ts';
import type { ProfileTime } from './schema.ts';
import { compileTimePattern, readIso, type TimeReader } from './time-text.ts';

/** The event time of an element: ms UTC, undefined where the device gave none, or why it cannot be used. */
export type TimeSource = (scope: Scope, device: string) => number | undefined | Problem;

/** One way to read a value as a time: ms UTC, NaN for a local time that does not exist, undefined when it does not fit. */
type TimeFormat = (value: unknown, scope: Scope, device: string) => number | undefined;

/** Time values outside of the years 1 to 9999 are in another unit than the profile says. */
const EPOCH_MS_MIN = -62_135_596_800_000;
const EPOCH_MS_MAX = 253_402_300_799_999;

/** Compiles `time` of a profile or block; without it every reading has the time of reception. */
export function compileTime(time: ProfileTime | undefined, names: Names, at: string): TimeSource {
  if (time === undefined) return () => undefined;
  const source = compilePaths(time.path, names, `${at}.path`);
  const formats = [time.format].flat().map((format) => compileFormat(format, time.zone, at));
  const stepMs = durationMs(time.step, `${at}.step`);
  const shiftMs = durationMs(time.shift, `${at}.shift`);
  return (scope, device) => {
    const raw = source(scope);
    const value = typeof raw === 'string' ? raw.trim() : raw;
    if (value === undefined || value === null || value === '') {
      return time.required === true ? { reason: 'time_missing', detail: `no time at ${time.path}` } : undefined;
    }
    for (const format of formats) {
      const timeMs = format(value, scope, device);
      if (timeMs !== undefined && Number.isFinite(timeMs)) return timeMs + shiftMs + stepMs * scope.index;
      if (timeMs !== undefined) return unreadable(value, 'does not exist in the local time of the place');
    }
    return unreadable(value, `does not fit ${[time.format].flat().join(' or ')}`);
  };
}

/** Reads a duration of a profile, which may be negative; 0 when absent. */
export function durationMs(text: string | undefined, at: string): number {
  if (text === undefined) return 0;
  const sizeMs = parseDuration(text.replace(/^-/, ''));
  if (sizeMs === undefined) throw new ProfileProblem(at, `"${text}" is no duration; write 250ms, 30s, 15m or 1h`);
  return text.startsWith('-') ? -sizeMs : sizeMs;
}

function unreadable(value: unknown, why: string): Problem {
  const shown =
    typeof value === 'string'
      ? JSON.stringify(value.slice(0, 40))
      : typeof value === 'object'
        ? 'is no text or number and'
        : String(value);
  return { reason: 'time_unreadable', detail: `the time ${shown} ${why}` };
}

function compileFormat(format: string, zone: string | undefined, at: string): TimeFormat {
  checkZone(zone, `${at}.zone`);
  if (format === 'unix') return (value) => epoch(value, 1000);
  if (format === 'unix_ms') return (value) => epoch(value, 1);
  if (format === 'unix_local') {
    return (value, scope, device) => {
      const localMs = epoch(value, 1000);
      return localMs === undefined ? undefined : toUtc(localMs, zone ?? 'site', scope, device);
    };
  }
  if (format === 'iso') return written(readIso, undefined);
  if (format === 'iso_local') return written(readIso, zone ?? 'site');
  const pattern = compileTimePattern(format);
  if (pattern === undefined) {
    throw new ProfileProblem(
      `${at}.format`,
      `"${format}" is no time format; write unix, unix_ms, unix_local, iso, iso_local or a pattern with at least YYYY, MM, DD and hh`,
    );
  }
  if (!format.includes('Z') && zone === undefined) {
    throw new ProfileProblem(`${at}.zone`, `the format "${format}" has no zone; say UTC, an IANA zone or site`);
  }
  return written(pattern, zone);
}

function written(read: TimeReader, zone: string | undefined): TimeFormat {
  return (value, scope, device) => {
    const time = typeof value === 'string' ? read(value) : undefined;
    if (time === undefined) return undefined;
    if (time.offsetMs !== undefined) return time.localMs - time.offsetMs;
    return zone === undefined ? undefined : toUtc(time.localMs, zone, scope, device);
  };
}

function toUtc(localMs: number, zone: string, scope: Scope, device: string): number {
  if (zone === 'UTC') return localMs;
  const { around } = scope;
  return around.localToUtcMs(localMs, zone === 'site' ? around.zoneOf(device) : zone, around.receivedAtMs);
}

/** A number, or a text that is one, in units of `unitMs`, to the nearest millisecond. */
function epoch(value: unknown, unitMs: number): number | undefined {
  const number = typeof value === 'string' && /^\d{1,16}(?:\.\d{1,9})?$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return undefined;
  const timeMs = Math.round(number * unitMs);
  return timeMs >= EPOCH_MS_MIN && timeMs <= EPOCH_MS_MAX ? timeMs : undefined;
}

function checkZone(zone: string | undefined, at: string): void {
  if (zone === undefined || zone === 'site') return;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
  } catch {
    throw new ProfileProblem(at, `"${zone}" is no time zone; write UTC, site or an IANA zone such as Europe/Madrid`);
  }
}
