import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Clock, OperatingError, systemClock } from '../../src/base/index.ts';
import { type AccountingAnswer, Api } from './api.ts';

/** The product, started as a child process on free ports. */
export interface RunningProduct {
  readonly mqttUrl: string;
  readonly httpUrl: string;
  readonly pid: number;
  /** Asks it to end, waits, and forces it after `graceMs`; resolves with the exit code, null after force. */
  stop(graceMs?: number): Promise<number | null>;
}

export interface StartOptions {
  readonly configFile: string;
  readonly dataFolder: string;
  /** Extra `--set` lines. */
  readonly set?: readonly string[];
  readonly signal?: AbortSignal;
}

const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 30_000;
const STDERR_CHARS_KEPT = 4_000;

/** @throws OperatingError `product_failed` with what it said last */
export async function startProduct(options: StartOptions): Promise<RunningProduct> {
  const set = ['mqtt.port=0', 'http.port=0', ...(options.set ?? [])].flatMap((line) => ['--set', line]);
  const child = spawn(
    process.execPath,
    [programFile(), 'serve', '--announce', '--config', options.configFile, '--data', options.dataFolder, ...set],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-STDERR_CHARS_KEPT);
  });
  try {
    const urls = await announced(child, ended, options.signal);
    return { ...urls, pid: child.pid ?? 0, stop: (graceMs = STOP_MS_MAX) => stopChild(child, ended, graceMs) };
  } catch (cause) {
    await stopChild(child, ended, 0);
    throw new OperatingError(
      'product_failed',
      `cannot start the product: ${(cause as Error).message}${said === '' ? '' : `\n${said.trim()}`}`,
      { cause },
    );
  }
}

async function announced(
  child: ChildProcess,
  ended: Promise<unknown>,
  signal: AbortSignal | undefined,
): Promise<{ mqttUrl: string; httpUrl: string }> {
  let mqttUrl: string | undefined;
  let httpUrl: string | undefined;
  const ready = new Promise<{ mqttUrl: string; httpUrl: string }>((resolve) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const said = parseLine(line);
      if (said?.ready !== true) return;
      if (typeof said.mqtt === 'string') mqttUrl = said.mqtt;
      if (typeof said.http === 'string') httpUrl = said.http;
      if (mqttUrl !== undefined && httpUrl !== undefined) resolve({ mqttUrl, httpUrl });
    });
  });
  const failed = ended.then(() => Promise.reject(new Error('it ended before it was ready')));
  const timer = new AbortController();
  const late = sleep(READY_MS_MAX, undefined, {
    signal: signal === undefined ? timer.signal : AbortSignal.any([timer.signal, signal]),
  }).then(
    () => Promise.reject(new Error(`it was not ready after ${READY_MS_MAX / 1000} s`)),
    (error: unknown) => (timer.signal.aborted ? new Promise<never>(() => undefined) : Promise.reject(error)),
  );
  failed.catch(() => undefined);
  try {
    return await Promise.race([ready, failed, late]);
  } finally {
    timer.abort();
  }
}

function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

async function stopChild(child: ChildProcess, ended: Promise<number | null>, graceMs: number): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return ended;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  const code = await ended;
  clearTimeout(timer);
  return code;
}

/** `bin/vitals.js` of the package that this file belongs to, from source or from a build. */
function programFile(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, 'bin', 'vitals.js');
    if (existsSync(candidate)) return candidate;
    if (dirname(folder) === folder)
      throw new OperatingError('product_failed', 'cannot start the product: bin/vitals.js was not found');
  }
}

const POLL_MS = 250;
/** On a machine with other work a tick over years of late hours takes minutes, and nothing moves meanwhile. */
const STALL_MS_MAX = 300_000;

/**
 * Waits until everything acknowledged is in the store: `messagesMin` messages received, and the store at or beyond what
 * was durable when they had been. The durable position itself goes on moving by time marks, so it is not waited for.
 *
 * @param stallMsMax give up when nothing that is waited for moves for this long
 * @throws OperatingError `product_stalled`, `api_failed`
 */
export async function waitUntilLevel(
  httpUrl: string,
  options: {
    readonly messagesMin: number;
    readonly stallMsMax?: number;
    readonly signal?: AbortSignal;
    readonly clock?: Clock;
  },
): Promise<AccountingAnswer> {
  const api = new Api(httpUrl);
  const clock = options.clock ?? systemClock;
  const stallMsMax = options.stallMsMax ?? STALL_MS_MAX;
  let target: number | undefined;
  let seen = '';
  let seenAtMs = clock.monotonicMs();
  for (;;) {
    options.signal?.throwIfAborted();
    const answer = await api.accounting();
    const { durableSequence, storeSequence } = answer.progress;
    const { received } = answer.messages;
    if (received >= options.messagesMin) target ??= durableSequence;
    if (target !== undefined && storeSequence >= target) return answer;
    const state = target === undefined ? `${received} received` : `${storeSequence} stored`;
    const nowMs = clock.monotonicMs();
    if (state !== seen) seenAtMs = nowMs;
    else if (nowMs - seenAtMs > stallMsMax) {
      throw new OperatingError(
        'product_stalled',
        `cannot verify: the store stands at ${storeSequence} of ${durableSequence} with ${received} of ${options.messagesMin} messages for ${stallMsMax / 1000} s`,
      );
    }
    seen = state;
    await sleep(POLL_MS, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
}
