import { describe, expect, it } from 'vitest';
import { readCsv } from '../../../src/intake/csv.ts';
import { type CsvRecord, CsvRecords, RECORD_CHARACTERS_MAX } from '../../../src/workers/csv-records.ts';

/** Records of a text that comes in pieces of a length. */
function recordsOf(text: string, pieceLength = text.length): CsvRecord[] {
  const records = new CsvRecords();
  const found: CsvRecord[] = [];
  for (let at = 0; at < text.length; at += Math.max(1, pieceLength)) {
    found.push(...records.feed(text.slice(at, at + Math.max(1, pieceLength)), false));
  }
  return [...found, ...records.feed('', true)];
}

const valuesOf = (records: readonly CsvRecord[]) =>
  records.map((record) => ('values' in record ? record.values : record.problem));

describe('records of a CSV file', () => {
  it('are the same in whatever pieces the text comes', () => {
    const text = 'a,b,"c ""d"""\r\n1,"two\r\nlines, and a comma",3\n\n"",,\r4,5,6\r\n7,8,""';
    const whole = recordsOf(text);
    expect(whole).toEqual([
      { line: 1, values: ['a', 'b', 'c "d"'] },
      { line: 2, values: ['1', 'two\r\nlines, and a comma', '3'] },
      { line: 5, values: ['', '', ''] },
      { line: 6, values: ['4', '5', '6'] },
      { line: 7, values: ['7', '8', ''] },
    ]);
    for (let length = 1; length < text.length; length++)
      expect(recordsOf(text, length), `pieces of ${length}`).toEqual(whole);
  });

  it('are those that intake reads of a payload', () => {
    const text = 'x,y\n1,"a,b"\r\n"2","c""d"\n3,';
    const read = readCsv(text, ',', ['0', '1']);
    expect(valuesOf(recordsOf(text, 3))).toEqual((read as Record<string, string>[]).map((row) => [row['0'], row['1']]));
  });

  it('are separated by what stands in the first line', () => {
    expect(valuesOf(recordsOf('a;b;c\n1,5;2;3\n'))).toEqual([
      ['a', 'b', 'c'],
      ['1,5', '2', '3'],
    ]);
    expect(valuesOf(recordsOf('a\tb\n1;2\t3'))).toEqual([
      ['a', 'b'],
      ['1;2', '3'],
    ]);
  });

  it('that cannot be read take no other with them', () => {
    const text = 'a,b\n1,2\n"x"y,3\n4,5\n"6,7\n8,9\n';
    for (const length of [1, 5, text.length]) {
      expect(recordsOf(text, length)).toEqual([
        { line: 1, values: ['a', 'b'] },
        { line: 2, values: ['1', '2'] },
        { line: 3, problem: 'there is text behind a quoted value' },
        { line: 4, values: ['4', '5'] },
        { line: 5, problem: 'a quoted value does not end' },
        { line: 6, values: ['8', '9'] },
      ]);
    }
  });

  it('have a longest length, and what is longer is passed over without being kept', () => {
    const long = 'x'.repeat(3 * RECORD_CHARACTERS_MAX);
    const quoted = `"${'y\n'.repeat(RECORD_CHARACTERS_MAX)}`;
    const found = recordsOf(`a,b\n${long},1\n2,3\n${quoted}`, 1000);
    expect(found.slice(0, 4)).toEqual([
      { line: 1, values: ['a', 'b'] },
      { line: 2, problem: `it has more than ${RECORD_CHARACTERS_MAX} characters` },
      { line: 3, values: ['2', '3'] },
      { line: 4, problem: 'a quoted value does not end' },
    ]);
    expect(found[4]).toEqual({ line: 5, values: ['y'] });
    expect(recordsOf('z'.repeat(RECORD_CHARACTERS_MAX + 2), 1000)).toHaveLength(1);
  });
});
