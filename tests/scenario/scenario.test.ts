import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runScenario } from './support/run.ts';

const FOLDER = import.meta.dirname;
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));

describe('scenarios', () => {
  it.each(FILES)('%s comes out as it says', (name) => {
    const mismatches = runScenario(readFileSync(join(FOLDER, name), 'utf8'));
    expect(mismatches.map(({ text }) => `${name} ${text}`)).toEqual([]);
  });
});

describe('a scenario that is wrong', () => {
  const plain = `zone UTC
readings of air-1 no2 every 1h
  2026-06-01 00:00  10 20
expect hour of air-1 no2
  start             value  valid
`;

  it('names the line, the window, and both values', () => {
    expect(runScenario(`${plain}  2026-06-01 00:00  11  no\n`).map(({ text }) => text)).toEqual([
      'line 6: hour of air-1 no2 at 2026-06-01 00:00, value: expected 11, got 10',
      'line 6: hour of air-1 no2 at 2026-06-01 00:00, valid: expected no, got yes',
    ]);
  });

  it('is told of windows that are there or not there against what it says', () => {
    expect(runScenario(`${plain}  2026-06-01 00:00  no window\n  2026-06-01 02:00  10  yes\n`)).toMatchObject([
      { text: 'line 6: hour of air-1 no2 at 2026-06-01 00:00: expected no window, got a window with value 10' },
      { text: 'line 7: hour of air-1 no2 at 2026-06-01 02:00: expected 10 yes, got no window' },
    ]);
  });

  it('is told of a reading that became something else, and of events that are missing', () => {
    const text = 'zone UTC\nreadings of air-1 no2 every 1h\n  2026-06-01 00:00  10 -> lateFiled\n';
    expect(
      runScenario(`${text}expect events\n  kind  of  at  change\n  silent  air-1 no2  2026-06-01 00:00  -\n`),
    ).toMatchObject([
      { text: 'line 3: reading of air-1 no2: expected lateFiled, got counted' },
      { text: 'line 6: events: expected silent  air-1 no2  2026-06-01 00:00  -, got nothing more' },
    ]);
  });

  it('is refused where it cannot be read, with its line', () => {
    expect(() => runScenario('zone UTC\nwindows\n')).toThrow('line 2: "windows" is no command');
    expect(() => runScenario('zone UTC\nreadings of a no2 every 1h\n  2026-06-01 00:00  ten\n')).toThrow(
      'line 3: "ten" is no value',
    );
    expect(() => runScenario('zone Europe/Madrid\nnow 2026-03-29 02:30\n')).toThrow(
      'line 2: 2026-03-29 02:30 is not one instant in Europe/Madrid',
    );
    expect(() => runScenario('zone Europe/Madrid\nnow 2026-10-25 02:30\n')).toThrow('shown twice');
  });
});
