import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OperatingError } from '../src/base/index.ts';

/** How to start the product. */
export interface StartOptions {
  readonly configFile: string;
  readonly dataFolder: string;
  /** Extra `key=value` lines; the ports are free ones unless they stand here. */
  readonly set?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** What the process does, as `--roles` has it; everything when absent. */
  readonly roles?: string;
  /** A program with its arguments that starts the product instead, such as a tracer; it must become the product. */
  readonly under?: readonly string[];
  /** Gives up waiting for the product to be ready. */
  readonly signal?: AbortSignal;
}

/** How a process ended: a code, or the signal that killed it. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of the product, ready or not. */
export interface LaunchedProduct {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** The last million characters that it has written, log lines included. */
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
  /** Asks it to end, waits, and forces it after `graceMs`. */
  stop(graceMs?: number): Promise<Ended>;
}

/** The product, started as a child process, taking messages and requests. */
export interface RunningProduct extends LaunchedProduct {
  readonly mqttUrl: string;
  readonly httpUrl: string;
}

const READY_MS_MAX = 180_000;
const STOP_MS_MAX = 30_000;
const OUTPUT_CHARS_KEPT = 1_000_000;
const STDERR_CHARS_SHOWN = 4_000;
/** Starts take half the processor time when the compiled sources are kept between them. */
const COMPILED = join(tmpdir(), 'vitals-compiled');

/** Starts a process of the product and does not wait. */
export function launchProduct(options: StartOptions): LaunchedProduct {
  const { configFile, dataFolder, set = [], environment = {}, under = [], roles } = options;
  const settings = ['mqtt.port=0', 'http.port=0', ...set].flatMap((line) => ['--set', line]);
  const only = roles === undefined ? [] : ['--roles', roles];
  const serve = ['serve', '--announce', '--config', configFile, '--data', dataFolder, ...settings, ...only];
  const [program, ...words] = [...under, process.execPath, programFile(), ...serve];
  const env = { ...process.env, NODE_COMPILE_CACHE: COMPILED, ...environment };
  const child = spawn(program!, words, { stdio: ['ignore', 'pipe', 'pipe'], env });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] = (output[name] + text).slice(-OUTPUT_CHARS_KEPT);
    });
  }
  const ended = new Promise<Ended>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, stdout: '', stderr: error.message }));
    child.once('close', (code, signal) => resolve({ code, signal, ...output }));
  });
  return {
    pid: child.pid ?? 0,
    child,
    ended,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    kill: (signal) => void child.kill(signal),
    stop: (graceMs = STOP_MS_MAX) => stopChild(child, ended, graceMs),
  };
}

/**
 * Starts the product and waits until it is ready.
 *
 * @throws OperatingError `product_failed` with what it said last; it is not running then
 */
export async function startProduct(options: StartOptions): Promise<RunningProduct> {
  return becomeReady(launchProduct(options), options.signal);
}

/** Waits until a launched product is ready. Same errors. */
export async function becomeReady(product: LaunchedProduct, signal?: AbortSignal): Promise<RunningProduct> {
  try {
    return { ...product, ...(await announced(product, signal)) };
  } catch (cause) {
    await product.stop(0);
    const said = product.stderr().slice(-STDERR_CHARS_SHOWN).trim();
    const text = `cannot start the product: ${(cause as Error).message}${said === '' ? '' : `\n${said}`}`;
    throw new OperatingError('product_failed', text, { cause });
  }
}

async function announced(
  product: LaunchedProduct,
  signal: AbortSignal | undefined,
): Promise<{ mqttUrl: string; httpUrl: string }> {
  const timer = AbortSignal.timeout(READY_MS_MAX);
  const given = signal === undefined ? timer : AbortSignal.any([timer, signal]);
  return new Promise((resolve, reject) => {
    const listen = (): void => {
      const line = product
        .stdout()
        .split('\n')
        .find((text) => text.startsWith('{"ready":true') && text.endsWith('}'));
      if (line === undefined) return;
      product.child.stdout?.off('data', listen);
      const { mqtt, http } = JSON.parse(line) as { mqtt: string; http: string };
      resolve({ mqttUrl: mqtt, httpUrl: http });
    };
    product.child.stdout?.on('data', listen);
    listen();
    given.addEventListener('abort', () =>
      reject(timer.aborted ? new Error(`it was not ready after ${READY_MS_MAX / 1000} s`) : signal?.reason),
    );
    void product.ended.then(({ code, signal: killed }) =>
      reject(new Error(`it ended before it was ready (${code ?? killed})`)),
    );
  });
}

async function stopChild(child: ChildProcess, ended: Promise<Ended>, graceMs: number): Promise<Ended> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return ended;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  const how = await ended;
  clearTimeout(timer);
  return how;
}

/** `bin/vitals.js` of the package that this file belongs to, from source or from a build. */
export function programFile(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, 'bin', 'vitals.js');
    if (existsSync(candidate)) return candidate;
    if (dirname(folder) === folder)
      throw new OperatingError('product_failed', 'cannot start the product: bin/vitals.js was not found');
  }
}
