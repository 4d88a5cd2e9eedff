import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/index.ts';
import { addToken, addUser, openUserDirectory, type Role } from '../../src/identity/index.ts';
import type { JobContext } from '../../src/jobs/index.ts';
import { createHttpServer, type HttpOptions, type HttpViews } from '../../src/views/http/index.ts';
import { loadAxe, violations } from './support/axe.ts';
import { CHROMIUM, hasBrowser, openBrowser, type TestBrowser, type TestPage } from './support/browser.ts';
import { buildPage } from './support/built-page.ts';
import { createFakeOrders, type FakeOrders } from './support/fake-orders.ts';
import { createFakeSources, type FakeSources } from './support/fake-sources.ts';

const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const ADA = { name: 'ada', address: '127.0.0.1' };
const MARCH = { fromMs: Date.UTC(2026, 2, 1, 12), toMs: Date.UTC(2026, 2, 31, 12) };
const RESULT = { folder: '/data/exports/2026-03-01-to-2026-03-31', files: 62, rows: 1_234_567, bytes: 7_654_321 };

describe.skipIf(!hasBrowser)(`jobs on the page (skipped without ${CHROMIUM})`, { timeout: 90_000 }, () => {
  let browser: TestBrowser;
  let built: Awaited<ReturnType<typeof buildPage>>;
  let sources: FakeSources;
  let fake: FakeOrders;
  let server: HttpViews | undefined;

  beforeAll(async () => {
    built = await buildPage();
    browser = await openBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    built?.remove();
  });
  beforeEach(async () => {
    sources = createFakeSources({ deviceCount: 4 });
    fake = await createFakeOrders(sources);
  });
  afterEach(async () => {
    await server?.close();
    await fake.close();
  });

  /** Opens the view; `token` is sent along with every request. */
  async function visit(
    hash = '#/jobs',
    {
      token,
      width,
      height,
      ...options
    }: Partial<HttpOptions> & { token?: string; width?: number; height?: number } = {},
  ): Promise<TestPage> {
    server = createHttpServer(sources, {
      ...{ webFolder: built.folder, log, clock: sources.clock, orders: fake.orders, ...options },
    });
    const { url } = await server.open();
    const opened = await browser.newPage({ ...(width && height ? { width, height } : {}) });
    if (token !== undefined) await opened.page.setExtraHTTPHeaders({ authorization: `Bearer ${token}` });
    await opened.page.goto(`${url}/${hash}`);
    await opened.page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
    return opened;
  }

  const exportMarch = () => fake.orders.exportDays({ ...MARCH, kinds: ['readings', 'hours'] }, ADA);

  /** Code that runs until the test lets it end. */
  function heldExport() {
    const { promise: running, resolve: started } = Promise.withResolvers<JobContext>();
    const { promise: ended, resolve: end } = Promise.withResolvers<unknown>();
    fake.jobs.handle('export', async (context) => {
      started(context);
      const { promise: aborted, reject } = Promise.withResolvers<never>();
      context.signal.addEventListener('abort', () => reject(context.signal.reason));
      return Promise.race([ended, aborted]);
    });
    return { running, end };
  }

  /** Lets attempts pass until the job has failed for good. */
  async function failForGood(reason = 'cannot write /data/exports: no space left on device'): Promise<string> {
    fake.jobs.handle('export', async ({ progress }) => {
      await progress(0.25);
      throw new Error(reason);
    });
    const { id } = await exportMarch();
    while ((await fake.jobs.get(id))?.state !== 'failed') {
      fake.passTime();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return id;
  }

  test('an export is ordered by the form, seen with its progress and to its end, without a reload', async () => {
    const held = heldExport();
    const { page, errors } = await visit('#/overview');
    await page.getByRole('link', { name: 'Jobs' }).click();
    await page.getByText('No job was ordered yet.').waitFor();
    await page.getByLabel('First day').fill('2026-03-01');
    await page.getByLabel('Last day').fill('2026-03-31');
    for (const kind of ['quarters', 'KPIs']) await page.getByLabel(kind).uncheck();
    await page.getByRole('button', { name: 'Order' }).click();
    await page.getByRole('status').filter({ hasText: 'The export is ordered: job 1.' }).waitFor();
    const row = page.getByRole('region', { name: 'Jobs, newest first' }).locator('tbody tr');
    await row.getByText('Running').waitFor();
    expect(await row.innerText()).toContain('readings, hours 2026-03-01 to 2026-03-31');
    await (await held.running).progress(0.42);
    await row.getByText('42 %').waitFor();
    const bar = row.getByRole('progressbar', { name: /Progress of Export, readings, hours 2026-03-01/ });
    expect(await bar.getAttribute('value')).toBe('0.42');
    held.end(RESULT);
    await row.getByText('Completed').waitFor();
    const text = await row.innerText();
    for (const said of ['100 %', '62 files, 1,234,567 rows, 7.7 MB', RESULT.folder, '18 Jun 2026, 16:25:00'])
      expect(text).toContain(said);
    expect(await row.getByRole('button').count()).toBe(0);
    expect(errors).toEqual([]);
    await page.close();
  });

  test('a job that failed stands on top with its error, and runs again when it is told to', async () => {
    const id = await failForGood();
    const { page, errors } = await visit();
    const failed = page.getByRole('region', { name: 'Jobs that failed for good' }).locator('tbody tr');
    const text = await failed.innerText();
    for (const said of ['Failed', '25 %', '3', 'no space left on device']) expect(text).toContain(said);
    expect(await page.getByRole('region', { name: 'Jobs, newest first' }).locator('tbody tr').count()).toBe(0);
    const held = heldExport();
    await failed.getByRole('button', { name: /^Retry Export, readings, hours 2026-03-01/ }).click();
    await page
      .getByRole('status')
      .filter({ hasText: `(job ${id}) is ordered again.` })
      .waitFor();
    await page.getByRole('heading', { name: 'Failed for good' }).waitFor({ state: 'detached' });
    await held.running;
    held.end(RESULT);
    await page.getByText('Completed', { exact: true }).and(page.locator('.job-state')).waitFor();
    expect(errors).toEqual([]);
    await page.close();
  });

  test('between attempts it says what the last one failed of, and when the next one begins', async () => {
    fake.jobs.handle('export', async () => Promise.reject(new Error('the store is away')));
    await exportMarch();
    const { page } = await visit();
    // The clock of the fake city stands, that of the page goes on.
    await page.getByText(/^next attempt (at 16:25:01|in its turn)$/).waitFor();
    const row = page.getByRole('region', { name: 'Jobs, newest first' }).locator('tbody tr');
    expect(await row.innerText()).toMatch(/Waiting[\s\S]*Attempt 1: the store is away/);
    expect(await row.getByRole('progressbar').getAttribute('value')).toBeNull();
    await page.close();
  });

  test('is cancelled by keyboard after a question, which can be answered with no', async () => {
    const held = heldExport();
    const { id } = await exportMarch();
    const { page, errors } = await visit();
    const { signal } = await held.running;
    const button = page.getByRole('button', { name: /^Cancel Export/ });
    await button.focus();
    await page.keyboard.press('Enter');
    const question = page.getByRole('dialog', { name: 'Cancel this job?' });
    await question.waitFor();
    expect(await page.evaluate("document.activeElement.closest('dialog') !== null")).toBe(true);
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'detached' });
    expect(signal.aborted).toBe(false);
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Cancel');
    await page.keyboard.press('Enter');
    await question.getByRole('button', { name: 'Cancel the job' }).press('Enter');
    await page.getByRole('status').filter({ hasText: 'is cancelled.' }).waitFor();
    await page.locator('.job-state').filter({ hasText: 'Cancelled' }).waitFor();
    expect(signal.aborted).toBe(true);
    expect((await fake.jobs.get(id))?.state).toBe('cancelled');
    expect(await page.getByRole('button', { name: /^Retry Export/ }).count()).toBe(1);
    expect(errors).toEqual([]);
    await page.close();
  });

  test('what is refused is said as the server says it', async () => {
    const { id } = await exportMarch();
    await fake.orders.cancel(id, ADA);
    const { page } = await visit();
    const retry = page.getByRole('button', { name: /^Retry/ });
    await retry.waitFor();
    await exportMarch();
    await retry.click();
    await page.getByRole('alert').getByText('the same was ordered anew').waitFor();
    await page.close();
  });

  test('is filtered by state in the address; nothing there is said too', async () => {
    const { id } = await exportMarch();
    await fake.orders.cancel(id, ADA);
    const { page } = await visit('#/jobs?state=cancelled');
    await page.getByRole('region', { name: 'Jobs, newest first' }).locator('tbody tr').waitFor();
    await page.getByLabel('State').selectOption('Running');
    await page.getByText('No job is running.').waitFor();
    expect(page.url()).toContain('#/jobs?state=active');
    await page.close();
  });

  test('is asked for every two seconds while one runs, seldom otherwise, and not while nobody looks', async () => {
    const held = heldExport();
    await exportMarch();
    await held.running;
    const { page } = await visit('#/overview');
    await page.clock.install();
    let asked = 0;
    page.on('response', (response) => {
      if (response.url().includes('/api/v1/jobs?limit')) asked++;
    });
    const hide = (hidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true }); document.dispatchEvent(new Event('visibilitychange'));`,
      );
    await page.getByRole('link', { name: 'Jobs' }).click();
    await page.locator('.job-state').waitFor();
    expect(asked).toBe(1);
    await page.clock.fastForward(2_100);
    await expect.poll(() => asked).toBe(2);
    held.end(RESULT);
    await expect.poll(async () => (await fake.jobs.list({ limit: 1 }))[0]?.state).toBe('completed');
    await page.clock.fastForward(2_100);
    await page.locator('.job-state').filter({ hasText: 'Completed' }).waitFor();
    expect(asked).toBe(3);
    await page.clock.fastForward(14_000);
    await page.clock.fastForward(1_100);
    await expect.poll(() => asked).toBe(4);
    await hide(true);
    await page.clock.fastForward(100_000);
    await hide(false);
    await expect.poll(() => asked).toBe(5);
    await page.close();
  });

  describe('for people with a role', () => {
    let folder: string;
    const tokens: Partial<Record<Role, string>> = {};
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'vitals-users-'));
      for (const role of ['viewer', 'operator', 'admin'] as const) {
        await addUser(folder, { name: role, role, password: 'correct horse battery' }, 5);
        tokens[role] = (await addToken(folder, { user: role, label: '', validMs: undefined }, 5)).text;
      }
    }, 60_000);
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    async function visitAs(role: Role) {
      const users = openUserDirectory({ dataFolder: folder, clock: systemClock, onProblem: () => {} });
      const events: string[] = [];
      const audit = { record: ({ kind }: { kind: string }) => void events.push(kind), close: () => {} };
      const people = { users, audit, readAudit: () => [] };
      const opened = await visit('#/jobs', { token: tokens[role]!, people });
      return { ...opened, users, events };
    }

    test('operators see jobs, and nothing that they may not do', async () => {
      await failForGood();
      const { page, users } = await visitAs('operator');
      await page.getByText('no space left on device').waitFor();
      await expect.poll(() => page.locator('main button').count()).toBe(0);
      expect(await page.getByRole('columnheader', { name: 'Action' }).count()).toBe(0);
      users.close();
      await page.close();
    });

    test('viewers are told which role is needed, and it is not asked for again', async () => {
      const { page, users, events } = await visitAs('viewer');
      const refusal = page.getByText('cannot show this to "viewer": the role operator is needed');
      await refusal.waitFor();
      await page.clock.install();
      await page.reload();
      await refusal.waitFor();
      const count = () => events.filter((kind) => kind === 'access_refused').length;
      const before = count();
      await page.clock.fastForward(100_000);
      await page.getByLabel('State').selectOption('Failed');
      await expect.poll(count).toBe(before + 1);
      users.close();
      await page.close();
    });

    test('an admin whose role is taken away meanwhile is told so', async () => {
      await failForGood();
      const { page, users } = await visitAs('admin');
      await page.getByRole('button', { name: /^Retry/ }).waitFor();
      await page.setExtraHTTPHeaders({ authorization: `Bearer ${tokens.operator}` });
      await page.getByRole('button', { name: /^Retry/ }).click();
      await page.getByRole('alert').getByText('the role admin is needed').waitFor();
      users.close();
      await page.close();
    });
  });

  test.each([
    [1440, 900],
    [360, 740],
  ])('has nothing that axe-core finds at %i x %i in light and dark, and fits', async (width, height) => {
    await failForGood();
    const { id } = await fake.orders.exportDays({ ...MARCH, kinds: ['kpis'] }, ADA);
    await fake.orders.cancel(id, ADA);
    heldExport();
    await fake.orders.exportDays({ ...MARCH, kinds: ['quarters'] }, ADA);
    await fake.orders.exportDays({ ...MARCH, kinds: ['readings'] }, ADA);
    const { page, errors } = await visit('#/jobs', { width, height });
    await page.locator('.job-state').filter({ hasText: 'Running' }).waitFor();
    await loadAxe(page);
    const check = async (what: string) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await violations(page), `${what} ${colorScheme}`).toEqual([]);
      }
    };
    await check('view');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    const hiddenPixels = await page.evaluate(
      "[...document.querySelectorAll('section.table')].map((table) => table.scrollWidth - table.clientWidth)",
    );
    expect(hiddenPixels).toEqual([0, 0]);
    await page
      .getByRole('button', { name: /^Cancel Export/ })
      .first()
      .click();
    await page.getByRole('dialog').waitFor();
    await check('question');
    expect(errors).toEqual([]);
    await page.close();
  });
});
