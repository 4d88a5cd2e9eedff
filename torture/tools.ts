import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { MOSQUITTO } from '../harness/index.ts';

/** Programs and rights that some faults need. */
export type Tool = 'strace' | 'libfaketime' | 'mosquitto' | 'root (mount of a tmpfs)';

const SEARCHED = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];
const LIBFAKETIME = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1',
  '/usr/lib/faketime/libfaketime.so.1',
  '/usr/local/lib/faketime/libfaketime.so.1',
].find((path) => existsSync(path));

/** Full path of a program; undefined where it is not installed. */
export function programAt(name: string): string | undefined {
  return SEARCHED.map((folder) => join(folder, name)).find(isExecutable);
}

/** Whether a tool is there. */
export function hasTool(tool: Tool): boolean {
  switch (tool) {
    case 'strace':
      return programAt('strace') !== undefined;
    case 'libfaketime':
      return LIBFAKETIME !== undefined;
    case 'mosquitto':
      return MOSQUITTO !== undefined;
    case 'root (mount of a tmpfs)':
      return process.platform === 'linux' && process.getuid?.() === 0 && programAt('mount') !== undefined;
  }
}

/** What makes a process read its clock from a file, as environment; the monotonic clock stays as it is. */
export function fakedClock(file: string): Record<string, string> {
  return {
    LD_PRELOAD: LIBFAKETIME!,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
