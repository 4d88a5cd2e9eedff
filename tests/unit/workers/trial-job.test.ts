import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { citySchema } from '../../../src/config/index.ts';
import type { JobContext } from '../../../src/jobs/index.ts';
import type { KpiValue } from '../../../src/model/index.ts';
import { TRIAL_FILES_MAX, writeTrialFile } from '../../../src/workers/trial-file.ts';
import { trialJob } from '../../../src/workers/trial-job.ts';
import { type TrialAsked, trialDefinition, trialOrder } from '../../../src/workers/trial-order.ts';

const CITY = citySchema.parse({
  city: { id: 'town', name: 'Town', timeZone: 'UTC' },
  zones: [{ id: 'west', name: 'West', population: 1_000 }],
  kpis: [
    {
      ...{ id: 'own-fine', title: 'Fine', unit: 'ug/m3', window: 'day', years: 'mean', expression: 'fine' },
      inputs: { fine: { quantity: 'pm2_5', stat: 'mean' } },
    },
  ],
});
const TIMES = { fromMs: 0, toMs: 1_000_000 };
const VALUE: KpiValue = {
  ...{ kpi: 'own-fine', zone: 'west', window: 'day', startMs: 0, endMs: 86_400_000, value: 1.5, band: null },
  ...{ validCount: 3, expectedCount: 4, coverage: 0.75, valid: true, deviceCount: 1, coveredPopulation: 9 },
  ...{ revision: 0, final: true, watermarkMs: 0, method: '', note: 'a, b' },
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trial-job-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the order of a trial', () => {
  const ordered = (asked: Partial<TrialAsked>) => trialOrder(CITY, { ...TIMES, scopes: [], ...asked });

  it('names a KPI of the city, switched on or not, one of its years, or one of the product', () => {
    expect(ordered({ kpi: 'own-fine' })).toEqual({ ...TIMES, kpi: 'own-fine', scopes: ['town'] });
    expect(trialDefinition(CITY, ordered({ kpi: 'own-fine-year' })).window).toBe('year');
    expect(ordered({ kpi: 'air-pm2-5-hour', scopes: ['west', 'device:a', 'west'] }).scopes).toEqual([
      'west',
      'device:a',
    ]);
  });

  it('takes a definition, or one of the ids that it makes', () => {
    const definition = { ...CITY.kpis[0], id: 'own-other' };
    expect(ordered({ definition })).toMatchObject({ kpi: 'own-other', own: { expression: 'fine' } });
    expect(ordered({ definition, kpi: 'own-other-365d' }).kpi).toBe('own-other-365d');
    expect(() => ordered({ definition, kpi: 'own-fine' })).toThrow(
      'known are own-other, own-other-365d, own-other-year',
    );
  });

  it.each([
    [{ ...CITY.kpis[0], expression: 'coarse' }, 'expression uses the unknown name "coarse"'],
    [{ ...CITY.kpis[0], window: 'fortnight' }, 'window: "fortnight" is not allowed; allowed are '],
    [{ ...CITY.kpis[0], colour: 'red' }, 'colour'],
    ['a text', 'expected object'],
  ])('refuses a definition with what is wrong', (definition, message) => {
    expect(() => ordered({ definition })).toThrow(message);
    expect(() => ordered({ definition })).toThrow(expect.objectContaining({ code: 'kpi_invalid' }));
  });

  it('refuses what is not known, and what has no end', () => {
    expect(() => ordered({ kpi: 'air-pm25' })).toThrow(/no such KPI; known are .*air-pm2-5-hour/);
    expect(() => ordered({})).toThrow('without its id or its definition');
    const scopes = Array.from({ length: 1_001 }, (_, at) => `device:${at}`);
    expect(() => ordered({ kpi: 'own-fine', scopes })).toThrow('for 1001 zones; at most 1000 are allowed');
  });
});

describe('the file of a trial', () => {
  it('has a line a value, and nothing is left beside it', () => {
    writeFileSync(join(folder, '1.csv.part'), 'half');
    const values = Array.from({ length: 12_000 }, (_, at) => ({ ...VALUE, startMs: at * 1_000, value: at }));
    writeTrialFile(join(folder, '2.csv'), [...values, { ...VALUE, value: null }]);
    const lines = readFileSync(join(folder, '2.csv'), 'utf8').split('\r\n');
    expect(lines).toHaveLength(12_001 + 2);
    expect(lines[0]).toBe(
      'kpi,zone,start,end,value,band,valid,validCount,expectedCount,coverage,deviceCount,coveredPopulation,final,note',
    );
    expect(lines[5_001]).toBe(
      'own-fine,west,1970-01-01T01:23:20.000Z,1970-01-02T00:00:00.000Z,5000,,true,3,4,0.75,1,9,true,"a, b"',
    );
    expect(lines[12_001]).toContain('T00:00:00.000Z,,,true');
    expect(readdirSync(folder)).toEqual(['2.csv']);
  });

  it('takes the place of the oldest where there are too many', () => {
    for (let at = 0; at < TRIAL_FILES_MAX; at++) {
      writeFileSync(join(folder, `${at}.csv`), '');
      utimesSync(join(folder, `${at}.csv`), 1_000 + at, 1_000 + at);
    }
    writeTrialFile(join(folder, 'new.csv'), [VALUE]);
    expect(readdirSync(folder)).toHaveLength(TRIAL_FILES_MAX);
    expect([existsSync(join(folder, '0.csv')), existsSync(join(folder, '1.csv'))]).toEqual([false, true]);
  });
});

describe('the job of a trial', () => {
  /** A store that answers nothing. */
  async function run(input: unknown, signal: AbortSignal): Promise<unknown> {
    const { port1, port2 } = new MessageChannel();
    const handler = trialJob({ city: CITY, readerPort: () => port2, trialsFolder: folder });
    try {
      return await handler({
        job: { id: '1', input },
        signal,
        progress: async () => undefined,
      } as unknown as JobContext);
    } finally {
      port1.close();
    }
  }

  it('ends its thread when it is cancelled, whatever that waits for', async () => {
    const abort = new AbortController();
    const job = run(trialOrder(CITY, { ...TIMES, kpi: 'own-fine', scopes: [] }), abort.signal);
    setImmediate(() => abort.abort(new Error('cancelled')));
    await expect(job).rejects.toThrow('cancelled');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('fails with what its thread says, when the KPI is not there any more', async () => {
    const job = run({ ...TIMES, kpi: 'own-gone', scopes: ['town'] }, new AbortController().signal);
    await expect(job).rejects.toThrow('cannot try "own-gone": there is no such KPI');
  });
});
