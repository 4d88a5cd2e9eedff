import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDocument } from 'yaml';
import * as z from 'zod';
import { OperatingError, parseDuration } from '../../src/base/index.ts';
import { QUANTITIES, unitCode } from '../../src/model/index.ts';
import { AMBIGUITY_POLICIES, clockInstants } from './local-time.ts';
import type { RecordingPlace } from './recording-file.ts';
import { compileTimeFormat } from './time-format.ts';

const duration = z.string().transform((value, context) => {
  const durationMs = parseDuration(value);
  if (durationMs !== undefined && durationMs > 0) return durationMs;
  context.addIssue({ code: 'custom', message: `"${value}" is no duration; write 20s, 1m, 15m or 1h` });
  return z.NEVER;
});

const zone = z.string().refine((name) => name === 'in-text' || isZone(name), {
  error: (issue) =>
    `"${String(issue.input)}" is no zone; write in-text, UTC, an offset such as -05:00, or an IANA zone such as Europe/Madrid`,
});

const format = z.string().refine((text) => compileTimeFormat(text) !== undefined, {
  error: (issue) =>
    `"${String(issue.input)}" names no date; write for example YYYY-MM-DD HH:mm:ss, DD/MM/YYYY HH:mm, or X for epoch seconds`,
});

const STAMPS = ['start', 'middle', 'end', 'instant'] as const;

const readingSchema = z.strictObject({
  /** Recorded quantity, exactly as written; the first line that fits a row decides. */
  from: z.string().min(1),
  /** Recorded device; one `*` at the end stands for any characters. */
  device: z.string().min(1).default('*'),
  quantity: z
    .string()
    .refine((id) => QUANTITIES.has(id), { error: (issue) => `"${String(issue.input)}" is no quantity of the product` }),
  channel: z.string().max(64).default(''),
  /** Replaces the recorded unit. */
  unit: z
    .string()
    .refine((text) => unitCode(text) !== undefined, { error: (issue) => `"${String(issue.input)}" is no known unit` })
    .optional(),
  /** How often a reading is expected. */
  every: duration,
  /** Length of the interval that a value stands for; absent for an instantaneous value or a register. */
  period: duration.optional(),
  /** Where in its interval the recorded stamp lies; overrides `time.stamp`. */
  stamp: z.enum(STAMPS).optional(),
});

/** A recording's meaning: how its rows become readings of the product. */
export const mappingSchema = z
  .strictObject({
    /** Name in topics and device ids; the folder's name where absent. */
    recording: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,63}$/)
      .optional(),
    title: z.string().default(''),
    /** Who must be named where the data is shown. */
    attribution: z.string().default(''),
    /** Zone of the days and hours in which the recording's place lived, and in which its expected results count. */
    calendar: zone.default('UTC'),
    /** What the devices measure for in a city's configuration. */
    role: z.enum(['ambient', 'bulk', 'customer', 'generation', 'grid']).default('ambient'),
    time: z.strictObject({
      /** Tried in this order. */
      formats: z.array(format).min(1),
      /** Recorded zone text to the zone it means; `*` for any other. */
      zones: z.record(z.string(), zone),
      ambiguous: z.enum(AMBIGUITY_POLICIES).default('file-order'),
      stamp: z.enum(STAMPS).default('instant'),
    }),
    readings: z.array(readingSchema).min(1),
    /** Recorded flag to quality; one `*` at the end stands for any characters; flags not listed are suspect. */
    flags: z.record(z.string(), z.enum(['good', 'suspect', 'bad'])).default({}),
  })
  .superRefine((mapping, context) => {
    for (const [at, line] of mapping.readings.entries()) {
      const stamp = line.stamp ?? mapping.time.stamp;
      if ((stamp === 'end' || stamp === 'middle') && line.period === undefined) {
        const message = `a value stamped at the ${stamp} of its interval needs a period`;
        context.addIssue({ code: 'custom', path: ['readings', at, 'period'], message });
      }
    }
  });

export type Mapping = z.output<typeof mappingSchema>;
export type ReadingRule = Mapping['readings'][number];

/** Folder of the mappings that come with the product. */
const SHIPPED = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './mappings/' : '../../../simulators/replay/mappings/', import.meta.url),
);

/** The mapping of a recording: the file named, else `mapping.yaml` beside the data, else the one that comes with the product. */
export function loadMapping(
  place: RecordingPlace,
  named?: string,
): { readonly mapping: Mapping; readonly file: string } {
  const candidates =
    named === undefined ? [join(place.folder, 'mapping.yaml'), join(SHIPPED, `${place.name}.yaml`)] : [named];
  const file = candidates.find((candidate) => existsSync(candidate));
  if (file === undefined) {
    throw new OperatingError(
      'mapping_missing',
      `cannot replay ${place.name}: no mapping was found; looked for ${candidates.join(' and ')}`,
    );
  }
  const mapping = parseMapping(readFileSync(file, 'utf8'), file);
  return { mapping: { ...mapping, recording: mapping.recording ?? place.name }, file };
}

/** @throws OperatingError `mapping_invalid`, naming each key with the value seen */
export function parseMapping(text: string, file: string): Mapping {
  const document = parseDocument(text);
  const problem = document.errors[0]?.message;
  if (problem !== undefined) throw new OperatingError('mapping_invalid', `cannot use the mapping ${file}: ${problem}`);
  const parsed = mappingSchema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  throw new OperatingError('mapping_invalid', `cannot use the mapping ${file}:\n${z.prettifyError(parsed.error)}`);
}

/** True when the text is the pattern, or starts with what stands before the pattern's final `*`. */
export function fitsPattern(text: string, pattern: string): boolean {
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}

function isZone(name: string): boolean {
  try {
    clockInstants(name);
    return true;
  } catch {
    return false;
  }
}
