import type { Clock } from '../base/index.ts';
import type { LogFields, Logger } from './logger.ts';

export interface ThrottleOptions {
  readonly log: Pick<Logger, 'warn'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** A warning of one key passes at most once in this time, ms. */
  readonly everyMs: number;
  /** Keys remembered; above this the oldest key is forgotten, so that keys made of input cannot grow without end. */
  readonly keysMax?: number;
}

/** Warnings that may repeat a thousand times a second. */
export interface Throttle {
  /** Writes the warning, or counts it; the next one written of the key says how many were left out. */
  warn(key: string, fields: LogFields, message: string): void;
  /** Writes one line for each key that left something out since it was last written; for the end of the process. */
  flush(): void;
}

interface Entry {
  writtenAtMs: number;
  leftOutCount: number;
  message: string;
}

const KEYS_MAX = 1_000;

/** Creates a throttle; each key has its own measure. */
export function createThrottle(options: ThrottleOptions): Throttle {
  const { log, clock, everyMs, keysMax = KEYS_MAX } = options;
  const entries = new Map<string, Entry>();
  return {
    warn(key, fields, message) {
      const nowMs = clock.monotonicMs();
      const entry = entries.get(key);
      if (entry !== undefined && nowMs - entry.writtenAtMs < everyMs) {
        entry.leftOutCount++;
        return;
      }
      const leftOutCount = entry?.leftOutCount ?? 0;
      entries.delete(key);
      if (entries.size >= keysMax) entries.delete(entries.keys().next().value ?? '');
      entries.set(key, { writtenAtMs: nowMs, leftOutCount: 0, message });
      log.warn(leftOutCount > 0 ? { ...fields, leftOutCount } : fields, message);
    },
    flush() {
      for (const entry of entries.values()) {
        if (entry.leftOutCount > 0) log.warn({ leftOutCount: entry.leftOutCount }, entry.message);
        entry.leftOutCount = 0;
      }
    },
  };
}
