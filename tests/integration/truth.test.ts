import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findRecording, loadMapping, type ReplayOptions, replay } from '../../simulators/replay/index.ts';
import {
  cityForRecording,
  publishMark,
  reportText,
  surveyRecording,
  type VerifyReport,
  verifyRecording,
  waitUntilLevel,
} from '../../simulators/verify/index.ts';
import type { AccountingBody } from '../../src/views/http/schemas.ts';
import { getJson, Workbench } from './support/workbench.ts';

/** Excerpts, and how many numbers of independent results each must be held against at least. */
const EXCERPTS = {
  'air-madrid': 500,
  'air-london': 500,
  'air-epa-lowcost': 500,
  'air-berlin-opensensemap': 100,
  'noise-canada': 500,
  'water-ferrara-dma': 500,
  'energy-konstanz': 200,
} as const;

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.close());

describe('the whole product and real measurements', () => {
  it.each(Object.entries(EXCERPTS))(
    'agrees with independent results of %s, in any order, twice delivered',
    async (name, comparedMin) => {
      const plain = await verified(name, 'plain', { batchCount: 50 });
      expect(plain.different, reportText(plain)).toBe(0);
      expect(plain.compared).toBeGreaterThan(comparedMin);
      const mixed = await verified(name, 'mixed', {
        batchCount: 10,
        shuffle: `${name}-1`,
        duplicate: true,
        connections: 3,
      });
      expect(mixed.different, reportText(mixed)).toBe(0);
      expect(mixed.digest).toBe(plain.digest);
    },
    240_000,
  );
});

/** Replays an excerpt into a product of its own and compares what it answers with the expected results. */
async function verified(name: string, run: string, options: Partial<ReplayOptions>): Promise<VerifyReport> {
  const folder = fileURLToPath(new URL(`../recordings/${name}`, import.meta.url));
  const place = findRecording(folder);
  const { mapping } = loadMapping(place);
  const survey = await surveyRecording(place, mapping);
  const config = bench.city(cityForRecording(mapping.recording ?? place.name, mapping, survey));
  const server = await bench.start({ config, data: bench.path(run), set: ['windows.tick=100ms'] });
  const { messagesAcked } = await replay({ ...options, recording: folder, url: server.mqttUrl, qos: 1 });
  // As `vitals verify` does: the last day is over.
  const marks = await publishMark(server.mqttUrl, mapping.recording ?? place.name, survey.newestMs);
  await waitUntilLevel(server.httpUrl, { messagesMin: messagesAcked + marks });
  const report = await verifyRecording({ folder, httpUrl: server.httpUrl });
  const { balanced, messages, readings } = await getJson<AccountingBody>(server.httpUrl, '/api/v1/accounting');
  expect(balanced).toEqual({ messages: true, readings: true });
  expect(messages.received).toBe(messagesAcked + marks);
  const times = options.duplicate === true ? 2 : 1;
  expect(readings.received).toBe(times * survey.readingCount + marks);
  expect((await server.stop()).code).toBe(0);
  return report;
}
