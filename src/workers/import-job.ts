import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, OperatingError } from '../base/index.ts';
import type { AcceptMessage } from '../broker/index.ts';
import type { Intake } from '../intake/index.ts';
import type { JobContext, JobHandler } from '../jobs/index.ts';
import type { Message } from '../model/index.ts';
import type { Store } from '../store/index.ts';
import { openCsvSource } from './csv-source.ts';
import { type ImportLayout, importLayout } from './import-layout.ts';
import { type FileReading, type Judged, judge, partsOf } from './import-messages.ts';
import { checkUnchanged, type ImportOrder } from './import-order.ts';
import type { ImportSource, SourceRow } from './import-source.ts';
import { awaitRoom, type Held, type JobPace, unlessAborted } from './job-pace.ts';
import { openParquetSource } from './parquet-source.ts';

/** The kind of the job. */
export const IMPORT = 'import';

/** What became of a file. What then became of its readings is in the accounting, with all others. */
export interface ImportResult {
  readonly file: string;
  /** Rows of the file, beside the one that names the columns. */
  readonly rows: number;
  /** Readings handed over: in the journal, as messages. */
  readonly readings: number;
  readonly messages: number;
  /** Of those, readings older than what the store keeps whole: they are in no pane and no value. */
  readonly tooOld: number;
  /** Rows, and readings of rows, that were not handed over, by reason; and the first of them. */
  readonly refused: Readonly<Record<string, number>>;
  readonly refusedFirst: readonly string[];
  readonly columnsIgnored: readonly string[];
}

export interface ImportJobSources extends JobPace {
  readonly clock: Clock;
  readonly store: () => Pick<Store, 'parquetRows'>;
  /** The way into the journal of all that comes in. */
  readonly accept: AcceptMessage;
  readonly journal: Held;
  /** The one that the engine has. */
  openIntake(): Intake;
  readonly payloadBytesMax: number;
  /** Older readings are in no pane, ms UTC. */
  rebuiltFromMs(): number;
}

type Checkpoint = Omit<ImportResult, 'file' | 'columnsIgnored'>;

const ROWS_PER_STEP = 2_000;
const ROWS_PER_TURN = 100;
const REFUSED_SHOWN_MAX = 20;
const MESSAGE_BYTES_MAX = 48 * 1024;
const CLIENT = 'import';

/**
 * Hands a file of readings over, as messages that come in like any others: in the journal before they count, decoded by
 * a profile. At its own pace: it waits while the engine is behind or much of the past waits to be rebuilt. After a restart
 * it goes on with the rows that were not handed over; of what is handed over twice each reading counts once.
 */
export function importJob(sources: ImportJobSources): JobHandler {
  return async (context) => {
    const order = context.job.input as ImportOrder;
    checkUnchanged(order);
    const { file, format } = order;
    const source = format === 'csv' ? await openCsvSource(file) : await openParquetSource(file, sources.store());
    try {
      return await run(order, source, context, sources);
    } finally {
      await source.close();
    }
  };
}

async function run(
  order: ImportOrder,
  source: ImportSource,
  context: JobContext,
  sources: ImportJobSources,
): Promise<ImportResult> {
  const { file, columns } = order;
  const layout = importLayout(file, source.columns, columns);
  const tally = new Tally(context.job.checkpoint as Checkpoint | null);
  const hand = new Hand(context, sources);
  await unlessAborted(source.skip(tally.rows), context.signal);
  for (;;) {
    const rows = await unlessAborted(source.read(ROWS_PER_STEP, layout.columns), context.signal);
    // What was exchanged meanwhile is another file's rows.
    checkUnchanged(order);
    if (rows.length === 0) break;
    const readings = await readingsOfAll(rows, layout, tally);
    for (const part of partsOf(readings, Math.min(MESSAGE_BYTES_MAX, sources.payloadBytesMax))) {
      tally.add(await hand.over(part), sources.rebuiltFromMs());
    }
    await hand.settled();
    tally.rows += rows.length;
    await context.checkpoint(tally.value());
    await context.progress(source.ratio());
  }
  return { file, ...tally.value(), columnsIgnored: layout.columnsIgnored };
}

