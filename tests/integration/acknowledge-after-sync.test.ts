import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Qos1Publisher } from '../../harness/index.ts';
import type { CityFile } from '../../src/config/index.ts';
import { readSyscallLog, straceArguments } from '../../torture/syscall-log.ts';
import { programAt } from '../../torture/tools.ts';
import { eventually, Workbench } from './support/workbench.ts';

const STRACE = programAt('strace');
const MESSAGES = 400;
const CITY: CityFile = {
  city: { id: 'x', name: 'X', timeZone: 'UTC' },
  windows: { clock: 'event' },
  log: { level: 'warn' },
};

describe.skipIf(STRACE === undefined)('the calls that the product makes of the system (skipped without strace)', () => {
  let bench: Workbench;
  let publisher: Qos1Publisher | undefined;
  beforeEach(() => {
    bench = new Workbench();
  });
  afterEach(async () => {
    publisher?.close();
    await bench.close();
  });

  it.each([true, false])(
    'write no PUBACK to a socket before the fdatasync that covers its message has returned (mqtt.fastLane: %s)',
    async (fastLane) => {
      const log = bench.path('strace.log');
      const server = await bench.start({
        config: bench.city({ ...CITY, mqtt: { fastLane } }),
        data: bench.path('data'),
        under: straceArguments(STRACE!, log),
      });
      publisher = new Qos1Publisher({
        port: Number(new URL(server.mqttUrl).port),
        clientId: 'traced',
        windowCount: 30,
        upTo: MESSAGES,
        message: (number) => ({ topic: 'recording/traced/a', payload: payloadOf(number) }),
      });
      const { isDrained } = await eventually(
        async () => publisher!,
        (each) => each.isDrained,
        60_000,
      );
      expect(isDrained).toBe(true);
      expect(publisher.stats().faults).toEqual([]);
      expect((await server.stop()).code).toBe(0);

      const found = await readSyscallLog(log);
      expect(found).toMatchObject({
        publishCount: MESSAGES,
        acknowledgedCount: MESSAGES,
        early: [],
        failedSyncCount: 0,
      });
      expect(found.syncCount).toBeGreaterThanOrEqual(MESSAGES / 30);

      // Had nobody called fdatasync, every acknowledgement would have been too early.
      const lines = readFileSync(log, 'latin1').split('\n');
      writeFileSync(log, lines.filter((line) => !line.includes('fdatasync')).join('\n'), 'latin1');
      expect((await readSyscallLog(log)).early).toHaveLength(MESSAGES);
    },
    180_000,
  );
});

function payloadOf(number: number): string {
  const time = new Date(1_767_571_200_000 + number * 1_000).toISOString();
  return JSON.stringify({ time, quantity: 'pm2_5', unit: 'ug/m3', value: number % 50 });
}
