import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { DAY_MS } from '../../src/base/index.ts';
import { findRecording, loadMapping, type RecordedRow, readRecording, RowMapper, timeSpan } from '../replay/index.ts';

/*
 * Makes the excerpts beside this file out of the whole recordings:
 *   node simulators/recordings/make-excerpts.ts <folder that holds one folder a recording>
 * Rows are taken as they are, text and order; only rows and devices are chosen. README and licence are written by hand.
 */

interface Excerpt {
  readonly recording: string;
  /** Days before the newest reading. */
  readonly days: number;
}

/** Ten days and a day of shifting fit the horizon of the demonstration city (`cities/demo/city.yaml`). */
const EXCERPTS: readonly Excerpt[] = [
  { recording: 'noise-canada', days: 10 },
  { recording: 'water-ferrara-dma', days: 10 },
  { recording: 'energy-konstanz', days: 10 },
  { recording: 'air-madrid', days: 10 },
  { recording: 'air-berlin-opensensemap', days: 10 },
  { recording: 'air-epa-lowcost', days: 10 },
];

const HEADER = ['device', 'time', 'zone', 'quantity', 'unit', 'value', 'flag', 'utc'] as const;

async function makeExcerpt({ recording, days }: Excerpt, from: string, to: string): Promise<string> {
  const place = findRecording(join(from, recording));
  const { mapping } = loadMapping(place);
  const { newestMs } = await timeSpan(place, mapping, { order: 'file' });
  const fromMs = newestMs - days * DAY_MS;
  const mapper = new RowMapper(mapping);
  const lines = [HEADER.join(',')];
  const devices = new Set<string>();
  for await (const { rows } of readRecording(place.file)) {
    for (const row of rows) {
      const timeMs = mapper.map(row).reading?.timeMs;
      if (timeMs === undefined || timeMs === null || timeMs <= fromMs) continue;
      devices.add(row.device);
      lines.push(csvLine(row));
    }
  }
  const bytes = gzipSync(`${lines.join('\n')}\n`, { level: 9 });
  const folder = join(to, recording);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'data.csv.gz'), bytes);
  return `${recording}: ${lines.length - 1} rows of ${devices.size} devices, ${bytes.length} bytes`;
}

function csvLine(row: RecordedRow): string {
  return HEADER.map((column) => (/[",\r\n]/.test(row[column]) ? `"${row[column].replaceAll('"', '""')}"` : row[column])).join(',');
}

const source = process.argv[2];
if (source === undefined) {
  process.stderr.write('say where the whole recordings are: make-excerpts.ts <folder>\n');
  process.exitCode = 1;
} else {
  const target = dirname(fileURLToPath(import.meta.url));
  for (const excerpt of EXCERPTS) process.stdout.write(`${await makeExcerpt(excerpt, resolve(source), target)}\n`);
}
