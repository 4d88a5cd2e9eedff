import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { findRecording, loadMapping, replay } from '../../../simulators/replay/index.ts';
import {
  differencesOf,
  digestOf,
  everythingOf,
  surveyRecording,
  waitUntilLevel,
} from '../../../simulators/verify/index.ts';
import type { CityFile } from '../../../src/config/index.ts';
import type { AccountingBody } from '../../../src/views/http/schemas.ts';
import type { TestCluster } from './cluster.ts';
import { getJson, type Server } from './workbench.ts';

const RECORDING = fileURLToPath(new URL('../../../simulators/recordings/energy-konstanz', import.meta.url));
const DAY_MS = 86_400_000;
const STALL_MS_MAX = 60_000;

/** The city of the recording. */
export const KONSTANZ: CityFile = {
  city: { id: 'konstanz', name: 'Konstanz', timeZone: 'Europe/Berlin', population: 85_000 },
  zones: [{ id: 'west', name: 'West', population: 40_000 }],
  devices: [{ match: 'energy-konstanz:*', zone: 'west', role: 'customer', peopleServed: 4 }],
  windows: { clock: 'event', lateness: '60d', horizon: '60d', tick: '100ms' },
  snapshot: { every: '1s' },
  log: { level: 'warn' },
};

/** A recording that is being published. */
export interface Publishing {
  /** Of messages that the broker has; rejects where publishing fails. */
  readonly messagesAcked: Promise<number>;
  /** Of all readings, and more. */
  readonly span: readonly [fromMs: number, toMs: number];
  isOver(): boolean;
}

/** Publishes the recording in so long a time. */
export async function publishTo({ mosquitto }: TestCluster, lengthMs: number): Promise<Publishing> {
  const place = findRecording(RECORDING);
  const { oldestMs, newestMs } = await surveyRecording(place, loadMapping(place).mapping);
  const speed = (newestMs - oldestMs) / lengthMs;
  let isOver = false;
  const messagesAcked = replay({ recording: RECORDING, url: mosquitto.url, qos: 1, speed }).then((summary) => {
    isOver = true;
    return summary.messagesAcked;
  });
  // Whoever asks for it gets the error, however late.
  messagesAcked.catch(() => undefined);
  return { messagesAcked, span: [oldestMs - 2 * DAY_MS, newestMs + 2 * DAY_MS], isOver: () => isOver };
}

/**
 * Waits until everything published is in the stores, and expects each API of the cluster to say what the calm process says,
 * to the last bit, with nothing lost and nothing counted twice.
 *
 * @param say begins what is printed
 */
export async function expectTheSame(
  cluster: TestCluster,
  calm: Server,
  { messagesAcked, span }: Publishing,
  say: string,
): Promise<void> {
  const messages = await messagesAcked;
  const answersOf = async ({ httpUrl }: Server) => {
    await waitUntilLevel(httpUrl, { messagesMin: messages, stallMsMax: STALL_MS_MAX });
    const accounting = await getJson<AccountingBody>(httpUrl, '/api/v1/accounting');
    return { accounting, all: await everythingOf(httpUrl, ...span) };
  };
  const expected = await answersOf(calm);
  for (const { name, server } of cluster.members.filter(({ roles }) => roles.includes('api'))) {
    const got = await answersOf(server);
    const { received, counted, duplicate } = got.accounting.readings;
    const digest = digestOf(got.all).slice(0, 16);
    process.stdout.write(
      `${say}: ${name}: ${messages} messages, ${received} readings, ${duplicate} duplicate; ${got.all.size} answers, digest ${digest}\n`,
    );
    expect(differencesOf(expected.all, got.all)).toEqual([]);
    expect(counted).toBe(expected.accounting.readings.counted);
    expect(got.accounting.balanced).toEqual({ messages: true, readings: true });
  }
}
