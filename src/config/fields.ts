import * as z from 'zod';
import { parseDuration } from '../base/index.ts';

/** A duration as text, ms when read. */
export const duration = (text: string) =>
  z
    .string()
    .transform((value, context) => {
      const durationMs = parseDuration(value);
      if (durationMs !== undefined) return durationMs;
      context.addIssue({ code: 'custom', message: `"${value}" is no duration; write 250ms, 30s, 5m, 36h or 400d` });
      return z.NEVER;
    })
    .prefault(text);

const BYTES = /^(\d+(?:\.\d+)?)\s*(B|KiB|MiB|GiB)$/;
const BYTE_UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** A size as text, bytes when read. */
const size = z.string().transform((value, context) => {
  const parts = BYTES.exec(value.trim());
  if (parts !== null) return Math.round(Number(parts[1]) * (BYTE_UNITS[parts[2] ?? ''] ?? Number.NaN));
  context.addIssue({ code: 'custom', message: `"${value}" is no size; write 512KiB, 64MiB or 10GiB` });
  return z.NEVER;
});

export const bytes = (text: string) => size.prefault(text);

/** A size that need not be given. */
export const bytesOrNone = size.optional();

export const port = z.int().min(0).max(65_535);

export const host = z.string().min(1);
