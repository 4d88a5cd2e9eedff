import { type DaySpan, localDay } from '../../src/base/index.ts';
import { requiredHours75 } from '../../src/kpis/arithmetic/index.ts';
import type { Adapters } from './adapter-types.ts';

const utcText = (atMs: number) => new Date(atMs).toISOString().replace('.000Z', 'Z');
const utcSpan = ({ startMs, endMs, hours }: DaySpan) => ({ startUtc: utcText(startMs), endUtc: utcText(endMs), hours });

export const TIME: Adapters = {
  'time.localDay': (v: { tz: string; date: string }) => utcSpan(localDay(v.tz, v.date)),
  'time.usStandardDay': (v: { tz: string; date: string }) => utcSpan(localDay(`standard:${v.tz}`, v.date)),
  'time.cetDay': (v: { date: string }) => {
    const { startUtc, endUtc } = utcSpan(localDay('+01:00', v.date));
    return { startUtc, endUtc };
  },
  'time.requiredHours75': (v: { dayHours: number }) => requiredHours75(v.dayHours),
};
