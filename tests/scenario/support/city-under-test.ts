import { join } from 'node:path';
import { parse } from 'yaml';
import { citySchema } from '../../../src/config/index.ts';
import { createIntake } from '../../../src/intake/index.ts';
import type { JournalRecord } from '../../../src/journal/index.ts';
import { type KpiValue, QUANTITIES } from '../../../src/model/index.ts';
import { compileProfiles, loadProfiles } from '../../../src/profiles/index.ts';
import { intakeLimits, intakePlacement, Pipeline } from '../../../src/workers/pipeline.ts';
import type { ReadingStep, Script } from './script.ts';

const profiles = compileProfiles(loadProfiles([join(import.meta.dirname, '../../../device-profiles/city-vitals')]));

/** All behind the journal: intake, windows and KPIs. Devices publish SenML; their intervals stand in the city. */
export class CityUnderTest {
  readonly #pipeline: Pipeline;
  /** By KPI, zone and start: the newest. */
  readonly #kpis = new Map<string, KpiValue>();
  readonly #quarantined = new Map<string, number>();
  #sequence = 0;

  constructor(script: Script) {
    const config = citySchema.parse(parse(script.city ?? ''));
    const intake = createIntake({
      profiles,
      limits: intakeLimits(config),
      clockMode: config.windows.clock,
      siteTimeZone: config.city.timeZone,
      placement: intakePlacement(config),
    });
    this.#pipeline = new Pipeline(config, intake);
  }

  take(step: ReadingStep): void {
    const { device, quantity, timeMs, receivedMs, value } = step;
    const record = { n: quantity, u: QUANTITIES.get(quantity)?.unit, v: value, t: timeMs / 1000 };
    const payload = new TextEncoder().encode(JSON.stringify([record]));
    this.#give({
      kind: 'message',
      sequence: ++this.#sequence,
      message: {
        topic: `in/gateway/${device}/data`,
        payload,
        payloadBytes: payload.length,
        clientId: 'gateway',
        receivedAtMs: receivedMs,
        flags: 0,
      },
    });
  }

  /** A time mark, which ends a tick. */
  mark(atMs: number): void {
    this.#give({ kind: 'mark', sequence: ++this.#sequence, atMs });
  }

  kpi(id: string, zone: string, startMs: number): KpiValue | undefined {
    return this.#kpis.get(`${id} ${zone} ${startMs}`);
  }

  /** How many readings of each device were refused, by reason. */
  quarantined(): { readonly device: string; readonly reason: string; readonly count: number }[] {
    return [...this.#quarantined].map(([key, count]) => {
      const [device = '', reason = ''] = key.split(' ');
      return { device, reason, count };
    });
  }

  #give(record: JournalRecord): void {
    if (!this.#pipeline.take(record)) return;
    const { kpis, quarantine } = this.#pipeline.flush().batch;
    for (const value of kpis) this.#kpis.set(`${value.kpi} ${value.zone} ${value.startMs}`, value);
    for (const { device, reason } of quarantine) {
      const key = `${device} ${reason}`;
      this.#quarantined.set(key, (this.#quarantined.get(key) ?? 0) + 1);
    }
  }
}
