import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  danglingImports,
  importCycles,
  impureImports,
  staleExceptions,
  strayPackages,
  wrongArrows,
} from './support/import-rules.ts';
import { PROJECT_ROOT, plantTree, printed, readSources } from './support/source-tree.ts';

const sources = readSources(PROJECT_ROOT);

describe('the house', () => {
  test('has sources to look at', () => {
    expect(sources.length).toBeGreaterThan(30);
  });

  test('imports along the arrows and through the doors', () => {
    expect(printed(wrongArrows(sources))).toEqual([]);
  });

  test('has no exception that is not needed', () => {
    expect(staleExceptions(sources)).toEqual([]);
    const root = plantTree({ 'src/views/a.ts': "import { a } from '../windows/index.ts';" });
    expect(staleExceptions(readSources(root))).toEqual(['src/views src/store', 'src/views src/config']);
  });

  test('has no import cycle', () => {
    expect(printed(importCycles(sources))).toEqual([]);
  });

  test('keeps packages and node: modules out of the pure rooms', () => {
    expect(printed(impureImports(sources))).toEqual([]);
  });

  test('keeps every client library in its folder', () => {
    expect(printed(strayPackages(sources))).toEqual([]);
  });

  test('imports files that exist, by their full name', () => {
    expect(printed(danglingImports(sources, (path) => existsSync(join(PROJECT_ROOT, path))))).toEqual([]);
  });
});

describe('a planted fault is found', () => {
  const arrowsOf = (files: Record<string, string>) => printed(wrongArrows(readSources(plantTree(files))));

  test('a room that works with the client library of another one, and may not', () => {
    const found = arrowsOf({
      'src/jobs/a.ts': "import { a } from '../redis/index.ts';",
      'src/jobs/b.ts': "import { a } from '../redis/places.ts';",
      'src/store/a.ts': "import { a } from '../redis/index.ts';",
    });
    expect(found).toEqual([
      'src/jobs/b.ts:1 not through the door src/redis/index.ts: ../redis/places.ts',
      'src/store/a.ts:1 src/redis is a contract here: write "import type": ../redis/index.ts',
    ]);
  });

  test('base that knows the model', () => {
    expect(arrowsOf({ 'src/base/a.ts': "import type { B } from '../model/index.ts';" })).toEqual([
      'src/base/a.ts:1 src/base must not know src/model: ../model/index.ts',
    ]);
  });

  test('a room that knows the workers, also by a dynamic import, a re-export and a type of an import', () => {
    const found = arrowsOf({
      'src/kpis/a.ts': "\nconst a = await import('../workers/index.ts');",
      'src/kpis/b.ts': "export { b } from '../main.ts';",
      'src/kpis/c.ts': "export type C = import('../workers/index.ts').C;",
    });
    expect(found).toEqual([
      'src/kpis/a.ts:2 src/kpis must not know src/workers: ../workers/index.ts',
      'src/kpis/b.ts:1 src/kpis must not know src/commands: ../main.ts',
      'src/kpis/c.ts:1 src/kpis must not know src/workers: ../workers/index.ts',
    ]);
  });

  test('a room that uses another room instead of knowing its contract', () => {
    const found = arrowsOf({
      'src/kpis/a.ts': "import { a } from '../windows/index.ts';",
      'src/kpis/b.ts': "import { type a, b } from '../windows/index.ts';",
      'src/kpis/c.ts': "import type { a } from '../windows/index.ts';\nimport { type b } from '../windows/index.ts';",
    });
    expect(found).toHaveLength(2);
    expect(found[0]).toContain('src/windows is a contract here');
  });

  test('a file behind the door, and an implementation that a room chooses for itself', () => {
    const found = arrowsOf({
      'src/workers/a.ts': "import { a } from '../kpis/kpi.ts';",
      'src/workers/b.ts': "import { b } from '../store/duckdb/index.ts';",
      'src/views/c.ts': "import type { c } from '../store/duckdb/index.ts';",
      'src/views/d.ts': "import { d } from '../base/clock.ts';",
    });
    expect(found).toEqual([
      'src/views/c.ts:1 src/views must not choose an implementation: ../store/duckdb/index.ts',
      'src/views/d.ts:1 not through the door src/base/index.ts: ../base/clock.ts',
      'src/workers/a.ts:1 not through the door src/kpis/index.ts: ../kpis/kpi.ts',
    ]);
  });

  test('the program that knows its simulators, and simulators that reach into the workers', () => {
    const found = arrowsOf({
      'src/views/a.ts': "import { a } from '../../simulators/city/index.ts';",
      'simulators/b.ts': "import { b } from '../src/workers/index.ts';",
    });
    expect(found).toHaveLength(2);
  });

  test('a page that takes more than the types of the API from the server', () => {
    const found = arrowsOf({
      'web/src/a.ts': "import type { a } from '../../src/views/http/schemas.ts';",
      'web/src/b.ts': "import { b } from '../../src/views/http/schemas.ts';",
      'web/src/c.ts': "import type { c } from '../../src/views/http/app.ts';",
    });
    expect(found.map((line) => line.split(' ')[0])).toEqual(['web/src/b.ts:1', 'web/src/c.ts:1']);
  });

  test('a cycle, told once, and not one of types alone', () => {
    const root = plantTree({
      'src/kpis/a.ts': "import { b } from './b.ts';",
      'src/kpis/b.ts': "import { c } from './c.ts';",
      'src/kpis/c.ts': "import { a } from './a.ts';",
      'src/kpis/d.ts': "import type { e } from './e.ts';",
      'src/kpis/e.ts': "import type { d } from './d.ts';",
    });
    expect(printed(importCycles(readSources(root)))).toEqual([
      'src/kpis/a.ts:1 imports itself: src/kpis/a.ts -> src/kpis/b.ts -> src/kpis/c.ts -> src/kpis/a.ts',
    ]);
  });

  test('a package and a node: module in a pure room, whatever stands in comments', () => {
    const root = plantTree({
      'src/intake/a.ts': "// import 'yaml'\nimport { readFileSync } from 'node:fs';\nimport * as z from 'zod';",
      'src/journal/b.ts': "import { readFileSync } from 'node:fs';",
    });
    expect(printed(impureImports(readSources(root)))).toEqual([
      'src/intake/a.ts:2 a pure room imports node:fs',
      'src/intake/a.ts:3 a pure room imports zod',
    ]);
  });

  test('a client library in a second folder, by any of its doors', () => {
    const root = plantTree({
      'src/broker/embedded/a.ts': "import { Aedes } from 'aedes';",
      'src/views/b.ts': "import type { Client } from 'aedes';",
      'src/views/c.ts': "import { h } from 'preact/hooks';",
    });
    expect(printed(strayPackages(readSources(root)))).toEqual([
      'src/views/b.ts:1 aedes belongs in src/broker/embedded only',
      'src/views/c.ts:1 preact belongs in web/src only',
    ]);
  });

  test('an import without its ending', () => {
    const root = plantTree({ 'src/base/a.ts': "import { b } from './b';", 'src/base/b.ts': 'export const b = 1;' });
    expect(printed(danglingImports(readSources(root), (path) => existsSync(join(root, path))))).toEqual([
      'src/base/a.ts:1 there is no ./b',
    ]);
  });
});
