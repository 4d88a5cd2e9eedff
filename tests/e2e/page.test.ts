import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHttpServer, type HttpViews } from '../../src/views/http/index.ts';
import type { LiveUpdate } from '../../src/views/index.ts';
import { loadAxe, violations } from './support/axe.ts';
import { CHROMIUM, hasBrowser, openBrowser, type TestBrowser, type TestPage } from './support/browser.ts';
import { buildPage } from './support/built-page.ts';
import { createFakeSources, type FakeSources, newestValue } from './support/fake-sources.ts';

const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };

describe.skipIf(!hasBrowser)(`operators' page (skipped without ${CHROMIUM})`, () => {
  let browser: TestBrowser;
  let sources: FakeSources;
  let server: HttpViews;
  let url: string;
  let built: Awaited<ReturnType<typeof buildPage>>;
  let folder: string;

  beforeAll(async () => {
    built = await buildPage();
    folder = built.folder;
    sources = createFakeSources({ deviceCount: 120 });
    server = createHttpServer(sources, { webFolder: folder, log, clock: sources.clock });
    ({ url } = await server.open());
    browser = await openBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    built?.remove();
  });

  async function visit(hash: string, options: Parameters<TestBrowser['newPage']>[0] = {}): Promise<TestPage> {
    const opened = await browser.newPage(options);
    await opened.page.goto(`${url}/${hash}`);
    await opened.page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
    return opened;
  }

  const push = (update: Partial<LiveUpdate>) => sources.push(update);

  test('tiles show value, unit, band, coverage, standing and target of the city', async () => {
    const { page, errors } = await visit('#/overview');
    const tile = page.locator('article[data-kpi="air-pm2-5-24h"]');
    const held = newestValue('air-pm2-5-24h', 'marenza');
    const text = await tile.innerText();
    expect(text).toContain(held.value!.toFixed(1));
    expect(text).toContain('µg/m³');
    expect(text).toContain(['Low', 'Moderate', 'High', 'Very high'][held.band! - 1]);
    expect(text).toContain(`${held.validCount}/${held.expectedCount}`);
    expect(text).toContain('provisional');
    expect(text).toContain('Target ≤ 15');
    expect(await page.locator('h1').innerText()).toBe('Marenza');
    // 14:25 UTC is 16:25 in Madrid in June: the page tells the city's time.
    expect(await page.locator('header').innerText()).toMatch(/16:2\d:\d\d\s*CEST/);
    expect(errors).toEqual([]);
    await page.close();
  });

  test('a value that changes appears without a reload, and a late older window does not replace it', async () => {
    const { page } = await visit('#/overview/harbour');
    const tile = page.locator('article[data-kpi="air-no2-hour"]');
    const value = newestValue('air-no2-hour', 'harbour', { value: 123.4, band: 4 });
    push({ kpis: [value] });
    await tile.getByText('123.4').waitFor();
    expect(await tile.innerText()).toContain('Very high');
    push({
      kpis: [
        { ...value, startMs: value.startMs - 3_600_000, endMs: value.endMs - 3_600_000, value: 55.5, revision: 3 },
      ],
    });
    push({ kpis: [newestValue('air-o3-8h', 'harbour', { value: 11.1 })] });
    await page.getByText('11.1').waitFor();
    expect(await tile.innerText()).toContain('123.4');
    push({ kpis: [newestValue('air-no2-hour', 'harbour')] });
    await page.close();
  });

  test('a value that does not meet its rule is marked, with the rule, once its window is over', async () => {
    const { page } = await visit('#/overview/riverside');
    const tile = page.locator('article[data-kpi="water-night-flow"]');
    expect(await tile.innerText()).toMatch(/So far\s*will need every quarter-hour between 02:00 and 05:00/);
    push({ kpis: [{ ...newestValue('water-night-flow', 'riverside'), final: true }] });
    await tile.getByText('Not valid').waitFor();
    expect(await tile.innerText()).toMatch(/Not valid\s*needs every quarter-hour between 02:00 and 05:00/);
    await page.close();
  });

  test('a target is met or missed by a value that is valid, and by no other', async () => {
    const { page } = await visit('#/overview/harbour');
    const tile = page.locator('article[data-kpi="air-pm2-5-24h"]');
    push({ kpis: [newestValue('air-pm2-5-24h', 'harbour', { value: 99.9, valid: true })] });
    await tile.getByText('99.9').waitFor();
    expect(await tile.innerText()).toMatch(/Target ≤ 15\s*missed/);
    push({ kpis: [newestValue('air-pm2-5-24h', 'harbour', { value: 98.8, valid: false, final: true })] });
    await tile.getByText('98.8').waitFor();
    expect(await tile.innerText()).toMatch(/Target ≤ 15(?!\s*m)/);
    push({ kpis: [newestValue('air-pm2-5-24h', 'harbour')] });
    await page.close();
  });

  test('the table behind the chart has the same values as the API', async () => {
    const { page, errors } = await visit('#/kpi/air-no2-hour/harbour?period=24h');
    await page.locator('.plot canvas').waitFor();
    expect(await page.locator('.plot').getAttribute('aria-label')).toMatch(/NO₂, hourly mean in Harbour: \d+ values/);
    await page.getByRole('button', { name: 'Table' }).click();
    const cells = await page
      .getByRole('region', { name: /newest first/ })
      .locator('tbody tr')
      .evaluateAll((rows) => rows.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent)));
    const newest = newestValue('air-no2-hour', 'harbour');
    const query = `from=${new Date(newest.startMs - 86_400_000).toISOString()}&to=${new Date(newest.startMs + 1).toISOString()}`;
    const { values } = (await (await fetch(`${url}/api/v1/kpis/air-no2-hour?zone=harbour&${query}`)).json()) as {
      values: { value: number; validCount: number; expectedCount: number }[];
    };
    expect(values.length).toBe(25);
    expect(cells.map((row) => row[2])).toEqual(values.map(({ value }) => value.toFixed(1)).reverse());
    expect(cells.map((row) => row[4]?.split(' ')[0])).toEqual(
      values.map((row) => `${row.validCount}/${row.expectedCount}`).reverse(),
    );
    expect(errors).toEqual([]);
    await page.close();
  });

  test('a history of several answers is shown to its newest value, and what is left out is said', async () => {
    const { page, errors } = await visit('#/overview/harbour');
    let limit = 10;
    await page.route('**/api/v1/kpis/air-no2-hour?**', (route) =>
      route.continue({ url: `${route.request().url()}&limit=${limit}` }),
    );
    await page.goto(`${url}/#/kpi/air-no2-hour/harbour?period=24h`);
    await page.getByRole('button', { name: 'Table' }).click();
    await page.getByRole('button', { name: 'All revisions' }).click();
    const rows = page.getByRole('region', { name: /newest first/ }).locator('tbody tr');
    await expect.poll(() => rows.count()).toBe(25);
    limit = 2;
    await page.getByLabel('7 days').check();
    await page.getByText(/There are too many values for one view: those before 18 Jun.* are left out/).waitFor();
    expect(await rows.count()).toBeLessThanOrEqual(10);
    const { endMs } = newestValue('air-no2-hour', 'harbour');
    expect(await rows.first().innerText()).toContain(`${new Date(endMs + 2 * 3_600_000).toISOString().slice(11, 16)}`);
    expect(errors).toEqual([]);
    await page.close();
  });

  test('the back button returns to where one was, and titles follow', async () => {
    const { page } = await visit('#/overview/harbour');
    await page.getByRole('link', { name: 'LAeq of the hour' }).click();
    await page.getByRole('heading', { level: 1, name: /LAeq of the hour/ }).waitFor();
    await expect.poll(() => page.title()).toContain('LAeq of the hour');
    await page.getByLabel('30 days').check();
    await expect.poll(() => page.url()).toContain('period=30d');
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: 'Harbour' }).waitFor();
    expect(page.url()).toContain('#/overview/harbour');
    await page.close();
  });

  test('everything can be reached and worked by keyboard, with the focus in sight', async () => {
    const { page } = await visit('#/overview');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    await page.keyboard.press('Tab');
    const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
    expect(outline).toBe('solid');
    await page.getByRole('link', { name: 'PM2.5, 24 h mean' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: /PM2.5, 24 h mean/ }).waitFor();
    await page.getByLabel('7 days').focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => page.url()).toContain('period=30d');
    await page.close();
  });

  test('devices are searched, sorted and paged; silent ones stand first', async () => {
    const { page, errors } = await visit('#/devices');
    const rows = page.getByRole('region', { name: 'Devices' }).locator('tbody tr');
    await rows.first().waitFor();
    expect(await rows.first().innerText()).toContain('silent');
    expect(await rows.count()).toBe(50);
    expect(await page.getByRole('columnheader', { name: 'State' }).getAttribute('aria-sort')).toBe('descending');
    await page.getByRole('button', { name: 'Readings' }).click();
    expect(await page.getByRole('columnheader', { name: 'Readings' }).getAttribute('aria-sort')).toBe('descending');
    const counts = (await rows.locator('td:last-child').allInnerTexts()).map((text) =>
      Number(text.replaceAll(',', '')),
    );
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('51–100 of 120').waitFor();
    await page.getByRole('searchbox', { name: 'Search' }).fill('cathedral');
    await expect.poll(() => rows.count()).toBe(1);
    expect(await rows.first().innerText()).toContain('aq-0000');
    await page.getByRole('link', { name: 'aq-0000' }).click();
    await page.getByText('37.38580° N, 5.99310° W').waitFor();
    expect(errors).toEqual([]);
    await page.close();
  });

  test('a device shows its series, an aggregate chart and its table, and gives CSV', async () => {
    const { page, errors } = await visit('#/device/noise-0000');
    await page.getByRole('button', { name: 'Highest sound level, A-weighted' }).click();
    await page.locator('.plot canvas').waitFor();
    await page.getByLabel('15 minutes').check();
    await page.getByLabel('24 h', { exact: true }).check();
    await page.getByRole('button', { name: 'Table' }).click();
    const rows = page.getByRole('region', { name: /by 15 minutes/ }).locator('tbody tr');
    await expect.poll(() => rows.count()).toBe(96);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'CSV' }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe('noise-0000-la_max-quarter.csv');
    const lines = readFileSync(await file.path(), 'utf8').split('\r\n');
    expect(lines[0]).toContain('device,quantity,channel,unit,window,start,end,value');
    expect(lines).toHaveLength(98);
    expect(errors).toEqual([]);
    await page.close();
  });

  test('quarantine pages through reasons, accounting says balanced or by how much not', async () => {
    const { page } = await visit('#/quarantine?reason=conflict');
    const rows = page.getByRole('region', { name: /Refused messages/ }).locator('tbody tr');
    await rows.first().waitFor();
    for (const text of await rows.allInnerTexts()) expect(text).toContain('conflict');
    await page.getByLabel('Reason').selectOption('');
    await page.getByRole('button', { name: 'Older' }).click();
    await page.getByText('Page 2').waitFor();
    await page.getByRole('link', { name: 'Accounting' }).click();
    await page.getByText('84,210 = 81,944 + 2,130 + 136').waitFor();
    const accounting = sources.accounting();
    push({
      accounting: { ...accounting, readings: { ...accounting.readings, received: accounting.readings.received + 7 } },
    });
    await page.getByText('not balanced: 7 unaccounted').waitFor();
    push({ accounting });
    await page.getByText('not balanced').waitFor({ state: 'detached' });
    await page.close();
  });

  test('all 91 KPIs of U4SSC stand by dimension, with value, label, target and points or why they have none', async () => {
    const { page, errors } = await visit('#/overview');
    await page.getByRole('link', { name: 'U4SSC' }).click();
    await page.getByText(/of 91 KPIs have a value/).waitFor();
    const codes = await page.locator('.u4ssc-code').allInnerTexts();
    expect(new Set(codes).size).toBe(91);
    const rows = page.getByRole('region', { name: 'KPIs of Environment' }).locator('tbody tr');
    const fine = await rows.filter({ hasText: 'PM2.5' }).innerText();
    const held = newestValue('air-pm2-5-year', 'marenza');
    expect(fine).toContain(`${held.value!.toFixed(1)} µg/m³`);
    expect(fine).toContain('Based on accurate measurements');
    expect(fine).toContain('≤ 5');
    expect(fine).toMatch(/[1-4] \/ 4/);
    expect(await page.getByRole('region', { name: 'Environment', exact: true }).innerText()).toContain('Score');
    await page.getByLabel('Standing').selectOption('reported');
    await expect.poll(() => page.locator('.u4ssc-code').filter({ hasText: 'EN: EN: AQ: 1C' }).count()).toBe(0);
    expect(errors).toEqual([]);
    await page.close();
  });

  test('problems that the server reports stand above everything', async () => {
    const { page } = await visit('#/overview');
    sources.problemList.push('the store is away since 14:20');
    push({});
    await page.getByRole('alert').getByText('the store is away since 14:20').waitFor();
    sources.problemList.length = 0;
    push({});
    await page.getByRole('alert').waitFor({ state: 'hidden' });
    await page.close();
  });

  test('a click on "Why?" takes a value apart: devices with weights, what is left out, facts and revisions', async () => {
    const { page, errors } = await visit('#/overview');
    const tile = page.locator('article[data-kpi="air-pm2-5-24h"]');
    await tile.getByRole('button', { name: /^Why\?/ }).click();
    const panel = page.getByRole('dialog', { name: /Why this number\?/ });
    await panel.getByText('Made again just now: the same.').waitFor();
    const held = newestValue('air-pm2-5-24h', 'marenza');
    const text = await panel.innerText();
    for (const said of [
      held.value!.toFixed(1),
      'at least 18 of 24 hours',
      '18 needed',
      'Municipal register',
      '214,300',
    ]) {
      expect(text).toContain(said);
    }
    const devices = panel.getByRole('region', { name: 'Devices behind the value' }).locator('tbody tr');
    expect(await devices.count()).toBe(200);
    expect(await devices.first().innerText()).toMatch(/aq-0000\s*Cathedral square\s*Old Town.*0\.4 %/s);
    const leftOut = await panel.getByRole('region', { name: 'Devices left out' }).innerText();
    expect(leftOut).toContain('too little that is valid: 12 of 24, 18 are needed');
    const revisions = await panel
      .getByRole('region', { name: /Revisions/ })
      .locator('tbody tr')
      .allInnerTexts();
    expect(revisions).toHaveLength(3);
    const number = (value: number) => value.toFixed(1);
    expect(revisions[0]!.split('\t').slice(0, 4)).toEqual([
      '2',
      number(held.value! + 1),
      number(held.value!),
      'a city fact was changed',
    ]);
    expect(revisions[1]).toContain('readings came after the value was final');
    await panel.getByRole('button', { name: 'Next' }).click();
    await panel.getByText('201–260 of 260').waitFor();
    await panel.getByRole('button', { name: 'Close' }).click();
    await panel.waitFor({ state: 'detached' });
    // The rest of the tile still leads to the KPI.
    await tile.locator('.figure').click({ force: true });
    await expect.poll(() => page.url()).toContain('#/kpi/air-pm2-5-24h/marenza');
    expect(errors).toEqual([]);
    await page.close();
  });

  test('the panel is worked by keyboard: it keeps the focus, Escape closes it, and the focus goes back', async () => {
    const { page } = await visit('#/overview');
    const button = page.locator('article[data-kpi="air-no2-hour"]').getByRole('button', { name: /^Why\?/ });
    await button.focus();
    await page.keyboard.press('Enter');
    const panel = page.getByRole('dialog');
    await panel.getByText('Made again just now').waitFor();
    expect(await page.evaluate("document.activeElement.closest('dialog') !== null")).toBe(true);
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Why?');
    expect(page.url()).toContain('#/overview');
    await page.close();
  });

  test('the panel has nothing that axe-core finds, in light and dark, and fits 360 pixels', async () => {
    const { page, errors } = await visit('#/kpi/air-pm2-5-year/marenza', { width: 360, height: 740 });
    await page
      .locator('.present')
      .getByRole('button', { name: /^Why\?/ })
      .click();
    const panel = page.getByRole('dialog');
    await panel.getByText('30 of 365 days that have ended').waitFor();
    await panel.getByText('Each day').click();
    await loadAxe(page);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await violations(page), colorScheme).toEqual([]);
    }
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    expect(
      await page.evaluate(
        "document.querySelector('dialog').scrollWidth - document.querySelector('dialog').clientWidth",
      ),
    ).toBe(0);
    expect(errors).toEqual([]);
    await page.close();
  });

  test('a revision that comes on the stream says its reason on the tile', async () => {
    const { page } = await visit('#/overview/harbour');
    const tile = page.locator('article[data-kpi="air-no2-hour"]');
    const value = newestValue('air-no2-hour', 'harbour', { value: 66.6, revision: 1, reason: 'facts', final: true });
    push({ kpis: [value] });
    await tile.getByText('rev 1 · facts').waitFor();
    await page.close();
  });

  test.each([
    '#/overview',
    '#/overview/riverside',
    '#/kpi/air-pm2-5-24h/marenza',
    '#/devices',
    '#/device/aq-0000',
    '#/u4ssc',
    '#/quarantine',
    '#/accounting',
    '#/kpi/nothing',
    '#/overview/nowhere',
  ])('axe-core finds nothing on %s in light and dark', async (hash) => {
    const { page, errors } = await visit(hash);
    const hasChart = hash.includes('kpi/air') || hash.includes('device/');
    if (hasChart) await page.locator('.plot canvas').waitFor();
    else await page.getByRole('heading', { level: 1 }).waitFor();
    if (hash === '#/quarantine' || hash === '#/u4ssc') await page.locator('tbody tr').first().waitFor();
    await loadAxe(page);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await violations(page), colorScheme).toEqual([]);
    }
    if (hasChart) {
      await page.getByRole('button', { name: 'Table' }).click();
      await page.locator('.history table').waitFor();
      expect(await violations(page), 'table').toEqual([]);
    }
    expect(errors).toEqual([]);
    await page.close();
  });

  test('nothing is wider than a screen of 360 pixels', async () => {
    const { page } = await visit('#/overview', { width: 360, height: 740 });
    for (const view of [
      'overview',
      'kpi/air-pm2-5-24h/marenza',
      'devices',
      'device/aq-0000',
      'u4ssc',
      'quarantine',
      'accounting',
    ]) {
      await page.evaluate(`window.location.hash = '#/${view}'`);
      if (view.includes('/')) await page.locator('.plot canvas').waitFor();
      else await page.getByRole('heading', { level: 1 }).waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth'), view).toBeLessThanOrEqual(360);
    }
    await page.close();
  });

  test('the chart is drawn in colours of the theme, and drawn again when it changes', async () => {
    const { page } = await visit('#/kpi/air-pm2-5-24h/marenza');
    const canvas = page.locator('.plot canvas');
    await canvas.waitFor();
    const brightest = () =>
      page.evaluate(
        "(() => { const c = document.querySelector('.plot canvas'); const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let most = 0; for (let i = 0; i < d.length; i += 4) if (d[i + 3] === 255) most = Math.max(most, d[i + 1]); return most; })()",
      );
    const light = await canvas.screenshot();
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(async () => (await page.locator('.plot canvas').screenshot()).equals(light)).toBe(false);
    // The accent of the dark theme has a green of 195; that of the light theme has 110.
    await expect.poll(brightest).toBeGreaterThanOrEqual(195);
    await page.close();
  });

  test('the readable API page shows its operations under the strict policy, without errors', async () => {
    const { page, errors } = await browser.newPage();
    await page.goto(`${url}/api/docs`);
    await page.getByText('/api/v1/aggregates').waitFor();
    expect(errors).toEqual([]);
    await page.close();
  });

  test('a server that goes away is said with the time, and the page comes back by itself', async () => {
    const mine = createFakeSources({ deviceCount: 4 });
    let mineServer = createHttpServer(mine, { webFolder: folder, log, clock: mine.clock });
    const mineUrl = (await mineServer.open()).url;
    const { page } = await browser.newPage();
    await page.goto(`${mineUrl}/#/overview`);
    await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
    await mineServer.close();
    await page.getByRole('alert').getByText('The server has not answered since').waitFor();
    await page.getByRole('status').filter({ hasText: 'Disconnected' }).waitFor();
    expect(await page.locator('article').count()).toBeGreaterThan(5);
    let trends = 0;
    page.on('request', (request) => {
      if (request.url().includes('/api/v1/kpis/air-pm2-5-24h?')) trends++;
    });
    const http = { port: Number(new URL(mineUrl).port) };
    const city = { id: 'marenza', name: 'Marenza by the Sea', timeZone: 'Europe/Madrid', population: 214_300 };
    const again = createFakeSources({ deviceCount: 4, config: { http, city } });
    mineServer = createHttpServer(again, { webFolder: folder, log, clock: again.clock });
    await mineServer.open();
    await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
    // It was started with another configuration, and trends lack what came while it was away.
    await page.getByRole('heading', { level: 1, name: 'Marenza by the Sea' }).waitFor();
    await expect.poll(() => trends).toBeGreaterThan(0);
    await page.close();
    await mineServer.close();
  });

  test('10,000 devices that report every minute do not freeze the page', async () => {
    const mine = createFakeSources({ deviceCount: 10_000 });
    const mineServer = createHttpServer(mine, { webFolder: folder, log, clock: mine.clock });
    const { page } = await browser.newPage();
    await page.goto(`${(await mineServer.open()).url}/#/devices`);
    await page.getByText('1–50 of 10,000').waitFor();
    const devices = await mine.store.devices();
    await page.evaluate(
      'window.longest = 0; new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.longest = Math.max(window.longest, entry.duration); }).observe({ entryTypes: ["longtask"] });',
    );
    for (let tick = 0; tick < 8; tick++) {
      mine.clock.advance(500);
      mine.push({
        devices: devices
          .slice(tick * 170, tick * 170 + 170)
          .map((row) => ({ ...row, lastReceivedMs: mine.clock.nowMs() })),
      });
      await page.waitForTimeout(250);
    }
    expect(await page.locator('tbody tr').count()).toBe(50);
    // Half a second on two cores that other tests share; alone it is a fraction of that.
    expect(await page.evaluate('window.longest')).toBeLessThan(500);
    await page.close();
    await mineServer.close();
  });
});
