import { userInfo } from 'node:os';
import { InvalidArgumentError } from 'commander';
import { OperatingError, parseDuration } from '../base/index.ts';

/* What the commands that publish, verify or try have in common: exit codes, signals, flags. */

/** Exit codes of `replay`, `simulate`, `verify` and `kpis try`. */
export const EXIT = { ok: 0, failed: 1, broker: 2, interrupted: 130 } as const;

/** The user's name, and the password from the environment so that it is in no list of processes. */
export function credentials(username: string | undefined): { username?: string; password?: string } {
  if (username === undefined) return {};
  return { username, ...present('password', process.env.VITALS_MQTT_PASSWORD) };
}

/** `{key: value}`, or nothing when the value is undefined. */
export function present<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]?: Value });
}

/** A signal that SIGINT and SIGTERM abort; a second one ends the process at once. */
export function abortOnSignals(): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return {
    signal: controller.signal,
    release: () => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
  };
}

/** One line on stderr, and the exit code. Our own mistakes are thrown on. */
export function reportFailure(error: unknown, signal: AbortSignal): number {
  if (signal.aborted) return EXIT.interrupted;
  if (!(error instanceof OperatingError)) throw error;
  process.stderr.write(`${error.message}\n`);
  return error.code.startsWith('broker_') ? EXIT.broker : EXIT.failed;
}

/** commander parser: a positive number, or `max`. */
export function speed(text: string): number | 'max' {
  if (text === 'max') return 'max';
  const value = Number(text);
  if (!(value > 0 && value <= 1e6)) throw new InvalidArgumentError('write a number above 0, or max');
  return value;
}

/** commander parser: a duration in ms. */
export function duration(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === undefined) throw new InvalidArgumentError('write 250ms, 30s, 5m, 36h or 10d');
  return durationMs;
}

/** commander parser: a whole number from `min` to `max`. */
export function count(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < min || value > max)
      throw new InvalidArgumentError(`write a whole number from ${min} to ${max}`);
    return value;
  };
}

/** Who runs a command, for the audit trail; a user without an entry in the system's list is told by number. */
export function operator(): string {
  try {
    return `command of ${userInfo().username}`;
  } catch {
    return `command of user ${process.getuid?.() ?? ''}`;
  }
}

/** Runs a command: one line on stderr, and an exit code, for what the surroundings refuse. */
export async function report(run: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await run();
  } catch (error) {
    if (!(error instanceof OperatingError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = EXIT.failed;
  }
}
