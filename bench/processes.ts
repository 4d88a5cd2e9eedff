import { readFileSync } from 'node:fs';

const TICKS_PER_S = 100;

/** User and system time of a process and all its threads so far, seconds (proc(5)); steps of 10 ms. */
export function cpuSecondsOfProcess(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

/** Memory of a process that is in RAM, bytes (proc(5)). */
export function residentBytesOfProcess(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(found?.[1] ?? Number.NaN) * 1024;
}
