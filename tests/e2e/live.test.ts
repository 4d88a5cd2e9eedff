import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import mqtt, { type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { type Server, Workbench } from '../integration/support/workbench.ts';
import { CHROMIUM, hasBrowser, openBrowser, type TestBrowser } from './support/browser.ts';

const BUILD = fileURLToPath(new URL('../../web/build-if-absent.ts', import.meta.url));

describe.skipIf(!hasBrowser)(`the page of a running product (skipped without ${CHROMIUM})`, () => {
  let bench: Workbench;
  let server: Server;
  let client: MqttClient;
  let browser: TestBrowser;

  beforeAll(async () => {
    execFileSync(process.execPath, [BUILD]);
    bench = new Workbench();
    const config = bench.city({
      city: { id: 'town', name: 'Newtown', timeZone: 'UTC', population: 1_000 },
      zones: [{ id: 'west', name: 'Western Quarter', population: 600 }],
      devices: [{ match: 'station-1', zone: 'west', name: 'Market square' }],
      windows: { tick: '100ms' },
      log: { level: 'warn' },
    });
    server = await bench.start({ config, data: bench.path('data') });
    client = await mqtt.connectAsync(server.mqttUrl);
    browser = await openBrowser();
  }, 180_000);

  afterAll(async () => {
    await browser?.close();
    await client?.endAsync(true);
    await bench?.close();
  }, 60_000);

  async function publish(quantity: string, unit: string, value: number): Promise<void> {
    const t = systemClock.nowMs() / 1000;
    await client.publishAsync('in/gw/station-1/data', JSON.stringify([{ n: quantity, u: unit, v: value, t }]), {
      qos: 1,
    });
  }

  test('shows a value that is published over MQTT, without a reload', async () => {
    const { page, errors } = await browser.newPage();
    await page.goto(server.httpUrl);
    await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
    await page.evaluate('window.isSamePage = true');
    expect(await page.getByText('37.3').count()).toBe(0);
    await publish('pm2_5', 'ug/m3', 37.25);
    await page.getByText(/^37\.3\b/).waitFor();
    await publish('pm2_5', 'ug/m3', 41.75);
    // The mean of the hour so far, or the second value alone when a full hour has struck in between.
    await page
      .getByText(/^39\.5\b/)
      .or(page.getByText(/^41\.8\b/))
      .waitFor();
    await page.getByRole('link', { name: 'Devices', exact: true }).click();
    await page.getByText('Market square').first().waitFor();
    expect(await page.evaluate('window.isSamePage')).toBe(true);
    expect(errors).toEqual([]);
  }, 90_000);

  test('an export is ordered on the page and seen to its end, and its files are there', async () => {
    const { page, errors } = await browser.newPage();
    await page.goto(`${server.httpUrl}/#/jobs`);
    await page.getByText('No job was ordered yet.').waitFor();
    await page.getByLabel('First day').fill('2026-05-04');
    await page.getByLabel('Last day').fill('2026-05-05');
    await page.getByLabel('quarters').uncheck();
    await page.getByRole('button', { name: 'Order' }).click();
    const row = page.getByRole('region', { name: 'Jobs, newest first' }).locator('tbody tr');
    await row.getByText('Completed').waitFor();
    const text = await row.innerText();
    expect(text).toContain('readings, hours, kpis 2026-05-04 to 2026-05-05');
    expect(text).toMatch(/6 files, \d+ rows/);
    const files = readdirSync(bench.path('data/exports/2026-05-04-to-2026-05-05'));
    expect(files.filter((name) => name.startsWith('readings')).sort()).toEqual([
      'readings-2026-05-04.parquet',
      'readings-2026-05-05.parquet',
    ]);
    expect(errors).toEqual([]);
    await page.close();
  }, 90_000);

  test.each(['light', 'dark'])(
    'is drawn in %s',
    async (theme) => {
      const { page, errors } = await browser.newPage({ dark: theme === 'dark' });
      await page.goto(server.httpUrl);
      await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
      await page.getByText('Western Quarter').first().waitFor();
      const file = bench.path(`page-${theme}.png`);
      await page.screenshot({ path: file, fullPage: true });
      expect(statSync(file).size).toBeGreaterThan(10_000);
      const background = String(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
      const brightness = Math.max(...(background.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number));
      if (theme === 'dark') expect(brightness).toBeLessThan(100);
      else expect(brightness).toBeGreaterThan(200);
      expect(errors).toEqual([]);
      await page.close();
    },
    90_000,
  );
});
