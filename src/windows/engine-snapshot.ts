import type { PaneRecords, RecordColumn } from './pane-records.ts';
import { type ReadingArena, WIDE } from './reading-arena.ts';
import type { SeriesTable } from './series-table.ts';
import {
  assertVersion,
  metaOf,
  namesOf,
  PIECE,
  pieceKind,
  ReadingPieces,
  recordOf,
  recordPiece,
  type SavedName,
  type SavedSeries,
  type SnapshotMeta,
  textPiece,
  visitSeries,
} from './window-snapshot.ts';

/** Series that one step of the sweep looks at; about half a piece of series that report every minute. */
const SERIES_PER_STEP = 256;
const NAMES_PER_PIECE = 4_096;

/** What a snapshot is taken of. */
export interface SnapshotSources {
  readonly arena: ReadingArena;
  readonly table: SeriesTable;
  readonly hours: PaneRecords;
  readonly quarters: PaneRecords;
}

/**
 * A snapshot that is written while the engine works on: the state is that of its beginning. A series is written when the
 * sweep comes to it or, sooner, right before it changes (`keepSafe`); record chunks are copied before they change.
 */
export class EngineSnapshot {
  readonly #sources: SnapshotSources;
  readonly #epoch: number;
  readonly #seriesCount: number;
  readonly #readings = new ReadingPieces();
  readonly #columns: Iterator<RecordColumn>;
  #recordBuffer = new ArrayBuffer(0);
  #meta: Uint8Array | undefined;
  #named = 0;
  #swept = 0;

  constructor(sources: SnapshotSources, epoch: number, meta: SnapshotMeta) {
    this.#sources = sources;
    this.#epoch = epoch;
    this.#seriesCount = meta.seriesCount;
    this.#meta = textPiece(PIECE.meta, meta);
    this.#columns = columnsOf(sources)[Symbol.iterator]();
  }

  /** Writes a series that is about to change, if that was not done yet. */
  keepSafe(id: number): void {
    const { arena, table } = this.#sources;
    if (id >= this.#seriesCount || arena.epoch(id) === this.#epoch) return;
    arena.setEpoch(id, this.#epoch);
    this.#readings.add({ ...arena.saved(id), openFromMs: table.openFromMs[id]! });
  }

  /**
   * The next piece, of a megabyte or so, valid until the next call; undefined when all are written.
   *
   * @see `WindowEngine.restorePiece`
   */
  next(): Uint8Array | undefined {
    const meta = this.#meta;
    this.#meta = undefined;
    return meta ?? this.#nextNames() ?? this.#nextReadings() ?? this.#nextRecords();
  }

  #nextNames(): Uint8Array | undefined {
    if (this.#named >= this.#seriesCount) return undefined;
    const first = this.#named;
    this.#named = Math.min(this.#seriesCount, first + NAMES_PER_PIECE);
    const { list, recordOf } = this.#sources.table;
    const names = list
      .slice(first, this.#named)
      .map((series) => ({ ...series, hasRecords: recordOf[series.id]! >= 0 }));
    return textPiece(PIECE.names, names);
  }

  #nextReadings(): Uint8Array | undefined {
    for (;;) {
      const isSwept = this.#swept >= this.#seriesCount;
      const piece = this.#readings.next(isSwept);
      if (piece !== undefined || isSwept) return piece;
      const end = Math.min(this.#seriesCount, this.#swept + SERIES_PER_STEP);
      for (; this.#swept < end; this.#swept++) this.keepSafe(this.#swept);
    }
  }

  #nextRecords(): Uint8Array | undefined {
    const { done, value } = this.#columns.next();
    if (done === true) return undefined;
    const piece = recordPiece(value, this.#recordBuffer);
    this.#recordBuffer = piece.buffer as ArrayBuffer;
    return piece;
  }
}

/** Both iterations begin at once: what they are to say is fixed then. */
function columnsOf({ hours, quarters }: SnapshotSources): Iterable<RecordColumn> {
  const levels = [hours.columns(0), quarters.columns(1)];
  return (function* () {
    for (const level of levels) yield* level;
  })();
}

/** Where what a snapshot says goes. */
export interface Restored {
  meta(meta: SnapshotMeta): void;
  /** In the order of the numbers of series. */
  name(name: SavedName): void;
  /** Columns are views, valid during the call. */
  readings(saved: SavedSeries): void;
  record(record: ReturnType<typeof recordOf>): void;
}

/** Takes one piece of a snapshot apart. */
export function takePiece(piece: Uint8Array, into: Restored): void {
  switch (pieceKind(piece)) {
    case PIECE.meta: {
      const meta = metaOf(piece);
      assertVersion(meta);
      into.meta(meta);
      break;
    }
    case PIECE.names:
      for (const name of namesOf(piece)) into.name(name);
      break;
    case PIECE.readings:
      visitSeries(
        piece,
        (flags) => (flags & WIDE) !== 0,
        (saved) => into.readings(saved),
      );
      break;
    default:
      into.record(recordOf(piece));
  }
}
