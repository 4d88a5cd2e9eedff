import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { plantTree } from '../../tidy/support/source-tree.ts';

const SOURCE = fileURLToPath(new URL('../../../src/identity/record-file.ts', import.meta.url));
/** Under a limit of the system for files, a write that goes beyond it is done in part, as on a disk that is nearly full. */
const IN_SMALL_FILES = 'ulimit -f 1; exec "$0" "$@"';

function writeInSmallFiles(file: string, text: string) {
  const script = `import { writeRecords } from ${JSON.stringify(SOURCE)}; writeRecords(...${JSON.stringify([file, { text }])});`;
  const node = [process.execPath, '--input-type=module', '--eval', script];
  return spawnSync('sh', ['-c', IN_SMALL_FILES, ...node], { encoding: 'utf8' });
}

it('a new version of which only a part could be written leaves the old one as it was, and nothing beside it', () => {
  const folder = plantTree({ 'devices.json': '{"old":true}' });
  const file = join(folder, 'devices.json');
  const long = writeInSmallFiles(file, 'x'.repeat(4_000));
  expect(readFileSync(file, 'utf8')).toBe('{"old":true}');
  expect(readdirSync(folder)).toEqual(['devices.json']);
  expect([long.status, long.stderr]).toEqual([1, expect.stringContaining('EFBIG')]);
  const short = writeInSmallFiles(file, 'new');
  expect([short.status, short.stderr]).toEqual([0, '']);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ text: 'new' });
});
