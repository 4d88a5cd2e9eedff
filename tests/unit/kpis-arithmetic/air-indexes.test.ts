import { describe, expect, test } from 'vitest';
import {
  atState,
  CHINA_AQI_2012,
  CHINA_AQI_2026,
  chinaAqi,
  chinaIaqi,
  DAQI_2013,
  DAQI_POLLUTANTS,
  daqiIndex,
  daqiOverall,
  NAQI_2014,
  naqiO3,
  naqiOverall,
  naqiSubIndex,
  nowCastPm,
  ozoneSurrogate,
  ppbToUgm3,
  REFERENCE_STATES,
  US_AQI_2024,
  US_AQI_ITEMS,
  ugm3ToPpb,
  usAqiByPollutant,
  usAqiO3,
  usAqiOverall,
  usAqiPm25Before2024,
  usAqiSo2,
  usAqiSubIndex,
} from '../../../src/kpis/arithmetic/index.ts';

describe('the US AQI', () => {
  test('has lines without gaps in the last digit, and indexes that follow on', () => {
    for (const item of US_AQI_ITEMS) {
      const { lines, digits } = US_AQI_2024.items[item];
      lines.slice(1).forEach((line, index) => {
        expect(line.from).toBeCloseTo(lines[index]!.to + 10 ** -digits, 9);
        expect(line.fromIndex).toBe(lines[index]!.toIndex + 1);
      });
      for (const { from, to, fromIndex, toIndex } of lines) {
        expect([usAqiSubIndex(item, from), usAqiSubIndex(item, to)]).toEqual([fromIndex, toIndex]);
      }
    }
  });

  test('goes on above 500 with the slope of Hazardous, one line from 301', () => {
    // PM10: 199 / 179 a ug/m3; PM10 504 lies at 389, not at 400.
    expect(usAqiSubIndex('pm10_24h', 504)).toBe(389);
    expect(usAqiSubIndex('pm10_24h', 604 + 179)).toBe(500 + 199);
  });

  test('prints no 1-hour ozone below 0.125 ppm and no 8-hour ozone above 0.200 ppm', () => {
    expect(usAqiSubIndex('o3_1h', 0.1249)).toBeNull();
    expect(usAqiSubIndex('o3_8h', 0.201)).toBeNull();
    expect(usAqiO3(0.201, 0.3)).toBe(usAqiSubIndex('o3_1h', 0.3));
    expect(usAqiO3(0.201, null)).toBeNull();
    // The equation gives 147.49 for 0.162 ppm; the document prints 148.
    expect(usAqiO3(0.06, 0.162)).toBe(147);
  });

  test('holds SO2 at 200 where the 1-hour lines end and 24 hours are below 305 ppb', () => {
    expect(usAqiSo2(304, null)).toBe(200);
    expect(usAqiSo2(700, 304.9)).toBe(200);
    expect(usAqiSo2(700, null)).toBe(200);
    expect(usAqiSo2(700, 305)).toBe(201);
    expect(usAqiSo2(null, 100)).toBeNull();
  });

  test('is the highest of its pollutants, which it names; the first of equals', () => {
    expect(usAqiOverall({ no2_1h: 53, co_8h: 4.4 })).toEqual({ aqi: 50, main: 'co' });
    expect(usAqiOverall({})).toBeNull();
    expect(usAqiByPollutant({ pm10_24h: -3 }).pm10).toBe(0);
  });

  test('had another table of fine particles before May 2024', () => {
    expect([12, 35.4, 55.4, 150.4, 250.4, 350.4, 500.4].map(usAqiPm25Before2024)).toEqual([
      ...[50, 100, 150, 200, 300, 400, 500],
    ]);
    expect(usAqiPm25Before2024(500.5)).toBeNull();
  });
});

describe('the NowCast', () => {
  test('needs two of the three newest hours, whichever they are', () => {
    expect(nowCastPm('pm25', [null, null, 20, 20])).toBeNull();
    expect(nowCastPm('pm25', [20, null, 20])?.raw).toBe(20);
    expect(nowCastPm('pm25', [])).toBeNull();
  });

  test('weighs by no less than one half, and leaves hours beyond twelve out', () => {
    // 10 now and 100 before: w = 0.5, (10 + 50) / 1.5.
    expect(nowCastPm('pm10', [10, 100])?.raw).toBe(40);
    expect(nowCastPm('pm10', [...Array<number>(12).fill(10), 5000])?.raw).toBe(10);
  });

  test('of zeros is zero', () => {
    expect(nowCastPm('pm25', [0, 0, 0])).toEqual({ raw: 0, truncated: 0, aqi: 0 });
  });

  test('of ozone is a surrogate from the newest of three hours', () => {
    expect(ozoneSurrogate([60, 1, 1])).toEqual({ ppb: 55.5, methodId: 3 });
    expect(ozoneSurrogate([null, null, 60])).toEqual({ ppb: 55.5, methodId: 7 });
    expect(ozoneSurrogate([null, null, null, 60])).toEqual({ ppb: null, methodId: 8 });
    expect(ozoneSurrogate([0, 0, 0])).toEqual({ ppb: 0, methodId: 3 });
    expect(ozoneSurrogate([-50, 1, 1]).ppb).toBe(0);
  });
});

