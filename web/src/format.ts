import { state, toMs } from './data/state.ts';

/** The page is in English: numbers and dates follow it, with a 24-hour clock. */
const LOCALE = 'en-GB';
const NONE = '–';

const numberFormats = new Map<string, Intl.NumberFormat>();

/** A number with a fixed count of decimals and grouped thousands; a dash for nothing. */
export function formatNumber(value: number | null | undefined, decimals = 0): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const key = String(decimals);
  let format = numberFormats.get(key);
  if (format === undefined) {
    format = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    numberFormats.set(key, format);
  }
  return format.format(value);
}

/** A number of unknown scale with about four significant digits. */
export function formatMeasured(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const size = Math.abs(value);
  return formatNumber(value, size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3);
}

/** A ratio of 0 to 1 as whole percent; 99.6 % is not shown as 100 %. */
export function formatPercent(ratio: number): string {
  const percent = ratio * 100;
  return `${formatNumber(ratio < 1 ? Math.min(99, Math.round(percent)) : Math.round(percent))} %`;
}

type Style = 'time' | 'seconds' | 'date' | 'dateTime' | 'full' | 'day' | 'month' | 'zone';

const STYLES: Readonly<Record<Style, Intl.DateTimeFormatOptions>> = {
  time: { hour: '2-digit', minute: '2-digit' },
  seconds: { hour: '2-digit', minute: '2-digit', second: '2-digit' },
  date: { day: 'numeric', month: 'short', year: 'numeric' },
  dateTime: { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
  full: { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' },
  day: { day: 'numeric', month: 'short' },
  month: { month: 'short', year: 'numeric' },
  zone: { timeZoneName: 'short', hour: '2-digit' },
};

const timeFormats = new Map<string, Intl.DateTimeFormat>();

function timeFormat(style: Style): Intl.DateTimeFormat {
  const timeZone = cityTimeZone();
  const key = `${style} ${timeZone}`;
  let format = timeFormats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(LOCALE, { ...STYLES[style], timeZone });
    timeFormats.set(key, format);
  }
  return format;
}

export function cityTimeZone(): string {
  return state.zones?.city.timeZone ?? 'UTC';
}

/** An instant in the city's time zone. */
export function formatTime(at: string | number | null | undefined, style: Style = 'dateTime'): string {
  if (at === null || at === undefined) return NONE;
  return timeFormat(style).format(typeof at === 'number' ? at : toMs(at));
}

/** The date of the city's day that an instant lies in, as in `2026-03-01`. */
export function cityDate(atMs: number): string {
  const format = new Intl.DateTimeFormat(LOCALE, { timeZone: cityTimeZone(), dateStyle: 'short' });
  return format.format(atMs).split('/').reverse().join('-');
}

/** Like `formatTime`, without the date when it is today's. */
export function formatNear(at: string | number): string {
  const today = formatTime(Date.now() + state.clockSkewMs, 'date');
  return formatTime(at, formatTime(at, 'date') === today ? 'time' : 'dateTime');
}

/** The city's time zone as people write it at this instant, such as CEST. */
export function timeZoneName(atMs: number): string {
  return (
    timeFormat('zone')
      .formatToParts(atMs)
      .find(({ type }) => type === 'timeZoneName')?.value ?? cityTimeZone()
  );
}

/** A length of time in one unit: `12 s`, `3 min`, `5 h`, `2 days`. */
export function formatAge(ageMs: number): string {
  const seconds = Math.max(0, ageMs / 1000);
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

const BYTES_STEP = 1000;

/** A size with about three digits: `512 B`, `1.2 MB`. */
export function formatBytes(bytes: number): string {
  const step = Math.max(
    0,
    SIZES.findLastIndex((_size, index) => bytes >= BYTES_STEP ** index),
  );
  return `${formatNumber(bytes / BYTES_STEP ** step, step === 0 ? 0 : 1)} ${SIZES[step]}`;
}

const SIZES = ['B', 'kB', 'MB', 'GB', 'TB'];

const UNIT_LABELS: Readonly<Record<string, string>> = {
  'ug/m3': 'µg/m³',
  'mg/m3': 'mg/m³',
  'dB[SPL]': 'dB(A)',
  Cel: '°C',
  m3: 'm³',
  'm3/h': 'm³/h',
  'kW.h': 'kWh',
  'V.A': 'VA',
  '[ppm]': 'ppm',
  '[ppb]': 'ppb',
  '[NTU]': 'NTU',
  '[pH]': 'pH',
  'uS/cm': 'µS/cm',
  deg: '°',
  '1': '',
};

/** A UCUM code as people write the unit. */
export function unitLabel(code: string): string {
  return UNIT_LABELS[code] ?? code;
}

/** What a quantity is called. */
export function quantityTitle(id: string): string {
  return state.quantities.get(id) ?? words(id);
}

/** The word of a closed list as people read it: `time_in_future` is "time in future". */
export function words(text: string): string {
  return text
    .replaceAll('_', ' ')
    .replace(/([a-z])([A-Z])/g, (_match, before: string, after: string) => `${before} ${after.toLowerCase()}`);
}

export const DOMAIN_TITLES: Readonly<Record<string, string>> = {
  air: 'Air',
  noise: 'Noise',
  water: 'Water',
  energy: 'Energy',
  weather: 'Weather',
  device: 'Devices',
  network: 'Sensor network',
};
