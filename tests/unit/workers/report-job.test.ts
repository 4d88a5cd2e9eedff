import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Disk, manualClock, OperatingError } from '../../../src/base/index.ts';
import type { Job, JobContext } from '../../../src/jobs/index.ts';
import { nodeFileSystem } from '../../../src/journal/local/index.ts';
import { readReportFile, reportFile } from '../../../src/views/index.ts';
import { type ReportResult, reportJob } from '../../../src/workers/report-job.ts';
import { plantTree } from '../../tidy/support/source-tree.ts';
import { DAILY, HOURLY, kpiValue, MADE_AT_MS, readCsv, sourcesOf } from '../views/reports/support.ts';

const DAY_MS = Temporal.Instant.from('2026-02-28T23:00Z').epochMilliseconds;
const VALUES = [kpiValue(HOURLY, DAY_MS, 3), kpiValue(DAILY, DAY_MS, 4)];

interface Options {
  readonly disk?: Disk;
  readonly input?: unknown;
  readonly signal?: AbortSignal;
  readonly values?: typeof VALUES;
}

/** Runs the job; the folder of the reports, how far it said it was, and what it gave back. */
async function made(folder: string, { disk, input, signal, values = VALUES }: Options = {}) {
  const progress: number[] = [];
  const context: JobContext = {
    job: { input: input ?? { zone: 'west', period: '2026-03-01' } } as Job,
    progress: async (ratio) => void progress.push(ratio),
    checkpoint: async () => undefined,
    signal: signal ?? new AbortController().signal,
  };
  const handler = reportJob({
    ...{ sources: sourcesOf({ kpis: [HOURLY, DAILY], values }), clock: manualClock(MADE_AT_MS), reportsFolder: folder },
    ...(disk === undefined ? {} : { disk }),
  });
  return { result: (await handler(context)) as ReportResult, progress };
}

describe('the job', () => {
  test('writes both files, tells where, and how far it is', async () => {
    const folder = join(plantTree({}), 'reports');
    const { result, progress } = await made(folder);
    expect(readdirSync(folder).sort()).toEqual(['west-2026-03-01.csv', 'west-2026-03-01.html']);
    const [html, csv] = [readFileSync(result.html), readFileSync(result.csv)];
    expect(result).toEqual({
      ...{ html: join(folder, 'west-2026-03-01.html'), csv: join(folder, 'west-2026-03-01.csv') },
      ...{ bytes: html.length + csv.length, values: 2, isFinal: true },
    });
    expect(readCsv(csv.toString()).map(({ value }) => value)).toEqual(['', '4', '3', '4']);
    expect(html.toString()).toMatch(/^<!doctype html>.*<\/html>\n$/s);
    expect(progress).toEqual([0.45, 0.9]);
  });

  test('says the same when it is run again, and what holds then when values were corrected', async () => {
    const folder = plantTree({});
    await made(folder);
    const first = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    await made(folder);
    expect(readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual(first);
    const { result } = await made(folder, { values: [kpiValue(DAILY, DAY_MS, 9, { revision: 1, reason: 'late' })] });
    expect(readCsv(readFileSync(result.csv, 'utf8'))[0]).toMatchObject({ value: '9', revision: '1', reason: 'late' });
  });

  test('leaves what was there as it is, and nothing else, when it is cancelled or the disk is full', async () => {
    const folder = plantTree({ 'west-2026-03-01.html': 'before', 'west-2026-03-01.csv': 'before' });
    const abort = new AbortController();
    const full: Disk = {
      ...nodeFileSystem,
      open: async (path, mode) => {
        const file = await nodeFileSystem.open(path, mode);
        return path.includes('.csv')
          ? { ...file, datasync: () => Promise.reject(new Error('ENOSPC: no space')) }
          : file;
      },
    };
    await expect(made(folder, { disk: full })).rejects.toThrow(
      expect.objectContaining({
        code: 'report_unwritable',
        message: expect.stringMatching(/west-2026-03-01\.html: ENOSPC/),
      }),
    );
    const slow: Disk = {
      ...nodeFileSystem,
      makeFolder: async () => abort.abort(new OperatingError('job_cancelled', 'cancelled')),
      rename: async () => expect.fail('a cancelled report took the place of another'),
    };
    const many = Array.from({ length: 2_000 }, () => VALUES[0]!);
    await expect(made(folder, { disk: slow, signal: abort.signal, values: many })).rejects.toThrow('cancelled');
    await expect(made(folder, { signal: abort.signal })).rejects.toThrow('cancelled');
    expect(readdirSync(folder).sort()).toEqual(['west-2026-03-01.csv', 'west-2026-03-01.html']);
    for (const name of readdirSync(folder)) expect(readFileSync(join(folder, name), 'utf8')).toBe('before');
  });

  test('renames what is synced, and syncs the folder at last', async () => {
    const steps: string[] = [];
    const noted: Disk = {
      ...nodeFileSystem,
      open: async (path, mode) => {
        const file = await nodeFileSystem.open(path, mode);
        return { ...file, datasync: async () => void steps.push(`sync ${path.split('.').slice(1).join('.')}`) };
      },
      rename: async (_from, to) => void steps.push(`rename ${to.split('.').at(-1)}`),
      syncFolder: async () => void steps.push('folder'),
    };
    await made(plantTree({}), { disk: noted });
    expect(steps).toEqual(['sync html.part', 'sync csv.part', 'rename html', 'rename csv', 'folder']);
  });

  test('writes nothing for a zone or a period that there is not', async () => {
    const root = plantTree({});
    const folder = join(root, 'reports');
    mkdirSync(folder);
    writeFileSync(join(root, 'secret'), 'x');
    for (const input of [
      { zone: '../secret', period: '2026-03-01' },
      { zone: 'west', period: '../../2026' },
      { zone: 'west', period: '2026-02-30' },
    ])
      await expect(made(folder, { input })).rejects.toThrow(/^cannot report on the/);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('the name of a report', () => {
  test('leads back to its order, whatever dashes and digits the zone has', () => {
    const orders = ['west', 'west-2026', '2026', '2026-03', 'a'].flatMap((zone) =>
      ['2026', '2026-03', '2026-03-01'].map((period) => ({ zone, period })),
    );
    const names = orders.map((order) => reportFile(order, 'html'));
    expect(new Set(names).size).toBe(orders.length);
    expect(names.map(readReportFile)).toEqual(orders.map((order) => ({ ...order, format: 'html' })));
  });

  test('leads to no other folder', () => {
    for (const zone of ['..', '../..', 'a/b', '.', 'a\0b', 'a\\b']) {
      const name = reportFile({ zone, period: '2026' }, 'csv');
      expect(name).not.toMatch(/[/\\\0]|\.\./);
      expect(readReportFile(name)).toBeUndefined();
    }
    for (const name of ['../a-2026.csv', 'a-2026.csv.part', 'a-2026.exe', 'a-2026', '-2026.csv', 'A-2026.csv', ''])
      expect(readReportFile(name)).toBeUndefined();
  });
});
