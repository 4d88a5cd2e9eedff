import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Job } from '../../src/jobs/index.ts';
import { createHttpServer, type HttpViews, type Orders } from '../../src/views/http/index.ts';
import { type ReportResult, reportJob } from '../../src/workers/report-job.ts';
import { readCsv } from '../unit/views/reports/support.ts';
import { violations } from './support/axe.ts';
import { CHROMIUM, hasBrowser, openBrowser, type TestBrowser } from './support/browser.ts';
import { FAKE_KPIS } from './support/fake-kpis.ts';
import { createFakeSources } from './support/fake-sources.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const OF_DAY = ['air-no2-hour', 'air-pm2-5-24h', 'air-pm2-5-year', 'noise-lden-day', 'water-night-flow', 'water-loss'];
const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };

describe.skipIf(!hasBrowser)(`a report in a browser (skipped without ${CHROMIUM})`, () => {
  let browser: TestBrowser;
  let server: HttpViews;
  let url: string;
  let folder: string;
  const made = new Map<string, ReportResult>();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vitals-report-'));
    const [webFolder, reportsFolder] = [join(folder, 'web'), join(folder, 'reports')];
    const configFile = fileURLToPath(new URL('../../web/vite.config.ts', import.meta.url));
    await build({ configFile, logLevel: 'error', build: { outDir: webFolder, emptyOutDir: true } });
    const sources = createFakeSources({ deviceCount: 20 });
    // The day has every kind of row, and few enough of them for axe-core; the others are of all KPIs.
    const few = FAKE_KPIS.filter(({ id }) => OF_DAY.includes(id));
    for (const [period, kpis] of [
      ['2026-06-17', few],
      ['2026-06', FAKE_KPIS],
    ] as const) {
      const handler = reportJob({ sources: { ...sources, kpis }, clock: sources.clock, reportsFolder });
      const context = {
        ...{ job: { input: { zone: 'riverside', period } } as Job, signal: new AbortController().signal },
        ...{ progress: async () => undefined, checkpoint: async () => undefined },
      };
      made.set(period, (await handler(context)) as ReportResult);
    }
    const options = { webFolder, log, clock: sources.clock, orders: {} as Orders, reportsFolder };
    server = createHttpServer(sources, options);
    ({ url } = await server.open());
    browser = await openBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  async function visit(period: string, options: Parameters<TestBrowser['newPage']>[0] = {}) {
    const opened = await browser.newPage(options);
    await opened.page.goto(`${url}/api/v1/reports/riverside-${period}.html`);
    return opened;
  }

  test('axe-core finds nothing, in light and dark', async () => {
    const { page, errors } = await visit('2026-06-17');
    // What is out of sight is drawn too, or it would not be looked at.
    await page.evaluate(
      "for (const each of document.querySelectorAll('.long')) each.style.contentVisibility = 'visible'",
    );
    await page.evaluate(AXE);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await violations(page), colorScheme).toEqual([]);
    }
    expect(errors).toEqual([]);
    await page.close();
  }, 180_000);

  test('its style is let through by the policy, is another in the dark, and light on paper', async () => {
    const { page, errors } = await visit('2026-06-17');
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(await ground()).toBe('rgb(243, 245, 246)');
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await ground()).toBe('rgb(16, 21, 23)');
    await page.emulateMedia({ colorScheme: 'dark', media: 'print' });
    expect(await ground()).toBe('rgb(255, 255, 255)');
    expect(await page.evaluate("getComputedStyle(document.querySelector('.kpi .scroll')).overflowY")).toBe('visible');
    expect(errors).toEqual([]);
    await page.close();
  }, 120_000);

  test('its tables have the rows of the CSV beside it', async () => {
    const { page } = await visit('2026-06');
    const rows = readCsv(readFileSync(made.get('2026-06')!.csv, 'utf8'));
    const titles = [...new Set(rows.map(({ title }) => title!))];
    expect(titles.length).toBeGreaterThan(8);
    const tables = (await page.evaluate(
      "[...document.querySelectorAll('table')].map((table) => [table.caption.textContent, table.querySelectorAll('th[scope=row]').length])",
    )) as [caption: string, rows: number][];
    const windows = (title: string) => rows.filter((row) => row.part === 'window' && row.title === title).length;
    expect(tables.map(([caption, count]) => [caption.split(': ')[0], count])).toEqual([
      ['Each KPI in the month, by domain', titles.length],
      ...titles.map((title) => [title, windows(title)]),
    ]);
    const csv = page.getByRole('link', { name: 'CSV' });
    const [download] = await Promise.all([page.waitForEvent('download'), csv.click()]);
    expect(download.suggestedFilename()).toBe('riverside-2026-06.csv');
    await page.close();
  }, 120_000);

  test('"Why?" leads to the panel of that very value on the page', async () => {
    const { page } = await visit('2026-06-17');
    const table = page.getByRole('table', { name: /^NO₂, hourly mean: 24 windows/ });
    const row = table.locator('tbody tr').nth(14);
    expect(await row.locator('th').textContent()).toContain('2026-06-17 14:00');
    await row.getByRole('link', { name: 'Why?' }).click();
    const panel = page.getByRole('dialog', { name: /Why this number\?.*NO₂, hourly mean/ });
    await panel.getByText('17 Jun, 14:00 – 17 Jun, 15:00').waitFor();
    await panel.getByRole('button', { name: 'Close' }).click();
    await panel.waitFor({ state: 'detached' });
    await expect.poll(() => page.url()).toMatch(/#\/kpi\/air-no2-hour\/riverside$/);
    await page.close();
  }, 120_000);

  test('is read from the disk as well, and is no wider than a screen of 360 pixels', async () => {
    const { page, errors } = await browser.newPage({ width: 360, height: 740, dark: true });
    await page.goto(pathToFileURL(made.get('2026-06')!.html).href);
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(16, 21, 23)');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    expect(errors).toEqual([]);
    await page.close();
  }, 120_000);
});
