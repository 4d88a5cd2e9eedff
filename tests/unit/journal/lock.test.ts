import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeFileSystem } from '../../../src/journal/local/index.ts';

let folder: string;
let child: ChildProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vitals-lock-'));
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** Another process that takes the lock and stays. */
async function holder(): Promise<ChildProcess> {
  const module = new URL('../../../src/journal/local/index.ts', import.meta.url).href;
  const script = `const { nodeFileSystem } = await import(${JSON.stringify(module)});
    await nodeFileSystem.lock(${JSON.stringify(folder)}); console.log('locked'); setInterval(() => {}, 1000);`;
  child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout!, 'data');
  return child;
}

describe('the lock of a journal folder', () => {
  it('names the process that holds it, and is free when that one was killed', async () => {
    const other = await holder();
    await expect(nodeFileSystem.lock(folder)).rejects.toMatchObject({
      code: 'journal_locked',
      message: expect.stringContaining(`process ${other.pid} `),
    });
    other.kill('SIGKILL');
    await once(other, 'exit');
    const release = await nodeFileSystem.lock(folder);
    await release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is free when its pid now belongs to another process', async () => {
    await writeFile(join(folder, 'lock'), JSON.stringify({ pid: process.pid, started: 'an earlier boot/1', id: 'x' }));
    await (await nodeFileSystem.lock(folder))();
  });

  it('is free when its content makes no sense', async () => {
    await writeFile(join(folder, 'lock'), '\0\0');
    await (await nodeFileSystem.lock(folder))();
  });

  it('is taken by one of many who try at once', async () => {
    await writeFile(join(folder, 'lock'), JSON.stringify({ pid: 2 ** 22 + 1, started: '', id: 'x' }));
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => nodeFileSystem.lock(folder)));
    expect(tries.filter(({ status }) => status === 'fulfilled').length).toBe(1);
  });
});