describe('the UK index', () => {
  test('has each rounded bound in its index and the next number in the one above', () => {
    for (const pollutant of DAQI_POLLUTANTS) {
      DAQI_2013.bounds[pollutant].forEach((upTo, index) => {
        expect(daqiIndex(pollutant, upTo + 0.49)).toBe(index + 1);
        expect(daqiIndex(pollutant, upTo + 0.5)).toBe(index + 2);
      });
    }
  });

  test('is the highest of its pollutants', () => {
    expect(daqiOverall({ no2: 68, pm2_5: 12, o3: null })).toEqual({ index: 2, main: 'no2' });
    expect(daqiOverall({})).toBeNull();
  });
});

describe('the Indian index', () => {
  test('runs between the printed numbers of each class', () => {
    const [starts, ends] = [
      [0, 51, 101, 201, 301],
      [50, 100, 200, 300, 400],
    ];
    for (const [item, { lines }] of Object.entries(NAQI_2014.items)) {
      lines.forEach((line, index) => {
        if (line === null) return;
        const at = (value: number) => naqiSubIndex(item as keyof typeof NAQI_2014.items, value)?.value;
        expect([at(line[0]), at(line[1])], `${item} ${line}`).toEqual([starts[index], ends[index]]);
      });
    }
  });

  test('is Severe without a number above the last line, and so is the place', () => {
    expect(naqiSubIndex('pm25', 251)).toEqual({ value: null, className: 'Severe' });
    expect(naqiOverall({ pm25: 251, no2: 400, so2: 10 })).toEqual({ value: null, className: 'Severe', main: 'pm25' });
  });

  test('takes the hour of ozone only where eight hours are above 208', () => {
    expect(naqiO3(208, 748)?.value).toBe(300);
    expect(naqiO3(209, 748)?.value).toBe(400);
    expect(naqiO3(209, 749)?.className).toBe('Severe');
    expect(naqiO3(209, null)).toBeNull();
  });

  test('needs three pollutants with particles among them', () => {
    expect(naqiOverall({ pm10: 50, no2: 40, so2: 80 })).toMatchObject({ value: 100, main: 'so2' });
    expect(naqiOverall({ pm10: 50, no2: 40 })).toBeNull();
    expect(naqiOverall({ no2: 40, so2: 40, co: 1 })).toBeNull();
  });

  test('rounds to the printed decimals before it looks up', () => {
    expect(naqiSubIndex('pm25', 30.4)?.value).toBe(50);
    expect(naqiSubIndex('pm25', 30.5)?.value).toBe(51);
    expect(naqiSubIndex('pb', 1.05)?.value).toBe(101);
  });
});

describe('the Chinese index', () => {
  const whole = { pm25: 60, pm10: 40, so2: 20, no2: 60, co: 10, o3: 30 };

  test('lists all of the worst pollutants, and none up to 50', () => {
    expect(chinaAqi(CHINA_AQI_2026, whole)).toEqual({ aqi: 60, primary: ['pm25', 'no2'] });
    expect(chinaAqi(CHINA_AQI_2026, { ...whole, pm25: 50, no2: 50 })).toEqual({ aqi: 50, primary: [] });
  });

  test('is published above 100 only when a pollutant is missing; that of 2012 always', () => {
    const { o3: _o3, ...five } = whole;
    expect(chinaAqi(CHINA_AQI_2026, five).aqi).toBeNull();
    expect(chinaAqi(CHINA_AQI_2026, { ...five, pm25: 101 })).toEqual({ aqi: 101, primary: ['pm25'] });
    expect(chinaAqi(CHINA_AQI_2026, { ...five, pm25: 100 }).aqi).toBeNull();
    expect(chinaAqi(CHINA_AQI_2012, five).aqi).toBe(60);
    expect(chinaAqi(CHINA_AQI_2012, {}).aqi).toBeNull();
  });

  test('differs between the standards in particles and above the short columns', () => {
    expect([CHINA_AQI_2026, CHINA_AQI_2012].map((table) => chinaIaqi(table, 'pm25_24h', 75))).toEqual([114, 100]);
    expect([CHINA_AQI_2026, CHINA_AQI_2012].map((table) => chinaIaqi(table, 'pm10_24h', 150))).toEqual([112, 100]);
    expect([CHINA_AQI_2026, CHINA_AQI_2012].map((table) => chinaIaqi(table, 'o3_8h', 801))).toEqual([300, null]);
    expect(chinaIaqi(CHINA_AQI_2026, 'co_24h', 2.05)).toBe(50);
    expect(chinaIaqi(CHINA_AQI_2026, 'no2_24h', -4)).toBe(0);
  });
});

describe('gases at a state', () => {
  test('come back to the mole fraction that they were made of', () => {
    expect(ugm3ToPpb('no2', ppbToUgm3('no2', 100, 20))).toBeCloseTo(100, 9);
    expect(ugm3ToPpb('no2', 1.8804 * 100, REFERENCE_STATES.us)).toBeCloseTo(100, 1);
  });

  test('shrink with cold and with pressure', () => {
    // 293.15 K to 298.15 K: the same gas in 1.7 % more room.
    expect(atState('so2', 100, REFERENCE_STATES.eu, REFERENCE_STATES.us)).toBeCloseTo((100 * 293.15) / 298.15, 9);
    expect(ppbToUgm3('o3', 10, 20, 101.325 / 2)).toBeCloseTo(ppbToUgm3('o3', 10, 20) / 2, 9);
    expect(() => ppbToUgm3('o3', 10, 20, 0)).toThrow('0 kPa has no volume');
  });
});
