import { createRequire } from 'node:module';
import { type DestinationStream, pino } from 'pino';

/** Levels by who must act: `error` somebody now, `warn` somebody soon, `info` nobody, `debug` a developer. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Fields of a line; values must be JSON values or an Error under `err`. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The part of a logger that the product uses; safe to call from anywhere, never throws, never waits. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A logger whose lines all carry these fields as well, such as `{room: 'broker'}`. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Lines for people instead of JSON; JSON all the same where `pino-pretty` is not installed. */
  readonly pretty: boolean;
  /** Where lines go; standard output when absent. */
  readonly destination?: DestinationStream;
}

const SECRET_KEYS = ['password', 'secret', 'secrets', 'token', 'authorization', 'cookie', 'credentials', 'privateKey'];

/** At the top, and one and two levels down: deeper objects are not logged. */
const REDACTED_PATHS = SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);

/**
 * Creates the process's logger: JSON lines with time, level and message; the values of keys that name a secret
 * (`password`, `token`, ...) are replaced by `[hidden]`.
 */
export function createLogger(options: LoggerOptions): Logger {
  const settings = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: REDACTED_PATHS, censor: '[hidden]' },
  };
  const destination = options.pretty ? prettyStream(options.destination) : options.destination;
  return destination === undefined ? pino(settings) : pino(settings, destination);
}

/** `pino-pretty` is a development dependency: a production install has none and logs JSON. */
function prettyStream(destination: DestinationStream | undefined): DestinationStream | undefined {
  const out = destination ?? process.stdout;
  let format: (line: string) => string;
  try {
    const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as {
      prettyFactory: (settings: object) => typeof format;
    };
    format = prettyFactory({ translateTime: 'SYS:HH:MM:ss' });
  } catch {
    return destination;
  }
  return { write: (line) => void out.write(format(line)) };
}
