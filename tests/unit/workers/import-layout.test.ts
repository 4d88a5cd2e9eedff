import { describe, expect, it } from 'vitest';
import { importLayout } from '../../../src/workers/import-layout.ts';

const layoutOf = (columns: readonly string[], named: Record<string, string> = {}) =>
  importLayout('a.csv', columns, named);

/** Readings of a row given by column. */
function readingsOf(
  row: Record<string, string | number | null>,
  named: Record<string, string> = {},
): readonly object[] {
  const layout = layoutOf(Object.keys(row), named);
  return layout.readings(layout.columns.map((name) => row[name]!));
}

describe('the layout of a file', () => {
  it('is a reading a row where there are quantity and value', () => {
    const row = { zone: 'west', value: '1.5', time: '2026-01-01T00:00:00Z', device: ' d ', quantity: 'pm10' };
    expect(readingsOf(row)).toEqual([{ device: 'd', time: '2026-01-01T00:00:00Z', quantity: 'pm10', value: '1.5' }]);
    expect(readingsOf({ ...row, channel: 'T1', unit: 'ug/m3', quality: 'bad', every: '900' })).toEqual([
      {
        ...{ device: 'd', time: '2026-01-01T00:00:00Z', channel: 'T1', quality: 'bad', every: 900 },
        ...{ quantity: 'pm10', unit: 'ug/m3', value: '1.5' },
      },
    ]);
    expect(layoutOf(Object.keys(row)).columnsIgnored).toEqual(['zone']);
  });

  it('is a column a quantity otherwise, and an empty cell is no reading', () => {
    const row = { device: 7, time: 5, no2: 1, pm10: '', pm2_5: null, temperature: 0, other: 9 };
    expect(readingsOf(row)).toEqual([
      { device: '7', time: 5, quantity: 'no2', value: 1 },
      { device: '7', time: 5, quantity: 'temperature', value: 0 },
    ]);
    expect(layoutOf(Object.keys(row)).columnsIgnored).toEqual(['other']);
  });

  it('reads columns of other names by what they are named for', () => {
    const row = { sensor: 'd', at: 5, 'PM 2.5': 3, no2: 4 };
    expect(readingsOf(row, { device: 'sensor', time: 'at', pm2_5: 'PM 2.5' })).toEqual([
      { device: 'd', time: 5, quantity: 'pm2_5', value: 3 },
      { device: 'd', time: 5, quantity: 'no2', value: 4 },
    ]);
  });

  it('leaves what is no number of seconds to whoever refuses it', () => {
    expect(readingsOf({ device: 'd', time: 5, quantity: 'no2', value: 1, every: '15m' })).toMatchObject([
      { every: '15m' },
    ]);
  });

  it('is refused with what is missing, what there is, and what is allowed', () => {
    expect(() => layoutOf(['device', 'time', 'value'])).toThrow(
      'cannot import a.csv: needed are device, time, and either quantity and value or columns named as quantities; it has "device", "time", "value"',
    );
    expect(() => layoutOf(['time', 'quantity', 'value'])).toThrow('needed are device');
    expect(() => layoutOf(['device', 'time', 'no2', 'no2'])).toThrow('two of its columns are called "no2"');
    expect(() => layoutOf(['device', 'time', 'no2'], { dev: 'device' })).toThrow(
      '"dev" is no field; allowed are device,',
    );
    expect(() => layoutOf(['device', 'time', 'no2'], { time: 'utc' })).toThrow('it has no column "utc" for time');
  });
});
