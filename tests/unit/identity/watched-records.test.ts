import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { versionOf } from '../../../src/identity/record-file.ts';
import { WatchedRecords } from '../../../src/identity/watched-records.ts';
import { plantTree } from '../../tidy/support/source-tree.ts';

function watched() {
  const file = join(plantTree({ 'devices.json': '1' }), 'devices.json');
  const seen = { reads: 0, problems: [] as string[], changes: 0, failure: undefined as string | undefined };
  const records = new WatchedRecords(
    file,
    () => {
      seen.reads++;
      if (seen.failure !== undefined) throw new Error(seen.failure);
    },
    ({ message }) => seen.problems.push(message),
  );
  onTestFinished(() => records.close());
  records.onChange(() => seen.changes++);
  return { file, records, seen };
}

describe('a file of records', () => {
  it('is read again after a reading that failed, though it is the same', () => {
    const { file, records, seen } = watched();
    writeFileSync(file, 'longer');
    seen.failure = 'EMFILE: too many open files';
    records.look();
    expect(seen).toMatchObject({ reads: 2, changes: 0 });
    seen.failure = undefined;
    records.look();
    expect(seen).toMatchObject({ reads: 3, changes: 1 });
    records.look();
    expect(seen).toMatchObject({ reads: 3, changes: 1 });
  });

  it('is complained of once for each thing that is wrong with it', () => {
    const { file, records, seen } = watched();
    writeFileSync(file, 'longer');
    for (seen.failure of ['a', 'a', 'b', 'b', undefined]) records.look();
    writeFileSync(file, 'longer again');
    for (seen.failure of ['b', 'b']) records.look();
    expect(seen.problems).toEqual(['a', 'b', 'b']);
  });

  it('has another version when it was written, whatever its time of change says', async () => {
    const { file } = watched();
    utimesSync(file, 1_000, 1_000);
    const before = versionOf(file);
    await expect
      .poll(() => {
        writeFileSync(file, '2');
        utimesSync(file, 1_000, 1_000);
        return versionOf(file);
      })
      .not.toBe(before);
  });
});
