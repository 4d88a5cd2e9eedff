import { DAY_MS, MINUTE_MS } from '../src/base/index.ts';
import { createIntake } from '../src/intake/index.ts';
import type { Message } from '../src/model/index.ts';
import { builtInProfiles, compileProfiles, loadProfiles } from '../src/profiles/index.ts';
import type { BenchRow } from './bench-row.ts';
import { cpuSecondsOf } from './cpu.ts';

const RECEIVED_MS = Date.UTC(2026, 0, 15, 12);
const RUNS = 40_000;

/** Payloads as their senders make them, by the name of the family. */
const PAYLOADS: readonly (readonly [name: string, topic: string, payload: unknown])[] = [
  [
    'neutral recording form',
    'recording/air/station-1',
    { time: '2026-01-15T11:00:00Z', quantity: 'no2', unit: 'ug/m3', value: '00041', quality: 'good' },
  ],
  [
    'SenML, 8 readings',
    'in/gateway-1/device-1/data',
    [
      { bn: 'device-1:', bt: 1_768_474_800, n: 'pm2_5', u: 'ug/m3', v: 12.5 },
      ...['pm10', 'pm1', 'no2', 'o3'].map((n, index) => ({ n, u: 'ug/m3', v: 10 + index })),
      { n: 'temperature', u: 'Cel', v: 7.5 },
      { n: 'humidity', u: '%RH', v: 71 },
      { n: 'laeq', u: 'dBspl', v: 55.1 },
    ],
  ],
  [
    'airRohr',
    'airrohr/esp8266-1',
    {
      esp8266id: '1',
      software_version: 'NRZ-2024-135',
      sensordatavalues: [
        { value_type: 'SDS_P1', value: '21.83' },
        { value_type: 'SDS_P2', value: '9.40' },
        { value_type: 'BME280_temperature', value: '17.30' },
        { value_type: 'BME280_humidity', value: '59.90' },
        { value_type: 'signal', value: '-71' },
      ],
    },
  ],
];

/** Messages to readings, by payload family. About 5 s. */
export async function run(): Promise<BenchRow[]> {
  const profiles = compileProfiles(loadProfiles([builtInProfiles()]));
  const intake = createIntake({
    profiles,
    clockMode: 'wall',
    siteTimeZone: 'Europe/Madrid',
    limits: {
      payloadBytesMax: 65_536,
      nestingMax: 8,
      readingsPerMessageMax: 1_000,
      timeEarliestMs: 0,
      backlogMsMax: 400 * DAY_MS,
      aheadMsMax: 5 * MINUTE_MS,
    },
  });
  const rows: BenchRow[] = [];
  for (const [name, topic, body] of PAYLOADS) {
    const payload = new TextEncoder().encode(JSON.stringify(body));
    const message: Message = {
      topic,
      payload,
      payloadBytes: payload.length,
      clientId: 'c',
      receivedAtMs: RECEIVED_MS,
      flags: 8,
    };
    let readingCount = 0;
    const cpuS = await cpuSecondsOf(() => {
      for (let at = 0; at < RUNS; at++) {
        const decoded = intake(message);
        if (decoded.kind === 'decoded') readingCount += decoded.readings.length;
      }
    });
    rows.push({
      name,
      unit: 'messages/CPU-s',
      value: RUNS / cpuS,
      note: `${readingCount / RUNS} readings each, ${Math.round(readingCount / cpuS)} readings/CPU-s`,
    });
  }
  return rows;
}
