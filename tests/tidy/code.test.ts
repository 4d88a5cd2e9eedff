import { describe, expect, test } from 'vitest';
import {
  clockReads,
  dateGuesses,
  doorsWithoutCaption,
  environmentReads,
  FILE_LINES,
  FUNCTION_LINES,
  impureCalls,
  longFiles,
  longFunctions,
  switchedOffTests,
} from './support/code-rules.ts';
import { PURE_ROOMS } from './support/import-rules.ts';
import { PROJECT_ROOT, plantTree, printed, readSources } from './support/source-tree.ts';

const sources = readSources(PROJECT_ROOT);
const testSources = readSources(PROJECT_ROOT, ['tests']);

describe('the house', () => {
  test('reads the clock in one file', () => {
    expect(printed(clockReads(sources))).toEqual([]);
  });

  test('reads no free text as a date', () => {
    expect(printed(dateGuesses(sources))).toEqual([]);
  });

  test('reads the environment in the commands only', () => {
    expect(printed(environmentReads(sources))).toEqual([]);
  });

  test('keeps chance, timers and the network out of the pure rooms', () => {
    expect(printed(impureCalls(sources, PURE_ROOMS))).toEqual([]);
  });

  test('has functions that fit on a screen', () => {
    expect(printed(longFunctions(sources, FUNCTION_LINES.fail))).toEqual([]);
    warn('functions near the end', printed(longFunctions(sources, FUNCTION_LINES.warn)));
  });

  test('has files that can be read in one go', () => {
    expect(printed(longFiles(sources, FILE_LINES.fail))).toEqual([]);
    warn('files near the end', printed(longFiles(sources, FILE_LINES.warn)));
  });

  test('has a door with a caption for every room', () => {
    expect(printed(doorsWithoutCaption(sources))).toEqual([]);
  });

  test('has no test that is switched off', () => {
    expect(testSources.length).toBeGreaterThan(5);
    expect(printed(switchedOffTests(testSources))).toEqual([]);
  });
});

describe('a planted fault is found', () => {
  const plant = (files: Record<string, string>) => readSources(plantTree(files), ['src', 'web/src', 'tests']);

  test('a read of the clock, in whatever spelling, but not in a comment or a text', () => {
    const files = plant({
      'src/kpis/a.ts': [
        "// Date.now() in a comment, and 'new Date()'",
        "const text = 'Date.now()';",
        'const a = Date.now();',
        'const b = new Date();',
        'const c = performance.now();',
        'const d = Temporal.Now.instant();',
        'const e = new Date(5);',
      ].join('\n'),
      'src/base/clock.ts': 'export const now = () => Date.now();',
      'web/src/a.ts': 'export const now = () => Date.now();',
    });
    expect(printed(clockReads(files))).toEqual([
      'src/kpis/a.ts:3 reads the clock: Date.now()',
      'src/kpis/a.ts:4 reads the clock: new Date()',
      'src/kpis/a.ts:5 reads the clock: performance.now()',
      'src/kpis/a.ts:6 reads the clock: Temporal.Now.instant()',
    ]);
  });

  test('a date guessed from text', () => {
    expect(printed(dateGuesses(plant({ 'src/a/b.ts': "Date.parse('2025');" })))).toHaveLength(1);
  });

  test('a read of the environment outside of the commands', () => {
    const files = plant({
      'src/kpis/a.ts': 'const port = process.env.PORT;',
      'src/main.ts': 'const port = process.env.PORT;',
      'src/commands/serve.ts': 'const port = process.env.PORT;',
    });
    expect(printed(environmentReads(files))).toEqual(['src/kpis/a.ts:1 reads process.env']);
  });

  test('chance and a timer in a pure room', () => {
    const files = plant({
      'src/windows/a.ts': 'const a = Math.random();\nsetTimeout(() => a, 1);',
      'src/broker/a.ts': 'const a = Math.random();',
    });
    expect(printed(impureCalls(files, PURE_ROOMS))).toHaveLength(2);
  });

  test('a function one line over the limit, of every kind', () => {
    const body = 'x();\n'.repeat(3);
    const files = plant({
      'src/kpis/a.ts': [
        `function a() {\n${body}}`,
        `const b = () => {\n${body}};`,
        `class C {\n  d() {\n${body}  }\n}`,
        'const short = () => {\n  x();\n  x();\n};',
      ].join('\n'),
    });
    expect(printed(longFunctions(files, 4))).toEqual([
      'src/kpis/a.ts:1 a function of 5 lines; the limit is 4',
      'src/kpis/a.ts:6 a function of 5 lines; the limit is 4',
      'src/kpis/a.ts:12 a function of 5 lines; the limit is 4',
    ]);
    expect(printed(longFunctions(files, 5))).toEqual([]);
  });

  test('a file one line over the limit', () => {
    const files = plant({ 'src/kpis/a.ts': 'x();\n'.repeat(11) });
    expect(printed(longFiles(files, 10))).toEqual(['src/kpis/a.ts:1 11 lines; the limit is 10']);
    expect(printed(longFiles(files, 11))).toEqual([]);
  });

  test('a room without a door and a door without a caption', () => {
    const files = plant({
      'src/kpis/a.ts': 'export {};',
      'src/views/index.ts': "export * from './views.ts';",
      'src/store/index.ts': '// In: batches. Out: answers from a store.\nexport {};',
      'src/commands/serve.ts': 'export {};',
    });
    expect(printed(doorsWithoutCaption(files))).toEqual([
      'src/kpis:1 has no index.ts',
      'src/views/index.ts:1 has no caption on its first line',
    ]);
  });

  test('a test that is switched off, and one that switches off the others', () => {
    const files = plant({
      'tests/a.test.ts': [
        "test.only('a', () => {});",
        "describe.skip('b', () => {});",
        "test.todo('c');",
        "test.concurrent.skip('d', () => {});",
        "test.skipIf(!installed)('e needs mosquitto', () => {});",
        'stream.skip(5);',
      ].join('\n'),
    });
    expect(printed(switchedOffTests(files)).map((line) => line.split(' ')[0])).toEqual([
      'tests/a.test.ts:1',
      'tests/a.test.ts:2',
      'tests/a.test.ts:3',
      'tests/a.test.ts:4',
    ]);
  });
});

function warn(title: string, lines: readonly string[]): void {
  if (lines.length > 0) console.log(`${title}:\n  ${lines.join('\n  ')}`);
}
