import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CSV_RECORD_CHARS_MAX, CsvReader, type RecordedRow, readRecording } from '../../../simulators/replay/index.ts';

const read = (...pieces: string[]) => {
  const reader = new CsvReader();
  return [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
};
const fields = (...pieces: string[]) => read(...pieces).map((record) => record.fields);

describe('CSV reader', () => {
  test('reads quoted fields with commas, doubled quotes and line ends', () => {
    expect(fields('a,"b,c","say ""hi""","two\nlines"\r\nd,"",,e\n')).toEqual([
      ['a', 'b,c', 'say "hi"', 'two\nlines'],
      ['d', '', '', 'e'],
    ]);
  });

  test('gives the same records however the text is cut', () => {
    const text = '\ufeffx,"y\r\nz",w\r\n\r\n"a""b",,c\n"last",1,"2"';
    const whole = fields(text);
    expect(whole).toEqual([
      ['x', 'y\r\nz', 'w'],
      ['a"b', '', 'c'],
      ['last', '1', '2'],
    ]);
    for (let size = 1; size < text.length; size++) {
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
        text.slice(at * size, (at + 1) * size),
      );
      expect(fields(...pieces)).toEqual(whole);
    }
  });

  test('takes a quote inside an unquoted field as it stands', () => {
    expect(fields('5" pipe,ok\nnext,row\n')).toEqual([
      ['5" pipe', 'ok'],
      ['next', 'row'],
    ]);
  });

  test('marks text after a closing quote and a quote that is never closed', () => {
    expect(read('"a"b,c\n')).toEqual([{ fields: ['ab', 'c'], malformed: true }]);
    expect(read('x,"open')).toEqual([{ fields: ['x', 'open'], malformed: true }]);
  });

  test('refuses a record without end instead of holding the file in memory', () => {
    const reader = new CsvReader();
    reader.push('a,b\n"');
    expect(() => {
      for (let at = 0; at < 10; at++) reader.push('x'.repeat(CSV_RECORD_CHARS_MAX / 4));
    }).toThrow(/longer than 65536 characters/);
  });
});

describe('recording file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'recording-'));
  const file = (name: string, bytes: string | Buffer) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const all = async (path: string) => {
    const rows: RecordedRow[] = [];
    let malformedCount = 0;
    for await (const batch of readRecording(path)) {
      rows.push(...batch.rows);
      malformedCount += batch.malformedCount;
    }
    return { rows, malformedCount };
  };
  const HEADER = 'device,time,zone,quantity,unit,value,flag,utc\n';
  beforeAll(() => undefined);
  afterAll(() => rmSync(folder, { recursive: true }));

  test('reads plain and gzip files alike, whatever their name', async () => {
    const text = `${HEADER}d,1,"z, z",q,\u03bcg/m\u00b3,0001,V,\n`;
    const plain = await all(file('plain.csv.gz', text));
    expect(plain.rows).toEqual([
      {
        device: 'd',
        time: '1',
        zone: 'z, z',
        quantity: 'q',
        unit: '\u03bcg/m\u00b3',
        value: '0001',
        flag: 'V',
        utc: '',
      },
    ]);
    expect(await all(file('packed.csv', gzipSync(text)))).toEqual(plain);
  });

  test('takes the columns by name', async () => {
    const { rows } = await all(file('order.csv', 'value,flag,device,time,zone,quantity,unit\n1,f,d,t,z,q,u\n'));
    expect(rows[0]).toEqual({
      device: 'd',
      time: 't',
      zone: 'z',
      quantity: 'q',
      unit: 'u',
      value: '1',
      flag: 'f',
      utc: '',
    });
  });

  test('counts records that are no rows and goes on', async () => {
    const good = 'd,t,z,q,u,1,,\n';
    const { rows, malformedCount } = await all(
      file('ragged.csv', `${HEADER}${good}too,few\n\n"d"x,t,z,q,u,1,,\n${good}`),
    );
    expect(rows).toHaveLength(2);
    expect(malformedCount).toBe(2);
  });

  test('says what is wrong with a file that is none', async () => {
    await expect(all(file('columns.csv', 'a,b\n1,2\n'))).rejects.toThrow(/column device, time, zone, .* is missing/);
    await expect(all(file('empty.csv', ''))).rejects.toThrow(/the file is empty/);
    const cut = gzipSync(HEADER + 'd,t,z,q,u,1,,\n'.repeat(5000)).subarray(0, 60);
    await expect(all(file('cut.csv.gz', cut))).rejects.toThrow(/cannot read .*cut\.csv\.gz/);
  });
});
