import { describe, expect, it } from 'vitest';
import { splitLines } from '../../../src/broker/http/split-lines.ts';
import { readLines } from '../../../src/intake/line-protocol.ts';

const LIMITS = { bytesMax: 100, fieldsMax: 4 };

function piecesOf(text: string, limits = LIMITS): string[] {
  const pieces = splitLines(Buffer.from(text), limits).map((piece) => Buffer.from(piece).toString());
  // Whatever it is cut into, nothing is lost, doubled or moved.
  expect(pieces.join('')).toBe(text);
  return pieces;
}

describe('a body of lines', () => {
  it('that is small is one piece, also when it is empty', () => {
    expect(piecesOf('')).toEqual(['']);
    expect(piecesOf('a b=1')).toEqual(['a b=1']);
    expect(piecesOf('a b=1\nc d=1\n')).toEqual(['a b=1\nc d=1\n']);
  });

  it('is cut behind lines, by bytes and by fields', () => {
    const line = `${'m'.repeat(40)} b=1\n`;
    expect(piecesOf(line.repeat(5))).toEqual([line + line, line + line, line]);
    expect(piecesOf('a b=1,c=2\n'.repeat(5))).toEqual([
      'a b=1,c=2\na b=1,c=2\n',
      'a b=1,c=2\na b=1,c=2\n',
      'a b=1,c=2\n',
    ]);
    // Signs in keys, tags and texts are no fields; neither are those of a comment.
    expect(piecesOf('a,t=1,u=2,v=3 b="x=1,y=2"\n# a=1 b=2 c=3 d=4\na,t=1 b\\=c=3\na b=1\n')).toEqual([
      'a,t=1,u=2,v=3 b="x=1,y=2"\n# a=1 b=2 c=3 d=4\na,t=1 b\\=c=3\na b=1\n',
    ]);
  });

  it('counts a line without fields as one, because it can be a refusal', () => {
    expect(piecesOf('x\n'.repeat(9)).map((piece) => piece.length)).toEqual([8, 8, 2]);
    const pieces = splitLines(Buffer.from(`${'x\n'.repeat(1_001)}a b=1\n`), { bytesMax: 65_536, fieldsMax: 1_000 });
    const problems = pieces.map((piece) => readLines(Buffer.from(piece).toString()).problems.length);
    expect(problems).toEqual([1_000, 1]);
  });

  it('is not cut within a text, but where the text has lost its end', () => {
    const text = `a b="${'x'.repeat(60)}\n${'y'.repeat(20)}"\n`;
    expect(piecesOf(`a b=1\n${text}`)).toEqual([`a b=1\n${text}`]);
    expect(piecesOf(text + text)).toEqual([text, text]);
    expect(piecesOf(`a b="never\n${'a c=1\n'.repeat(60)}`, { bytesMax: 100, fieldsMax: 30 }).length).toBeGreaterThan(3);
    expect(piecesOf('a b="never\na c=1\na c=2\n', { bytesMax: 100, fieldsMax: 2 })).toEqual([
      'a b="never\na c=1\n',
      'a c=2\n',
    ]);
  });

  it('keeps a line over the limits as a piece by itself', () => {
    const long = `a b="${'x'.repeat(200)}"\n`;
    expect(piecesOf(`a b=1\n${long}a b=2\n`)).toEqual(['a b=1\n', long, 'a b=2\n']);
    const wide = `a ${Array.from({ length: 9 }, (_, index) => `f${index}=1`).join(',')}\n`;
    expect(piecesOf(`a b=1\n${wide}a b=2\n`)).toEqual(['a b=1\n', wide, 'a b=2\n']);
  });

  it('gives the same points in pieces as in one', () => {
    const lines = [
      'air,device=a\\ 1 pm10=1,note="two\nlines, \\"quoted\\"" 1\r\n',
      '# comment\n',
      '\n',
      'b"c,d="e" f=1i,g=t\n',
      'x y=-1.5e3 -7\n',
    ];
    let state = 7;
    const text = Array.from({ length: 400 }, () => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return lines[(state >> 8) % lines.length];
    }).join('');
    const whole = readLines(text);
    expect(whole.problems).toEqual([]);
    const pieces = piecesOf(text, { bytesMax: 200, fieldsMax: 5 });
    expect(pieces.length).toBeGreaterThan(50);
    expect(pieces.flatMap((piece) => readLines(piece).points)).toEqual(whole.points);
  });
});
