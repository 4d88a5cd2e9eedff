import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { pubackOf, publishPacket } from '../../../harness/index.ts';
import { readSyscallLog } from '../../../torture/syscall-log.ts';

const hex = (bytes: Uint8Array) => `"${[...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`;
const SEGMENT = `21<${hex(Buffer.from('/d/journal/0000000000000001.journal')).slice(1, -1)}>`;
const SOCKET = '39<TCP:[127.0.0.1:1883->127.0.0.1:40000]>';
const publish = (id: number) => publishPacket('in/a', `payload-${id}`, { qos: 1, messageId: id });
const READ = (id: number) => `7 read(${SOCKET}, ${hex(publish(id))}, 65536) = ${publish(id).length}`;
const WRITTEN = (id: number) =>
  `9 pwritev(${SEGMENT}, [{iov_base=${hex(Buffer.from(`..in/a..payload-${id}`))}, iov_len=99}], 1, 64) = 99`;
const SYNC_BEGINS = `9 fdatasync(${SEGMENT} <unfinished ...>`;
const SYNC_ENDS = '9 <... fdatasync resumed>) = 0';
const SYNC_FAILS = `9 fdatasync(${SEGMENT}) = -1 EIO (Input/output error) (INJECTED)`;
const ACK = (...ids: number[]) => `7 write(${SOCKET}, ${hex(Buffer.concat(ids.map(pubackOf)))}, 4) = 4`;

function findingsOf(...lines: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'vitals-strace-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'log'), lines.join('\n'));
  return readSyscallLog(join(folder, 'log'));
}

it('lets an acknowledgement pass that follows the end of the fdatasync behind its message', async () => {
  const found = await findingsOf(READ(1), READ(2), WRITTEN(1), WRITTEN(2), SYNC_BEGINS, SYNC_ENDS, ACK(1, 2));
  expect(found).toEqual({
    publishCount: 2,
    acknowledgedCount: 2,
    syncCount: 1,
    failedSyncCount: 0,
    early: [],
    afterFailure: 0,
  });
});

it('finds one between the begin of the fdatasync and its end', async () => {
  const { early } = await findingsOf(READ(1), WRITTEN(1), SYNC_BEGINS, ACK(1), SYNC_ENDS);
  expect(early).toEqual(['packet 1 with payload-1']);
});

it('finds one whose message was written while the fdatasync ran already', async () => {
  const { early } = await findingsOf(READ(1), READ(2), WRITTEN(1), SYNC_BEGINS, WRITTEN(2), SYNC_ENDS, ACK(1, 2));
  expect(early).toEqual(['packet 2 with payload-2']);
});

it('finds what is acknowledged after a failed fdatasync', async () => {
  const found = await findingsOf(READ(1), WRITTEN(1), SYNC_FAILS, ACK(1));
  expect(found).toMatchObject({ failedSyncCount: 1, syncCount: 0, afterFailure: 1 });
  expect(found.early).toHaveLength(1);
});
