import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HOUR_MS, systemClock } from '../../src/base/index.ts';
import { createEngine, createRows } from './bench-engine.ts';
import { cpuSeconds, type EngineRun } from './engine-run.ts';
import { addRows, emptyTally, sameResults } from './tally.ts';

/** What a snapshot of an engine costs, and the way back from it. */
export interface SnapshotCase {
  readonly case: string;
  readonly series: number;
  /** All pieces, as written to a file. */
  readonly snapshotBytes: number;
  readonly snapshotBytesPerSeries: number;
  readonly snapshotMs: number;
  readonly snapshotCpuSeconds: number;
  /** The longest time that the engine's thread spends on one piece: what a live engine waits at most. */
  readonly snapshotLongestPieceMs: number;
  /** The same in CPU time, which other processes do not lengthen. */
  readonly snapshotLongestPieceCpuMs: number;
  /** From the file to an engine that answers; the replay of the journal behind it comes on top. */
  readonly recoveryMs: number;
  readonly recoveryCpuSeconds: number;
  /** The engine that came back emits the same bits. */
  readonly recoveredEqual: boolean;
}

/** Writes a snapshot of the engine to a file, reads it into another one and compares what the two emit. */
export function measureSnapshot(name: string, series: number, run: EngineRun): SnapshotCase {
  const folder = mkdtempSync(join(tmpdir(), 'vitals-bench-engine-'));
  const file = join(folder, 'snapshot');
  try {
    const written = writeSnapshot(run, file);
    const startMs = systemClock.monotonicMs();
    const startS = cpuSeconds();
    const recovered = readSnapshot(file, written.pieces, series);
    const recoveryMs = systemClock.monotonicMs() - startMs;
    const recoveryCpuSeconds = cpuSeconds() - startS;
    const ours = emptyTally();
    const theirs = emptyTally();
    addRows(ours, run.rows, run.engine.rolling(run.endMs, HOUR_MS, run.rows), run.minute);
    const rows = createRows(series);
    addRows(theirs, rows, recovered.rolling(run.endMs, HOUR_MS, rows), run.minute);
    const snapshotBytes = written.pieces.reduce((total, bytes) => total + bytes, 0);
    return {
      case: name,
      series,
      snapshotBytes,
      snapshotBytesPerSeries: snapshotBytes / series,
      snapshotMs: written.elapsedMs,
      snapshotCpuSeconds: written.cpuS,
      snapshotLongestPieceMs: written.longestMs,
      snapshotLongestPieceCpuMs: written.longestCpuMs,
      recoveryMs,
      recoveryCpuSeconds,
      recoveredEqual: sameResults(ours, theirs),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeSnapshot({ engine }: EngineRun, file: string) {
  const pieces: number[] = [];
  const descriptor = openSync(file, 'w');
  const startMs = systemClock.monotonicMs();
  const startS = cpuSeconds();
  const snapshot = engine.beginSnapshot();
  let longestMs = systemClock.monotonicMs() - startMs;
  let longestCpuMs = (cpuSeconds() - startS) * 1e3;
  for (;;) {
    const pieceMs = systemClock.monotonicMs();
    const pieceS = cpuSeconds();
    const piece = snapshot.next();
    longestMs = Math.max(longestMs, systemClock.monotonicMs() - pieceMs);
    longestCpuMs = Math.max(longestCpuMs, (cpuSeconds() - pieceS) * 1e3);
    if (piece === undefined) break;
    pieces.push(piece.byteLength);
    writeAll(descriptor, piece);
  }
  engine.endSnapshot();
  closeSync(descriptor);
  const elapsedMs = systemClock.monotonicMs() - startMs;
  return { pieces, longestMs, longestCpuMs, elapsedMs, cpuS: cpuSeconds() - startS };
}

function writeAll(descriptor: number, piece: Uint8Array): void {
  for (let at = 0; at < piece.byteLength; ) at += writeSync(descriptor, piece, at);
}

function readSnapshot(file: string, pieces: readonly number[], series: number) {
  const engine = createEngine(series);
  const descriptor = openSync(file, 'r');
  for (const bytes of pieces) {
    const piece = new Uint8Array(bytes);
    for (let at = 0; at < bytes; ) at += readSync(descriptor, piece, { offset: at });
    engine.restorePiece(piece);
  }
  closeSync(descriptor);
  return engine;
}
