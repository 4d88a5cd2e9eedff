import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  identifier,
  literal,
  notSent,
  pointsOf,
  pointsQuery,
  sentBy,
  tagSet,
  tagText,
} from '../../../src/store/influx/index.ts';

/** What a tag was made of. */
function textOfTag(tag: string): string {
  return tag.replace(/%([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

describe('tags of line protocol', () => {
  it('have one spelling a text, none that breaks a line, and are read back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), (a, b) => {
        for (const text of [a, b]) {
          expect(textOfTag(tagText(text))).toBe(text);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be written
          expect(tagText(text)).not.toMatch(/[\u0000-\u001f\\]/);
        }
        expect(tagText(a) === tagText(b)).toBe(a === b);
      }),
    );
  });

  it('are sorted, escaped, and left out where they say nothing', () => {
    expect(tagSet({ zone: 'a b', device: 'x,y=z', channel: '' })).toBe(',device=x\\,y\\=z,zone=a\\ b');
    expect(tagText('a\\')).toBe('a%5C');
    expect(tagText('100% of 50%41')).toBe('100% of 50%2541');
  });
});

describe('an answer to a write', () => {
  const said = (status: number, body = '', retryAfter?: string) => sentBy({ status, body, retryAfter });

  it('is told apart: taken, refused, too large, or later', () => {
    expect(said(204)).toEqual({ kind: 'taken', dropped: 0 });
    expect(said(413).kind).toBe('tooLarge');
    expect(said(503, '', '7')).toEqual({ kind: 'later', detail: '503', afterMs: 7_000, isAway: true });
    expect(said(429, '{"message":"slow down"}')).toEqual({ kind: 'later', detail: '429 slow down' });
    expect(said(401, '{"error":"unauthorized"}').kind).toBe('later');
    expect(said(400, '{"error":"partial write: field type conflict dropped=1"}')).toEqual({
      kind: 'refused',
      detail: '400 partial write: field type conflict dropped=1',
    });
    expect(said(503, '', 'Wed, 21 Oct 2026 07:28:00 GMT')).toEqual({ kind: 'later', detail: '503', isAway: true });
    expect(said(404, '{"error":"database not found"}')).toMatchObject({ kind: 'later', isMissing: true });
    expect(said(200, '<html>').kind).toBe('later');
    expect(said(302).kind).toBe('later');
  });

  it('that points are older than the retention is no refusal: the others are stored', () => {
    const body = '{"error":"partial write: points beyond retention policy dropped=3"}';
    expect(said(400, body)).toEqual({ kind: 'taken', dropped: 3 });
  });

  it('of InfluxDB 3 names the lines, from 1', () => {
    const data = [{ line_number: 2, error_message: 'x' }, { line_number: 5 }];
    expect(said(400, JSON.stringify({ error: 'partial write', data }))).toEqual({
      ...{ kind: 'refused', detail: '400 partial write', lines: [1, 4] },
    });
    expect(said(422, '{"error":"too many columns"}').kind).toBe('refused');
  });

  it('that never came says what broke', () => {
    expect(notSent(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') }))).toEqual({
      ...{ kind: 'later', detail: 'connect ECONNREFUSED', isAway: true },
    });
  });
});

describe('InfluxQL', () => {
  it('says names and texts so that none ends the question', () => {
    expect(identifier('a"b\\')).toBe('"a\\"b\\\\"');
    expect(literal("o'x\\")).toBe("'o\\'x\\\\'");
    const query = {
      level: 'hour',
      measurement: 'noise',
      tags: { device: "o'x" },
      fromMs: 1.5,
      toMs: Infinity,
    } as const;
    expect(pointsQuery(query, 'hour')).toBe(
      `SELECT "value", "coverage", "count", "present" FROM "hour"."noise" WHERE "device" = 'o\\'x' AND time >= 2ms ORDER BY time`,
    );
  });

  it('is read with what is not present as null, and refused with its words', () => {
    const columns = ['time', 'value', 'coverage', 'count', 'present'];
    const values = [
      [5, 1.5, 0.5, 3, true],
      [6, 2, null, 0, false],
    ];
    expect(pointsOf({ results: [{ series: [{ columns, values }] }] })).toEqual([
      { timeMs: 5, value: 1.5, coverage: 0.5, count: 3 },
      { timeMs: 6, value: null, coverage: null, count: 0 },
    ]);
    expect(() => pointsOf({ results: [{ error: 'database not found' }] })).toThrow('database not found');
  });
});
