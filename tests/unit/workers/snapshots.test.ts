import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PipelineSnapshot } from '../../../src/workers/pipeline.ts';
import { type FoundSnapshot, openSnapshots, type Snapshots } from '../../../src/workers/snapshots.ts';

const PIECE_BYTES = 300_000;
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'snapshots-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('snapshots', () => {
  it('give back the state and every piece in order, written over many steps', async () => {
    await write(await openSnapshots(folder, 'basis'), 7, 20);
    const found = await newest(await openSnapshots(folder, 'basis'), 7);
    expect(found.snapshot?.state).toMatchObject({ sequence: 7 });
    const pieces = await Array.fromAsync(found.snapshot!.pieces, (piece) => [piece.length, piece[0], piece.at(-1)]);
    expect(pieces).toEqual(Array.from({ length: 20 }, (_, index) => [PIECE_BYTES, index, index]));
    expect(found.skipped).toEqual([]);
  });

  it('are not there before their last step, and leave nothing when they are given up', async () => {
    const file = (await openSnapshots(folder, 'basis')).begin(snapshotOf(7, 20));
    expect(await file.step()).toBe(undefined);
    expect((await newest(await openSnapshots(`${folder}/other`, 'basis'), 7)).snapshot).toBe(undefined);
    await file.giveUp();
    expect(readdirSync(folder).filter((name) => name.includes('snapshot'))).toEqual([]);
  });

  it('keep the newest three, and tell the oldest of them', async () => {
    const snapshots = await openSnapshots(folder, 'basis');
    const oldest: (number | undefined)[] = [];
    for (const sequence of [1, 2, 3, 4]) oldest.push(await write(snapshots, sequence, 1));
    expect(oldest).toEqual([1, 1, 1, 2]);
    expect(readdirSync(folder)).toHaveLength(3);
  });

  it('that the store does not include are removed', async () => {
    const snapshots = await openSnapshots(folder, 'basis');
    await write(snapshots, 5, 1);
    await write(snapshots, 9, 1);
    expect((await newest(snapshots, 8)).snapshot?.state.sequence).toBe(5);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it.each([
    ['cut short', (file: string) => truncateSync(file, PIECE_BYTES), 'it is cut short'],
    ['changed in one byte', (file: string) => flip(file, PIECE_BYTES), 'its checksum is wrong'],
    ['of an older layout', (file: string) => flip(file, 7), 'it is of another format'],
  ])('that are %s are passed over with a reason, and the one before serves', async (_, harm, reason) => {
    const snapshots = await openSnapshots(folder, 'basis');
    await write(snapshots, 5, 2);
    await write(snapshots, 9, 2);
    const file = join(folder, readdirSync(folder).sort().at(-1)!);
    harm(file);
    expect(await newest(snapshots, 9)).toMatchObject({
      snapshot: { state: { sequence: 5 } },
      skipped: [[file, reason]],
    });
  });

  it('made with another calendar or clock are passed over with both named', async () => {
    await write(await openSnapshots(folder, 'UTC'), 5, 1);
    const { snapshot, skipped } = await newest(await openSnapshots(folder, 'Europe/Madrid'), 5);
    expect(snapshot).toBe(undefined);
    expect(skipped[0]![1]).toBe('it was made with UTC, now Europe/Madrid holds');
  });
});

async function write(snapshots: Snapshots, sequence: number, pieces: number): Promise<number | undefined> {
  const file = snapshots.begin(snapshotOf(sequence, pieces));
  for (;;) {
    const oldest = await file.step();
    if (oldest !== undefined) return oldest;
  }
}

async function newest(snapshots: Snapshots, upTo: number) {
  const skipped: [file: string, reason: string][] = [];
  const snapshot: FoundSnapshot | undefined = await snapshots.newest(upTo, (file, reason) =>
    skipped.push([file, reason]),
  );
  return { snapshot, skipped };
}

function snapshotOf(sequence: number, count: number): PipelineSnapshot {
  let at = 0;
  return {
    state: { sequence } as PipelineSnapshot['state'],
    nextPiece: () => (at < count ? new Uint8Array(PIECE_BYTES).fill(at++) : undefined),
    end: () => undefined,
  };
}

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at]! ^= 1;
  writeFileSync(file, bytes);
}
