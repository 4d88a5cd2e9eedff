import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { kpisCommand } from '../../../src/commands/kpis.ts';

/* What `vitals kpis try` refuses before it opens a store; what it computes is tested in tests/unit/workers. */

const CITY = `city: { id: apia, name: Apia, timeZone: Pacific/Apia, population: 3 }
zones: [{ id: west, name: West, population: 2 }]
kpis:
  - { id: own-all, title: A, unit: "1", window: day, inputs: { fine: { quantity: pm2_5, stat: mean } }, expression: fine }
  - id: own-device
    title: D
    unit: "1"
    window: day
    scopes: [device]
    inputs: { fine: { quantity: pm2_5, stat: mean } }
    expression: fine
`;

let folder: string;
let err = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vitals-kpis-'));
  writeFileSync(join(folder, 'city.yaml'), CITY);
  err = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
  rmSync(folder, { recursive: true, force: true });
});

async function tryKpi(...args: string[]): Promise<number> {
  const program = new Command();
  kpisCommand(program);
  const place = ['--config', join(folder, 'city.yaml'), '--data', join(folder, 'data')];
  await program.parseAsync(['kpis', 'try', ...args, ...place], { from: 'user' });
  return Number(process.exitCode);
}

test.each([
  [['own-none', '--from', '2026-01-01'], 'known are own-all, own-device'],
  [['own-all', '--from', '2026-01-01', '--zone', 'east'], '"east": it is not known; known are apia, west'],
  [['own-device', '--from', '2026-01-01', '--zone', 'west'], 'its scopes are device, and that is a zone'],
  [['own-device', '--from', '2026-01-01'], 'name some with --zone device:<id>'],
  [['own-all', '--from', '2026-01-02', '--to', '2026-01-02'], '--to 2026-01-02 is not behind --from 2026-01-02'],
])('%s is refused with what is allowed', async (args, message) => {
  expect(await tryKpi(...args)).toBe(2);
  expect(err).toContain(message);
});

test('a date that the place skipped is told in one line', async () => {
  // Samoa went from 29 to 31 December 2011.
  expect(await tryKpi('own-all', '--from', '2011-12-30', '--to', '2012-01-05')).toBe(1);
  expect(err).toBe('cannot use the date 2011-12-30: 2011-12-30 does not exist in Pacific/Apia\n');
});
