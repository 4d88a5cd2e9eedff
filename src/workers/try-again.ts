import { join } from 'node:path';
import type { Config } from '../config/index.ts';
import { createIntake } from '../intake/index.ts';
import type { JournalRecord } from '../journal/index.ts';
import { openLocalJournalReader } from '../journal/local/index.ts';
import type { Reading, Series } from '../model/index.ts';
import { compileProfiles, loadProfiles } from '../profiles/index.ts';
import type { Store } from '../store/index.ts';
import { type AgainReading, againChanges } from './again-changes.ts';
import { storedRows } from './decode-again.ts';
import { filtersOfProfile, profileFolders } from './device-rights.ts';
import { type MessageChoice, topicChosen } from './message-choice.ts';
import { intakeLimits, intakePlacement } from './pipeline.ts';
import { ReadingColumnsBuilder } from './reading-columns.ts';

/** What decoding messages again would come to for one series. */
export interface SeriesForecast {
  readonly device: string;
  readonly quantity: string;
  readonly channel: string;
  added: number;
  replaced: number;
  duplicate: number;
  conflict: number;
  withdrawn: number;
}

/** What decoding messages again would come to; nothing is written. */
export interface AgainForecast {
  readonly messages: number;
  /** Messages that would be refused. */
  readonly refused: number;
  /** By device, quantity and channel. */
  readonly series: readonly SeriesForecast[];
}

export interface ForecastRequest extends MessageChoice {
  /** Messages of its topics, in place of `topics`. */
  readonly profile?: string;
  readonly onProgress?: (ratio: number) => void;
  readonly signal?: AbortSignal;
}

const READ_BYTES = 1 << 20;

/**
 * What decoding the messages of a period again would change, by the profiles as they are now: the journal is read, and
 * compared with the store part by part. A reading that is sent twice may be counted as added twice where the two messages
 * lie in different parts.
 *
 * @throws OperatingError `profile_invalid`, `profile_unknown`, and what reading the journal throws
 */
export async function forecastAgain(config: Config, store: Store, request: ForecastRequest): Promise<AgainForecast> {
  const { profile, signal } = request;
  const topics = profile === undefined ? request.topics : filtersOfProfile(config, profile, request.topics);
  const { position } = await store.stats();
  const reader = openLocalJournalReader({ folder: join(config.dataFolder, 'journal') });
  const forecast = new Forecast(config, await store.series({}), topicChosen({ topics }), request);
  try {
    const first = await reader.firstSequenceSince(request.fromMs);
    // To the end, past the period too: where the clock was set back, messages of it come behind later ones.
    for (let next = first; next <= position; ) {
      signal?.throwIfAborted();
      const records = await reader.read(next - 1, position, READ_BYTES);
      const last = records.at(-1);
      if (last === undefined) break;
      await forecast.take(records, store, position);
      next = last.sequence + 1;
      request.onProgress?.((next - first) / (position + 1 - first));
    }
    return forecast.result();
  } finally {
    await reader.close();
  }
}

class Forecast {
  readonly #intake;
  readonly #isChosen: (topic: string) => boolean;
  readonly #period: MessageChoice;
  readonly #series = new Map<string, number>();
  readonly #rows = new Map<number, SeriesForecast>();
  #messages = 0;
  #refused = 0;

  constructor(config: Config, series: readonly Series[], isChosen: (topic: string) => boolean, period: MessageChoice) {
    this.#intake = createIntake({
      profiles: compileProfiles(loadProfiles(profileFolders(config))),
      limits: intakeLimits(config),
      clockMode: config.windows.clock,
      siteTimeZone: config.city.timeZone,
      placement: intakePlacement(config),
    });
    this.#isChosen = isChosen;
    this.#period = period;
    for (const one of series) this.#name(one.id, one);
  }

  async take(records: readonly JournalRecord[], store: Store, position: number): Promise<void> {
    const origins = new Set<number>();
    const given: AgainReading[] = [];
    for (const record of records) {
      if (record.kind !== 'message' || !this.#isChosen(record.message.topic)) continue;
      const { receivedAtMs } = record.message;
      if (receivedAtMs < this.#period.fromMs || receivedAtMs >= this.#period.toMs) continue;
      origins.add(record.sequence);
      const decoded = this.#intake(record.message);
      if (decoded.kind === 'rejected') {
        this.#refused++;
        continue;
      }
      for (const [index, reading] of decoded.readings.entries()) {
        given.push({ series: this.#idOf(reading), reading, sequence: record.sequence, index });
      }
    }
    this.#messages += origins.size;
    if (origins.size === 0) return;
    const nothing = new ReadingColumnsBuilder().finish();
    const rows = await storedRows(origins, given, (of) => store.readingsOf(of, position), nothing);
    const changes = againChanges(origins, given, rows);
    for (const [at, outcome] of changes.outcomes.entries()) this.#rows.get(given[at]!.series)![outcome]++;
    for (const { series, value } of changes.corrections) if (value === undefined) this.#rows.get(series)!.withdrawn++;
  }

  result(): AgainForecast {
    const order = ({ device, quantity, channel }: SeriesForecast) => `${device}\n${quantity}\n${channel}`;
    const rows = [...this.#rows.values()].filter(
      ({ added, replaced, duplicate, conflict, withdrawn }) => added + replaced + duplicate + conflict + withdrawn > 0,
    );
    const series = rows.sort((a, b) => (order(a) < order(b) ? -1 : 1));
    return { messages: this.#messages, refused: this.#refused, series };
  }

  /** Series that there are not yet stand below 0, where no row of the store is. */
  #idOf(reading: Reading): number {
    const known = this.#series.get(keyOf(reading));
    if (known !== undefined) return known;
    const id = -1 - this.#series.size;
    this.#name(id, reading);
    return id;
  }

  #name(id: number, key: Pick<Series, 'device' | 'quantity' | 'channel'>): void {
    const { device, quantity, channel } = key;
    this.#series.set(keyOf(key), id);
    const nothing = { added: 0, replaced: 0, duplicate: 0, conflict: 0, withdrawn: 0 };
    this.#rows.set(id, { device, quantity, channel, ...nothing });
  }
}

function keyOf({ device, quantity, channel }: Pick<Series, 'device' | 'quantity' | 'channel'>): string {
  return JSON.stringify([device, quantity, channel]);
}
