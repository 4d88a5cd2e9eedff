import { QUANTITIES } from '../../src/model/index.ts';
import { type Mapping, type RecordedReading, type RecordingPlace, RowMapper, readRecording } from '../replay/index.ts';
import type { RegisterPoint } from './register-rules.ts';

/** A series of the recording, under its recorded names and under those of the product. */
export interface RecordedSeries {
  readonly recordedDevice: string;
  readonly recordedQuantity: string;
  /** The unit of its first row, or the one that the mapping puts in its place. */
  readonly unit: string;
  /** Device id in the product: `{recording}:{device}`. */
  readonly device: string;
  readonly quantity: string;
  readonly channel: string;
}

/** A later row of a series with a stamp that it had before: the product counts an identity once. */
export interface RepeatedStamp {
  readonly timeMs: number;
  readonly value: number;
  /** It says the same again; otherwise it contradicts, and which of the two stays depends on the order of arrival. */
  readonly isSame: boolean;
}

export interface Survey {
  readonly series: readonly RecordedSeries[];
  readonly repeats: ReadonlyMap<RecordedSeries, readonly RepeatedStamp[]>;
  /** Counting readings of registers in the recorded unit and in file order, each stamp once. */
  readonly registers: ReadonlyMap<RecordedSeries, readonly RegisterPoint[]>;
  readonly oldestMs: number;
  readonly newestMs: number;
  readonly readingCount: number;
}

/** One pass over a recording: its series and the time that it spans. */
export async function surveyRecording(place: RecordingPlace, mapping: Mapping): Promise<Survey> {
  const mapper = new RowMapper(mapping);
  const series = new Map<string, RecordedSeries>();
  const identities = new Identities();
  const points = new Map<string, RegisterPoint[]>();
  let oldestMs = Number.POSITIVE_INFINITY;
  let newestMs = Number.NEGATIVE_INFINITY;
  let readingCount = 0;
  for await (const { rows } of readRecording(place.file)) {
    for (const row of rows) {
      const { reading } = mapper.map(row);
      if (reading === undefined) continue;
      readingCount++;
      if (reading.timeMs !== null) {
        oldestMs = Math.min(oldestMs, reading.timeMs);
        newestMs = Math.max(newestMs, reading.timeMs);
      }
      const key = `${row.device}\n${row.quantity}`;
      if (reading.timeMs !== null) {
        const isNew = identities.add(key, reading.timeMs, reading.value);
        if (isNew && isRegister(reading)) keep(points, key, { timeMs: reading.timeMs, value: Number(reading.value) });
      }
      if (series.has(key)) continue;
      series.set(key, {
        recordedDevice: row.device,
        recordedQuantity: row.quantity,
        unit: reading.unit,
        device: `${mapping.recording ?? place.name}:${row.device}`,
        quantity: reading.quantity,
        channel: reading.channel,
      });
    }
  }
  const repeats = new Map([...series].map(([key, one]) => [one, identities.repeats.get(key) ?? []]));
  const registers = new Map([...series].flatMap(([key, one]) => (points.has(key) ? [[one, points.get(key)!]] : [])));
  return { series: [...series.values()], repeats, registers, oldestMs, newestMs, readingCount };
}

function isRegister({ quantity, quality }: RecordedReading): boolean {
  return quality !== 'bad' && QUANTITIES.get(quantity)?.kind === 'counter';
}

function keep(points: Map<string, RegisterPoint[]>, key: string, point: RegisterPoint): void {
  if (!Number.isFinite(point.value)) return;
  const list = points.get(key);
  if (list === undefined) points.set(key, [point]);
  else list.push(point);
}

/** Finds stamps that a series has twice. */
class Identities {
  readonly repeats = new Map<string, RepeatedStamp[]>();
  readonly #seen = new Map<string, Map<number, string>>();

  /** @returns true when the series has the stamp for the first time */
  add(key: string, timeMs: number, value: string): boolean {
    let seen = this.#seen.get(key);
    if (seen === undefined) {
      seen = new Map();
      this.#seen.set(key, seen);
    }
    const first = seen.get(timeMs);
    if (first === undefined) {
      seen.set(timeMs, value);
      return true;
    }
    const repeats = this.repeats.get(key) ?? [];
    repeats.push({ timeMs, value: Number(value), isSame: Number(first) === Number(value) });
    this.repeats.set(key, repeats);
    return false;
  }
}
