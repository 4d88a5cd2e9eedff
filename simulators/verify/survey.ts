import { type Mapping, type RecordingPlace, RowMapper, readRecording } from '../replay/index.ts';

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

export interface Survey {
  readonly series: readonly RecordedSeries[];
  readonly oldestMs: number;
  readonly newestMs: number;
  readonly readingCount: number;
}

/** One pass over a recording: its series and the time that it spans. */
export async function surveyRecording(place: RecordingPlace, mapping: Mapping): Promise<Survey> {
  const mapper = new RowMapper(mapping);
  const series = new Map<string, RecordedSeries>();
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
  return { series: [...series.values()], oldestMs, newestMs, readingCount };
}
