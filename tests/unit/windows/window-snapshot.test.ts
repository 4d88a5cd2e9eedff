import { describe, expect, it } from 'vitest';
import { PIECE, ReadingPieces, recordOf, recordPiece, visitSeries } from '../../../src/windows/window-snapshot.ts';

const COLUMN = { level: 1, column: 2, startMs: 3_600_000, content: Float64Array.of(1, 2, 3, 4, 5) };

describe('a piece of a snapshot', () => {
  it.each([
    ['as plain bytes', (piece: Uint8Array) => piece],
    ['as the Buffer that a file gives', (piece: Uint8Array) => Buffer.from(piece)],
    [
      'as a Buffer somewhere in another one',
      (piece: Uint8Array) => Buffer.concat([Buffer.alloc(3), piece]).subarray(3),
    ],
  ])('gives its column back whole and alone when it comes %s', (_, came) => {
    const { bytes, ...rest } = recordOf(came(recordPiece(COLUMN, new ArrayBuffer(0))));
    expect(rest).toEqual({ level: 1, column: 2, startMs: 3_600_000 });
    // Who restores a column takes the whole of its buffer.
    expect(new Float64Array(bytes.buffer)).toEqual(COLUMN.content);
  });

  it('gives its readings back from any place of a Buffer', () => {
    const pieces = new ReadingPieces();
    const saved = { id: 7, flags: 0, openFromMs: 1, baseMs: 2 };
    pieces.add({ ...saved, values: Float64Array.of(10, 11, 12), times: Uint32Array.of(0, 1, 2) });
    const piece = pieces.next(true)!;
    expect(piece[0]).toBe(PIECE.readings);
    const found: unknown[] = [];
    visitSeries(
      Buffer.concat([Buffer.alloc(3), piece]).subarray(3),
      () => false,
      ({ values, times, ...one }) => found.push([one, [...values], [...times]]),
    );
    expect(found).toEqual([[saved, [10, 11, 12], [0, 1, 2]]]);
  });
});
