import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { OperatingError } from '../../../../src/base/index.ts';
import { isLeftBehind, noteLeftBehind, refuseLeftBehind } from '../../../../src/workers/cluster/left-behind.ts';

it('is remembered in the data folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vitals-behind-'));
  try {
    refuseLeftBehind(folder);
    noteLeftBehind(folder, new Error('cut 2 lies at 4 instead of 5'));
    expect(() => refuseLeftBehind(folder)).toThrow(`cannot go on with ${folder}: cut 2 lies at 4 instead of 5. Begin`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('is told from what can be mended', () => {
  const of = (code: string) => isLeftBehind(new OperatingError(code, ''));
  expect(['journal_gap', 'journal_rewound', 'profile_invalid', 'streams_unreachable'].map(of)).toEqual([
    ...[true, true, false, false],
  ]);
  expect(isLeftBehind(new Error('journal_gap'))).toBe(false);
});
