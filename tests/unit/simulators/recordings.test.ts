import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  findRecording,
  loadMapping,
  parseMapping,
  RowMapper,
  readRecording,
} from '../../../simulators/replay/index.ts';
import { citySchema, loadConfig } from '../../../src/config/index.ts';

const ROOT = join(import.meta.dirname, '../../..');
const EXCERPTS = join(ROOT, 'tests/recordings');
const SHIPPED = join(ROOT, 'simulators/recordings');
const folders = (path: string) =>
  readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(path, entry.name));

async function compareWithUtc(path: string) {
  const place = findRecording(path);
  const mapper = new RowMapper(loadMapping(place).mapping);
  const result = { rows: 0, defined: 0, different: [] as string[], undefinedWithTime: 0, unmapped: 0 };
  for await (const { rows } of readRecording(place.file)) {
    for (const row of rows) {
      result.rows++;
      const { reading } = mapper.map(row);
      if (reading === undefined) result.unmapped++;
      else if (row.utc === '') result.undefinedWithTime += reading.timeMs === null ? 0 : 1;
      else {
        result.defined++;
        const got = reading.timeMs === null ? 'null' : `${new Date(reading.timeMs).toISOString().slice(0, 19)}Z`;
        if (got !== row.utc) result.different.push(`${row.device} ${row.time}: ${got}, not ${row.utc}`);
      }
    }
  }
  return result;
}

describe('mappings of real recordings', () => {
  test.each([...folders(EXCERPTS), ...folders(SHIPPED)])('give the instants of the recording: %s', async (path) => {
    const { rows, defined, different, undefinedWithTime, unmapped } = await compareWithUtc(path);
    expect(different).toEqual([]);
    expect(unmapped).toBe(0);
    expect(rows).toBeGreaterThan(1000);
    // Noise has no zone and so no instants of its own; Madrid's are missing for the hour that does not exist.
    if (path.includes('noise-canada')) expect(defined).toBe(0);
    else expect(undefinedWithTime).toBe(0);
  });

  test('cover both changes of the clock in the excerpts', () => {
    const text = gunzipSync(readFileSync(join(EXCERPTS, 'water-ferrara-dma/data.csv.gz'))).toString('utf8');
    expect(text.match(/^DMA-1,30\/10\/2022 02:00,/gm)).toHaveLength(2);
    expect(text).not.toContain('DMA-1,27/03/2022 02:00,');
  });

  test('are all valid', () => {
    const folder = join(ROOT, 'simulators/replay/mappings');
    const files = readdirSync(folder);
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) {
      expect(`${parseMapping(readFileSync(join(folder, file), 'utf8'), file).recording}.yaml`).toBe(file);
    }
  });
});

describe('shipped recordings', () => {
  test('name their source and terms, and are small', () => {
    let bytes = 0;
    for (const folder of folders(SHIPPED)) {
      expect(readFileSync(join(folder, 'README.md'), 'utf8')).toMatch(/licen[cs]e|Origen de los datos/i);
      bytes += readFileSync(join(folder, 'data.csv.gz')).length;
    }
    expect(readFileSync(join(SHIPPED, 'air-madrid/README.md'), 'utf8')).toContain(
      'Origen de los datos: Ayuntamiento de Madrid',
    );
    expect(bytes).toBeLessThan(4 * 2 ** 20);
  });
});

describe('cities', () => {
  const load = (name: string) =>
    loadConfig({ file: join(ROOT, 'cities', name, 'city.yaml'), dataFolder: '/nowhere', environment: {} });

  test('are valid configurations', () => {
    for (const { name } of readdirSync(join(ROOT, 'cities'), { withFileTypes: true })) {
      if (existsSync(join(ROOT, 'cities', name, 'city.yaml'))) expect(load(name).city.name).not.toBe('');
    }
  });

  test('the minimal city shows every default as it is', () => {
    const bare = loadConfig({
      file: join(import.meta.dirname, 'bare-city.yaml'),
      dataFolder: '/nowhere',
      environment: {},
    });
    const minimal = load('minimal');
    for (const section of [
      'noise',
      'water',
      'outages',
      'mqtt',
      'http',
      'journal',
      'windows',
      'snapshot',
      'store',
      'log',
    ] as const) {
      expect({ [section]: minimal[section] }).toEqual({ [section]: bare[section] });
    }
  });

  test('the minimal city has every section', () => {
    const text = readFileSync(join(ROOT, 'cities/minimal/city.yaml'), 'utf8');
    // As a comment where a section has no default.
    const sections = [...text.matchAll(/^(?:# )?([a-zA-Z]+):(?: |$)/gm)].map(([, name]) => name!);
    expect(Object.keys(citySchema.shape).filter((key) => !sections.includes(key))).toEqual([]);
  });

  test('the demonstration city places every device of the shipped recordings', async () => {
    const { devices } = load('demo');
    const fits = (id: string) =>
      devices.some(({ match }) => (match.endsWith('*') ? id.startsWith(match.slice(0, -1)) : match === id));
    for (const folder of folders(SHIPPED)) {
      const place = findRecording(folder);
      const ids = new Set<string>();
      for await (const { rows } of readRecording(place.file))
        for (const row of rows) ids.add(`${place.name}:${row.device}`);
      expect([...ids].filter((id) => !fits(id))).toEqual([]);
    }
  });
});