/** A wide file has many in a row: whoever else has something to do comes between. */
async function readingsOfAll(rows: readonly SourceRow[], layout: ImportLayout, tally: Tally): Promise<FileReading[]> {
  const readings: FileReading[] = [];
  for (const [at, row] of rows.entries()) {
    if (at % ROWS_PER_TURN === 0) await nextTurn();
    readings.push(...readingsOf(row, layout, tally));
  }
  return readings;
}

function readingsOf(row: SourceRow, layout: ImportLayout, tally: Tally): FileReading[] {
  if ('problem' in row) {
    tally.refuse(row.at, 'malformed', row.problem);
    return [];
  }
  return layout.readings(row.values).map((reading) => ({ at: row.at, body: JSON.stringify(reading) }));
}

/** What has been counted so far. */
class Tally {
  rows: number;
  #readings: number;
  #messages: number;
  #tooOld: number;
  readonly #refused: Record<string, number>;
  readonly #refusedFirst: string[];

  constructor(before: Checkpoint | null) {
    const { rows = 0, readings = 0, messages = 0, tooOld = 0, refused = {}, refusedFirst = [] } = before ?? {};
    this.rows = rows;
    this.#readings = readings;
    this.#messages = messages;
    this.#tooOld = tooOld;
    this.#refused = { ...refused };
    this.#refusedFirst = [...refusedFirst];
  }

  add({ message, readings, refused }: Judged, rebuiltFromMs: number): void {
    if (message !== undefined) this.#messages++;
    this.#readings += readings.length;
    this.#tooOld += readings.filter(({ timeMs }) => timeMs < rebuiltFromMs).length;
    for (const { at, reject } of refused) this.refuse(at, reject.reason, reject.detail);
  }

  refuse(at: string, reason: string, detail: string): void {
    this.#refused[reason] = (this.#refused[reason] ?? 0) + 1;
    if (this.#refusedFirst.length < REFUSED_SHOWN_MAX) this.#refusedFirst.push(`${at}: ${reason}: ${detail}`);
  }

  value(): Checkpoint {
    return {
      rows: this.rows,
      readings: this.#readings,
      messages: this.#messages,
      tooOld: this.#tooOld,
      refused: { ...this.#refused },
      refusedFirst: [...this.#refusedFirst],
    };
  }
}

/** Gives messages to the journal, no more than there is room for. */
class Hand {
  readonly #context: JobContext;
  readonly #sources: ImportJobSources;
  readonly #intake: Intake;
  #unsettled: Promise<void>[] = [];

  constructor(context: JobContext, sources: ImportJobSources) {
    this.#context = context;
    this.#sources = sources;
    this.#intake = sources.openIntake();
    // Before a restart as much may have been handed over as there is room for.
    sources.onTheirWay.addHeld(sources.lateMax, sources.journal);
  }

  async over(part: readonly FileReading[]): Promise<Judged> {
    const { signal, job } = this.#context;
    await awaitRoom(signal, this.#sources);
    // Decoding takes a millisecond or so: whoever else has something to do comes first.
    await nextTurn();
    const receivedAtMs = this.#sources.clock.nowMs();
    const envelope = { topic: `import/${job.id}`, clientId: CLIENT, receivedAtMs, flags: 0 };
    const judged = judge(part, envelope, this.#intake);
    if (judged.message !== undefined) this.#unsettled.push(this.#append(judged.message, judged.readings.length));
    return judged;
  }

  /** All that was handed over is on disk. */
  async settled(): Promise<void> {
    const unsettled = this.#unsettled;
    this.#unsettled = [];
    await unlessAborted(Promise.all(unsettled), this.#context.signal);
  }

  #append(message: Message, readings: number): Promise<void> {
    const { accept, journal, onTheirWay } = this.#sources;
    const sent = onTheirWay.add(readings);
    const appended = new Promise<void>((resolve, reject) => {
      accept(message, (error) => {
        onTheirWay.settle(sent, journal);
        if (error === undefined) resolve();
        // A journal that is about to be closed is no failure of the job, which is stopped in a moment.
        else if (!(error instanceof OperatingError) || error.code !== 'journal_closed') reject(error);
      });
    });
    // It is waited for later.
    appended.catch(() => undefined);
    return appended;
  }
}
