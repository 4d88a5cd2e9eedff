import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkUnchanged, importOrder } from '../../../src/workers/import-order.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vitals-imports-'));
  mkdirSync(join(folder, 'imports', 'old'), { recursive: true });
  mkdirSync(join(folder, 'imports-of-others'));
  for (const file of [
    'imports/a.csv',
    'imports/old/b.CSV.GZ',
    'imports/c.parquet',
    'imports/d.txt',
    'imports/e[1].csv',
  ])
    writeFileSync(join(folder, file), 'x');
  for (const file of ['secret.csv', 'imports-of-others/a.csv']) writeFileSync(join(folder, file), 'x');
  symlinkSync(join(folder, 'secret.csv'), join(folder, 'imports', 'link.csv'));
  symlinkSync(join(folder, 'imports', 'a.csv'), join(folder, 'imports', 'inner.csv'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const orderOf = (name: string) => importOrder(folder, name, {});
const refusal = (name: string) => {
  try {
    return orderOf(name).file;
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

describe('a file to be imported', () => {
  it('lies below the folder of imports, and is named by its path there or in full', () => {
    expect(orderOf('a.csv')).toMatchObject({ format: 'csv', bytes: 1 });
    expect(orderOf('old/../old/b.CSV.GZ')).toMatchObject({ format: 'csv' });
    expect(orderOf(join(folder, 'imports', 'c.parquet'))).toMatchObject({ format: 'parquet' });
    expect(orderOf('inner.csv').file).toMatch(/\/imports\/a\.csv$/);
  });

  it('is not looked for anywhere else, by dots, full paths or links', () => {
    for (const name of [
      '../secret.csv',
      join(folder, 'secret.csv'),
      '/etc/passwd',
      '.',
      '',
      '../imports-of-others/a.csv',
    ])
      expect(refusal(name), name).toBe('import_outside');
    expect(refusal('link.csv')).toBe('import_outside');
    expect(refusal('../none.csv')).toBe('import_outside');
  });

  it('is there, and of a kind that can be read', () => {
    expect([refusal('none.csv'), refusal('old'), refusal('a.csv\0')]).toEqual(Array(3).fill('import_missing'));
    expect([refusal('d.txt'), refusal('e[1].csv')]).toEqual(Array(2).fill('import_format'));
    expect(() => importOrder(folder, 'a.csv', { place: 'zone' })).toThrow('"place" is no field; allowed are device,');
  });

  it('is not gone on with once it is another one', () => {
    const order = orderOf('a.csv');
    checkUnchanged(order);
    utimesSync(order.file, 1, 1);
    expect(() => checkUnchanged(order)).toThrow('it was changed since it was ordered');
    expect(() => checkUnchanged({ ...order, file: join(folder, 'gone.csv') })).toThrow('it is gone since');
  });
});
