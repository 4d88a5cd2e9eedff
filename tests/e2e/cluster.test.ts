import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createHttpServer, type HttpViews } from '../../src/views/http/index.ts';
import type { ClusterStanding } from '../../src/views/index.ts';
import { loadAxe, violations } from './support/axe.ts';
import { CHROMIUM, hasBrowser, openBrowser, type TestBrowser, type TestPage } from './support/browser.ts';
import { buildPage } from './support/built-page.ts';
import { ENGINES, fakeCluster, fakePartitions } from './support/fake-cluster.ts';
import { createFakeSources, FAKE_NOW_MS, type FakeSources } from './support/fake-sources.ts';

const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };

describe.skipIf(!hasBrowser)(`the cluster on the page (skipped without ${CHROMIUM})`, { timeout: 90_000 }, () => {
  let browser: TestBrowser;
  let built: Awaited<ReturnType<typeof buildPage>>;
  let sources: FakeSources;
  let server: HttpViews | undefined;

  beforeAll(async () => {
    built = await buildPage();
    browser = await openBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    built?.remove();
  });
  beforeEach(() => {
    sources = createFakeSources({ deviceCount: 4 });
  });
  afterEach(() => server?.close());

  interface Visit {
    readonly hash?: string;
    readonly width?: number;
    readonly height?: number;
  }

  async function visit(standing: ClusterStanding | undefined, { hash = '#/cluster', ...size }: Visit = {}) {
    sources.setCluster(standing);
    server = createHttpServer(sources, { webFolder: built.folder, log, clock: sources.clock });
    const { url } = await server.open();
    const opened: TestPage = await browser.newPage(size);
    const asked = countAnswers(opened);
    await opened.page.goto(`${url}/${hash}`);
    await opened.page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
    return { ...opened, asked };
  }

  function countAnswers({ page }: TestPage): () => number {
    let count = 0;
    page.on('response', (response) => {
      if (response.url().endsWith('/api/v1/cluster')) count++;
    });
    return () => count;
  }

  /** The same a while later, with so many messages more in partition 0, twice as many in 1, and so on. */
  function later(standing: ClusterStanding, afterMs: number, more: number): ClusterStanding {
    const partitions = standing.partitions.map((one) => {
      const count = more * (one.partition + 1);
      return { ...one, rawEnd: one.rawEnd + count, madeEnd: one.madeEnd + count };
    });
    const cut = { ...standing.cut, atMs: standing.cut.atMs + afterMs };
    return { ...standing, atMs: standing.atMs + afterMs, cut, partitions };
  }

  const rowsOf = (page: TestPage['page'], name: RegExp) => page.getByRole('region', { name }).locator('tbody tr');
  const verdict = (page: TestPage['page']) => page.locator('.verdict');
  const alarms = (page: TestPage['page']) => page.locator('.summary .alarm dt').allInnerTexts();

  test('a city of one process has no entry for it, and the view says why there is nothing', async () => {
    const { page, errors } = await visit(undefined);
    await page.getByText('One process serves this city').waitFor();
    expect(await page.getByRole('link', { name: 'Jobs' }).count()).toBe(1);
    expect(await page.getByRole('link', { name: 'Cluster' }).count()).toBe(0);
    expect(errors).toEqual([]);
    await page.close();
  });

  test('the entry is there where the city is spread, without being asked for again and again', async () => {
    const { page, asked } = await visit(fakeCluster(), { hash: '#/overview' });
    await page.getByRole('link', { name: 'Cluster' }).waitFor();
    await page.clock.install();
    await page.clock.fastForward(100_000);
    await page.getByRole('link', { name: 'Devices', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Devices' }).waitFor();
    expect(asked()).toBe(1);
    await page.getByRole('link', { name: 'Cluster' }).focus();
    await page.keyboard.press('Enter');
    await verdict(page).waitFor();
    expect(await page.getByRole('link', { name: 'Cluster' }).getAttribute('aria-current')).toBe('page');
    await expect.poll(() => page.title()).toBe('Cluster – City Vitals');
    expect(asked()).toBe(2);
    await page.clock.fastForward(2_100);
    await expect.poll(asked).toBe(3);
    await page.close();
  });

  test('says at a glance that all is well, and how engines share the partitions', async () => {
    const { page, errors } = await visit(fakeCluster());
    await page.getByRole('status').filter({ hasText: 'All is well' }).waitFor();
    const summary = await page.locator('.summary').innerText();
    for (const said of [/8 of 8/, /Largest lag\s+24/, /Newest cut\s+1 s/, /Memory of Redis\s+17 %/, /Engines\s+3/])
      expect(summary).toMatch(said);
    expect(await alarms(page)).toEqual([]);
    await page.getByText('fair share: 2 or 3 partitions each').waitFor();
    const engines = rowsOf(page, /^Engines/);
    expect(await engines.allInnerTexts()).toEqual([
      expect.stringMatching(/^engine-7f9c4d-1-mc0k2p\s*makes the cuts\s+3\s+0, 3, 6\s/),
      expect.stringMatching(/^engine-7f9c4d-8-mc0k31\s+3\s+1, 4, 7\s/),
      expect.stringMatching(/^engine-b02e55-1-mc0k2q\s+2\s+2, 5\s/),
    ]);
    const widths = await engines
      .locator('.bar-fill')
      .evaluateAll((bars) => bars.map((bar) => bar.getAttribute('width')));
    expect(widths.map(Number).map(Math.round)).toEqual([100, 100, 67]);
    const readers = await rowsOf(page, /^Readers/).allInnerTexts();
    expect(readers[1]).toMatch(/api-66aa01-9e8d7c6b\s+20,600\s+3 s ago/);
    await page.getByText('734.0 MB of 4.3 GB').waitFor();
    expect(await page.locator('.facts').first().innerText()).toMatch(/api-5d8b77-1-mc0k1z \(intake, api\).*16:25:00/s);
    expect(errors).toEqual([]);
    await page.close();
  });

  test('messages per second are those between two looks', async () => {
    const standing = fakeCluster();
    const { page } = await visit(standing);
    const rows = rowsOf(page, /^Partitions/);
    await rows.first().waitFor();
    const rate = (row: number) => rows.nth(row).locator('td[data-title="Messages/s"]').innerText();
    expect(await rate(0)).toBe('–');
    sources.setCluster(later(standing, 2_000, 100));
    await expect.poll(() => rate(0)).toBe('50.0');
    expect(await rate(7)).toBe('400.0');
    expect(await page.locator('.summary').innerText()).toMatch(/Messages in\s+1,800/);
    expect(
      await rowsOf(page, /^Engines/)
        .nth(2)
        .innerText(),
    ).toMatch(/\s450\.0\s/);
    await page.close();
  });

  test('partitions without an owner stand first, with what it means, until somebody owns them', async () => {
    const partitions = fakePartitions((partition) => (partition % 3 === 2 ? 'ownerless' : {}));
    const { page } = await visit(fakeCluster({ partitions, engines: ENGINES.slice(0, 2) }));
    const said = page.getByRole('status').filter({ hasText: 'Partitions 2, 5 are without an owner' });
    await said.waitFor();
    const rows = rowsOf(page, /^Partitions/);
    const order = await rows.locator('td:first-child').allInnerTexts();
    expect(order).toEqual(['2', '5', '0', '1', '3', '4', '6', '7']);
    expect(await rows.nth(1).innerText()).toContain('no owner');
    expect(await page.locator('tr.alarm').count()).toBe(2);
    expect(await alarms(page)).toEqual(['Partitions owned']);
    sources.setCluster(fakeCluster({ atMs: FAKE_NOW_MS + 2_000 }));
    await page.getByRole('status').filter({ hasText: 'All is well' }).waitFor();
    expect(await rows.first().locator('td').first().innerText()).toBe('0');
    expect(await page.locator('tr.alarm').count()).toBe(0);
    await page.close();
  });

  test('says that no engine runs, and what to start', async () => {
    const { cutter: _none, ...rest } = fakeCluster({ engines: [], partitions: fakePartitions(() => 'ownerless') });
    const { page } = await visit(rest);
    await page.getByRole('status').filter({ hasText: 'No process with the role engine runs' }).waitFor();
    expect(await verdict(page).locator('li').count()).toBe(1);
    await page.getByText('Start one: vitals serve --roles engine.').waitFor();
    expect(await alarms(page)).toEqual(['Partitions owned', 'Engines']);
    await page.close();
  });

  test('says which partition is behind, that cuts are old, memory short, and a reader silent', async () => {
    const ill = fakeCluster({
      partitions: fakePartitions((partition) => (partition === 4 ? { madeEnd: 900_000 } : {})),
      cut: { number: 4_711, atMs: FAKE_NOW_MS - 45_000, position: 8_412_930 },
      replicas: [{ name: 'api-66aa01-9e8d7c6b', position: 2_392_330, silentMs: 900_000 }],
      memory: { usedBytes: 800, maxBytes: 1_000 },
    });
    const { page } = await visit(ill);
    await verdict(page).waitFor();
    sources.setCluster(later(ill, 2_000, 100));
    await verdict(page).getByText('Partition 4 is more than 10 s behind').waitFor();
    expect((await verdict(page).locator('li').allInnerTexts()).map((text) => text.split(':')[0])).toEqual([
      ...['No cut for more than 30 s', 'The memory of Redis is short', 'Partition 4 is more than 10 s behind'],
      'The reader api-66aa01-9e8d7c6b has not been heard for 2 minutes',
    ]);
    expect(await alarms(page)).toEqual(['Largest lag', 'Newest cut', 'Memory of Redis']);
    expect(
      await rowsOf(page, /^Partitions/)
        .nth(4)
        .innerText(),
    ).toMatch(/behind\s+151,244\s+10 min of messages/);
    expect(
      await rowsOf(page, /^Readers/)
        .locator('.silent')
        .innerText(),
    ).toBe('15 min ago');
    expect(await page.locator('.memory .bar.bad').count()).toBe(1);
    await page.close();
  });

  test('keeps what was seen while Redis, or the server, cannot be reached, and says so', async () => {
    const { page } = await visit(fakeCluster());
    await verdict(page).waitFor();
    sources.setCluster(fakeCluster({ problem: 'cannot reach Redis at 10.0.0.4:6379: refused' }));
    await verdict(page).getByText('cannot reach Redis at 10.0.0.4:6379: refused').waitFor();
    expect(await rowsOf(page, /^Partitions/).count()).toBe(8);
    await server?.close();
    await page.getByText('The server cannot be reached.').waitFor();
    expect(await rowsOf(page, /^Partitions/).count()).toBe(8);
    await page.close();
  });

  test('before the first look there is nothing to show but that', async () => {
    const { cutter: _none, ...rest } = fakeCluster({ partitions: [], engines: [], replicas: [] });
    const { page } = await visit(rest);
    await page.getByText('The journal in Redis has not been looked at yet.').waitFor();
    sources.setCluster({ ...rest, problem: 'no answer within 2 s' });
    await verdict(page).getByText('could not be looked at yet: no answer within 2 s').waitFor();
    expect(await page.getByRole('table').count()).toBe(0);
    await page.close();
  });

  test('many partitions are paged', async () => {
    const one = fakePartitions()[0]!;
    const partitions = Array.from({ length: 150 }, (_, partition) => ({ ...one, partition }));
    const { page } = await visit(fakeCluster({ partitions }));
    await page.getByText('1–64 of 150').waitFor();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('129–150 of 150').waitFor();
    expect(await rowsOf(page, /^Partitions/).count()).toBe(22);
    sources.setCluster(fakeCluster());
    await expect.poll(() => rowsOf(page, /^Partitions/).count()).toBe(8);
    await page.close();
  });

  test.each([
    [1440, 900],
    [360, 740],
  ])('has nothing that axe-core finds at %i x %i in light and dark, and fits', async (width, height) => {
    const ill = fakeCluster({
      partitions: fakePartitions((partition) => (partition > 5 ? 'ownerless' : { madeEnd: 900_000 })),
      engines: [...ENGINES, 'a-host-with-a-name-of-forty-characters-xx-4194304-mc0k2p77'],
      replicas: [{ name: 'api-66aa01-9e8d7c6b', position: 2_392_330, silentMs: 900_000 }],
      memory: { usedBytes: 350, maxBytes: 1_000 },
    });
    const { page, errors } = await visit(ill, { width, height });
    await verdict(page).waitFor();
    sources.setCluster(later(ill, 2_000, 10_000));
    await page.locator('.silent').filter({ hasText: 'behind' }).first().waitFor();
    await loadAxe(page);
    const check = async (what: string) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await violations(page), `${what} ${colorScheme}`).toEqual([]);
      }
    };
    await check('ill');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    const hiddenPixels = await page.evaluate(
      "[...document.querySelectorAll('section.table')].map((table) => table.scrollWidth - table.clientWidth)",
    );
    expect(hiddenPixels).toEqual([0, 0, 0]);
    const cut = "[...document.querySelectorAll('td')].filter((cell) => cell.scrollWidth > cell.clientWidth + 1)";
    expect(await page.evaluate(`${cut}.map((cell) => cell.innerText)`)).toEqual([]);
    sources.setCluster(
      fakeCluster({ atMs: FAKE_NOW_MS + 9_000, cut: { number: 1, atMs: FAKE_NOW_MS + 9_000, position: 1 } }),
    );
    await page.getByRole('status').filter({ hasText: 'All is well' }).waitFor();
    await check('well');
    expect(errors).toEqual([]);
    await page.close();
  });
});
