import { describe, expect, it } from 'vitest';
import { calendarOf, HOUR_MS } from '../../../src/base/index.ts';
import { KpiEngine, kpiReach } from '../../../src/kpis/index.ts';
import { hasBegun, neededUntilMs, touchedWindows, windowAt } from '../../../src/kpis/kpi-windows.ts';
import { at, device, hoursFrom, kpi, NO_DEVICE_FACTS, repeat, SETTINGS } from './support/fakes.ts';

const NEW_YORK = calendarOf('America/New_York');
const utc = (atMs: number) => new Date(atMs).toISOString().slice(0, 16);
const spans = (bounds: readonly { startMs: number; endMs: number }[]) =>
  bounds.map(({ startMs, endMs }) => `${utc(startMs)} ${utc(endMs)}`);

describe('days of standard time', () => {
  const usAqi = kpi('air-us-aqi');

  it('have 24 hours from standard midnight, in summer and when clocks change', () => {
    expect(spans([windowAt(usAqi, NEW_YORK, at('2026-07-01T12:00:00Z'))])).toEqual([
      '2026-07-01T05:00 2026-07-02T05:00',
    ]);
    expect(spans([windowAt(usAqi, NEW_YORK, at('2026-03-08T12:00:00Z'))])).toEqual([
      '2026-03-08T05:00 2026-03-09T05:00',
    ]);
  });

  it('depend on seven hours of the day before and of the day after', () => {
    const touched = (iso: string) => spans(touchedWindows(usAqi, NEW_YORK, at(iso)));
    expect(touched('2026-07-01T16:00:00Z')).toEqual(['2026-07-01T05:00 2026-07-02T05:00']);
    expect(touched('2026-07-01T11:00:00Z')).toEqual([
      '2026-06-30T05:00 2026-07-01T05:00',
      '2026-07-01T05:00 2026-07-02T05:00',
    ]);
    expect(touched('2026-07-01T12:00:00Z')).toHaveLength(1);
    expect(touched('2026-07-01T22:00:00Z')).toEqual([
      '2026-07-01T05:00 2026-07-02T05:00',
      '2026-07-02T05:00 2026-07-03T05:00',
    ]);
  });

  it('are final when the hours behind them are there too, and read back with them', () => {
    const bounds = windowAt(usAqi, NEW_YORK, at('2026-07-01T12:00:00Z'));
    expect(neededUntilMs(usAqi, bounds) - bounds.endMs).toBe(7 * HOUR_MS);
    expect(kpiReach(usAqi, [bounds])[0]?.toMs).toBe(at('2026-07-02T12:00:00Z'));
  });
});

describe('a day that looks at hours behind its end', () => {
  it('is said as final, at revision 0, when the watermark has passed these hours', () => {
    const dayMs = at('2026-07-01T05:00:00Z');
    const [series] = device({}, [['o3', { hours: hoursFrom(dayMs, repeat(100, 31)), heardAtMs: [dayMs] }]]).series;
    let nowMs = dayMs;
    const source = {
      calendar: NEW_YORK,
      nowMs: () => nowMs,
      horizonStartMs: () => dayMs,
      seriesCount: () => 1,
      series: () => series!,
      newestMs: () => nowMs,
      watermarkMs: () => nowMs,
      storedRevision: () => 0,
    };
    const city = { id: 'city', population: 10, zones: [], settings: SETTINGS, facts: () => NO_DEVICE_FACTS };
    const engine = new KpiEngine([kpi('air-us-aqi')], city, source);
    const look = (hour: number) => {
      nowMs = dayMs + (hour + 1) * HOUR_MS;
      const values = engine.tick([{ series: 0, hourStartMs: dayMs + hour * HOUR_MS }]);
      return values
        .filter(({ zone, startMs }) => zone === 'city' && startMs === dayMs)
        .map(({ final, revision }) => ({ final, revision }));
    };
    const said = Array.from({ length: 31 }, (_, hour) => look(hour));
    expect(
      said
        .slice(0, 30)
        .flat()
        .every(({ final, revision }) => !final && revision === 0),
    ).toBe(true);
    expect(said[30]?.at(-1)).toEqual({ final: true, revision: 0 });
    // Seven hours after the end of the day nothing of it changes any more; what still does is a correction.
    expect(look(32)).toEqual([]);
    expect(look(29).at(-1)).toEqual({ final: true, revision: 1 });
  });
});

describe('running windows of eight hours', () => {
  const running = kpi('air-o3-8h');

  it('end with the hour and with the seven after it', () => {
    const touched = touchedWindows(running, NEW_YORK, at('2026-07-01T12:00:00Z'));
    expect(touched).toHaveLength(8);
    expect(spans([touched[0]!, touched[7]!])).toEqual([
      '2026-07-01T05:00 2026-07-01T13:00',
      '2026-07-01T12:00 2026-07-01T20:00',
    ]);
  });

  it('begin to count when their last hour has ended, or begins where running hours enter', () => {
    const bounds = windowAt(running, NEW_YORK, at('2026-07-01T12:30:00Z'));
    expect(hasBegun(running, bounds, at('2026-07-01T13:00:00Z'))).toBe(true);
    expect(hasBegun(running, bounds, at('2026-07-01T12:59:00Z'))).toBe(false);
    const live = { ...running, wholeHours: false };
    expect(hasBegun(live, bounds, at('2026-07-01T12:00:00Z'))).toBe(true);
    expect(hasBegun(live, bounds, at('2026-07-01T11:59:00Z'))).toBe(false);
  });
});
