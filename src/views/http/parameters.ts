import * as z from 'zod';
import { DAY_MS, formatDuration, parseDuration } from '../../base/index.ts';
import { QUANTITIES } from '../../model/index.ts';
import { parseInstant, parseTimeZone } from '../times.ts';

/*
 * Query parameters: text in, checked values out. The messages complete the sentence "cannot use <key> <value>: ...".
 */

const INSTANT_ALLOWED = 'write an instant with its offset, such as 2026-01-15T12:00:00Z';

/** An instant; ms UTC after reading. */
export const instant = z
  .string()
  .transform((text, context) => {
    const atMs = parseInstant(text);
    if (atMs !== undefined) return atMs;
    context.addIssue({ code: 'custom', message: INSTANT_ALLOWED });
    return z.NEVER;
  })
  .meta({ format: 'date-time', description: 'ISO 8601 with Z or an offset' });

/** A calendar; the name as the windows room takes it. */
export const calendar = z.string().transform((text, context) => {
  const name = parseTimeZone(text);
  if (name !== undefined) return name;
  context.addIssue({ code: 'custom', message: 'write UTC, an IANA zone, +01:00, or standard:Europe/Madrid' });
  return z.NEVER;
});

/** The length of a page, 1 to `max`. */
export const limitUpTo = (max: number, usual = 1000) =>
  z
    .string()
    .optional()
    .transform((text, context) => {
      const value = text === undefined ? usual : /^\d{1,9}$/.test(text) ? Number(text) : 0;
      if (value >= 1 && value <= max) return value;
      context.addIssue({ code: 'custom', message: `write a whole number from 1 to ${max}` });
      return z.NEVER;
    })
    .meta({ description: `1 to ${max}; ${usual} when absent` });

/** A whole number of zero or more, such as a sequence or a position to go on from. */
export const wholeNumber = z.string().transform((text, context) => {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  context.addIssue({ code: 'custom', message: 'write a whole number' });
  return z.NEVER;
});

/** A finite number. */
export const number = z
  .string()
  .transform((text, context) => {
    const value = /^-?\d{1,15}(\.\d{1,15})?(e-?\d{1,2})?$/i.test(text) ? Number(text) : Number.NaN;
    if (Number.isFinite(value)) return value;
    context.addIssue({ code: 'custom', message: 'write a number such as 25 or -0.5' });
    return z.NEVER;
  })
  .meta({ type: 'number' });

/** A number from 0 to 1. */
export const share = number.refine((value) => value >= 0 && value <= 1, 'write a number from 0 to 1');

const DURATION_MS_MAX = 366 * DAY_MS;

/** A length of time; ms after reading. */
export const duration = z
  .string()
  .transform((text, context) => {
    const lengthMs = parseDuration(text);
    if (lengthMs !== undefined && lengthMs <= DURATION_MS_MAX) return lengthMs;
    const message = `write a duration such as 30m or 2h, at most ${formatDuration(DURATION_MS_MAX)}`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  })
  .meta({ description: 'Such as 30m or 2h' });

/** A name of the field: device, channel, zone. */
export const name = z.string().max(256, 'at most 256 characters');

/** A quantity of the product. */
export const quantityId = z.string().refine((text) => QUANTITIES.has(text), {
  error: `known: ${[...QUANTITIES.keys()].join(', ')}`,
});

/** Checks a range of time: it must have a length. */
export function isRange(query: { from: number; to: number }): boolean {
  return query.from < query.to;
}

/** The refusal of `isRange`. */
export const RANGE_REFUSED = { error: 'it must be later than from', path: ['to'] };
