import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compileProfiles, loadProfiles } from '../../src/profiles/index.ts';
import {
  citedSections,
  entriesWithoutVersion,
  foreignWords,
  installScripts,
  kpiFaults,
  type ListedKpi,
  type LockFile,
  numberedHeadings,
} from './support/list-rules.ts';
import { listFiles, PROJECT_ROOT, plantTree, SOURCE_FOLDERS } from './support/source-tree.ts';

const read = (path: string) => readFileSync(join(PROJECT_ROOT, path), 'utf8');
const readIfThere = (path: string) => (existsSync(join(PROJECT_ROOT, path)) ? read(path) : '');

describe('the lock', () => {
  const lock: LockFile = JSON.parse(read('package-lock.json'));

  test('has a version for every entry, so that npm ci works on every platform', () => {
    expect(entriesWithoutVersion(lock)).toEqual([]);
    expect(
      entriesWithoutVersion({ packages: { '': {}, 'node_modules/a': {}, 'node_modules/b': { version: '1' } } }),
    ).toEqual(['node_modules/a']);
  });

  test('needs no install script', () => {
    // Builds a faster decoder where there is a compiler; BullMQ does without it.
    expect(installScripts(lock)).toEqual(['node_modules/msgpackr-extract']);
    expect(installScripts({ packages: { 'node_modules/a': { version: '1', hasInstallScript: true } } })).toEqual([
      'node_modules/a',
    ]);
  });
});

describe('device profiles', () => {
  const folder = join(PROJECT_ROOT, 'device-profiles');

  test('have unique names, and speak of known quantities and units', () => {
    expect(() => compileProfiles(loadProfiles([folder]))).not.toThrow();
  });

  test('have at least one real payload as a case', () => {
    const profiles = listFiles(PROJECT_ROOT, ['device-profiles'], /\.ya?ml$/);
    const cases = listFiles(PROJECT_ROOT, ['device-profiles'], /\/cases?(?:[./-]|\/.+\.)[^/]*json$|\/cases\/.+\.json$/);
    const without = profiles.filter((profile) => !cases.some((file) => file.startsWith(`${dirname(profile)}/`)));
    expect(without).toEqual([]);
    for (const file of cases) expect(casesIn(JSON.parse(read(file))), `cases in ${file}`).toBeGreaterThan(0);
  });

  test('with a fault are refused: an unknown quantity, an unknown unit, a name twice', () => {
    const good =
      "name: a\ntitle: A\nmatch: [{topic: 'a/{id}'}]\ndevice: {id: '{id}'}\nreadings: [{quantity: no2, path: $.v}]\n";
    const loadOf = (files: Record<string, string>) => () => compileProfiles(loadProfiles([plantTree(files)]));
    expect(loadOf({ 'a.yaml': good })).not.toThrow();
    expect(loadOf({ 'a.yaml': good.replace('no2', 'no_such') })).toThrow('no_such');
    expect(loadOf({ 'a.yaml': good.replace('no2', 'no2, unit: furlong') })).toThrow('furlong');
    expect(loadOf({ 'a.yaml': good, 'b/c.yaml': good })).toThrow('already the name of');
  });
});

describe('the list of KPIs', async () => {
  const kpis = await listedKpis();

  test('has each KPI once, with known units and quantities', () => {
    expect(kpiFaults(kpis)).toEqual([]);
  });

  test('holds every definition that stands in the room', () => {
    const list = readIfThere('src/kpis/list.ts');
    const files = listFiles(PROJECT_ROOT, ['src/kpis'], /\.ts$/).filter((path) =>
      /export (?:const \w+: (?:readonly )?KpiDefinition\b|function \w+\([^)]*\): KpiDefinition\b(?!\[))/.test(
        read(path),
      ),
    );
    const unlisted = files.filter((path) => basename(path) !== 'list.ts' && !list.includes(`/${basename(path)}'`));
    expect(unlisted).toEqual([]);
  });

  test('is described in the documents', () => {
    const documents = listFiles(PROJECT_ROOT, ['docs'], /\.md$/).map(read).join('\n');
    expect(kpis.map(({ id }) => id).filter((id) => !documents.includes(`\`${id}\``))).toEqual([]);
  });

  test('with a fault is refused: an id twice, an unknown unit, an unknown quantity, no title', () => {
    const good = { id: 'air-a', title: 'A', unit: 'ug/m3', quantities: ['pm10'] };
    expect(kpiFaults([good, { ...good, id: 'water-b', unit: 'L/d/{person}', quantities: [] }])).toEqual([]);
    expect(kpiFaults([good, good])).toEqual(['air-a: is listed twice']);
    expect(kpiFaults([{ ...good, unit: 'furlong' }])).toEqual(['air-a: the unit "furlong" is unknown']);
    expect(kpiFaults([{ ...good, quantities: ['soot'] }])).toEqual(['air-a: the quantity "soot" is unknown']);
    expect(kpiFaults([{ ...good, id: 'Air A', title: ' ' }])).toHaveLength(2);
  });
});

describe('git', () => {
  const isCheckout = existsSync(join(PROJECT_ROOT, '.git'));

  test.skipIf(!isCheckout)(`does not overlook a source file${isCheckout ? '' : ' (this is no git checkout)'}`, () => {
    expect(overlooked(PROJECT_ROOT)).toEqual([]);
  });

  test.skipIf(!isCheckout)(`overlooks what a rule hides${isCheckout ? '' : ' (no git)'}`, () => {
    const root = plantTree({ '.gitignore': 'data/\n', 'web/src/data/live.ts': '', 'web/src/main.ts': '' });
    execFileSync('git', ['init', '-q'], { cwd: root });
    expect(overlooked(root)).toEqual(['web/src/data/live.ts']);
  });
});

describe('texts', () => {
  const THIS_RULE = 'tests/tidy/support/list-rules.ts';
  const folders = [...SOURCE_FOLDERS, 'web', 'tests', 'docs', 'bin', 'cities', 'device-profiles', '.ci'];
  const single = ['README.md', 'SECURITY.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'Dockerfile', 'docker-compose.yml'];
  const texts = listFiles(
    PROJECT_ROOT,
    [...folders, ...single],
    /(?:\.(?:tsx?|js|md|ya?ml|html|css)|Dockerfile|\/run)$/,
  );

  test('speak of the product only', () => {
    expect(texts.length).toBeGreaterThan(50);
    const own = [THIS_RULE, 'tests/tidy/lists.test.ts'];
    const found = texts.filter((path) => !own.includes(path)).flatMap((path) => foreignWords(path, read(path)));
    expect(found).toEqual([]);
    expect(foreignWords('a.ts', 'fine\n// see /home/somebody/x\n// TODO')).toEqual([
      'a.ts:2 /home/somebody',
      'a.ts:3 TODO',
    ]);
  });

  test('cite sections of the KPI reference that exist', () => {
    const known = numberedHeadings(read('docs/kpis.md'));
    const cited = texts.flatMap((path) => citedSections(read(path)).map((section) => `${section} in ${path}`));
    const own = 'tests/tidy/';
    expect(cited.filter((line) => !line.includes(own) && !known.has(line.split(' ')[0]!))).toEqual([]);
    expect(citedSections('as KPI.md 6.2, 4.3 and docs/kpis.md 2.10.')).toEqual(['6.2', '2.10']);
    expect(numberedHeadings('# A\n## 1 B\n### 1.2. C\n').has('1.2')).toBe(true);
  });
});

/** Files below the source folders that a rule of .gitignore keeps out of every commit. */
function overlooked(root: string): string[] {
  const folders = [...SOURCE_FOLDERS, 'web', 'tests', 'docs', 'device-profiles', 'cities', 'bin'].filter((folder) =>
    existsSync(join(root, folder)),
  );
  const flags = ['ls-files', '--others', '--ignored', '--exclude-standard', '--', ...folders];
  const files = execFileSync('git', flags, { cwd: root, encoding: 'utf8' }).split('\n');
  return files.filter((path) => /\.(?:tsx?|js|json|ya?ml|css|md|html)$/.test(path) && !path.startsWith('web/dist/'));
}

async function listedKpis(): Promise<readonly ListedKpi[]> {
  const file = join(PROJECT_ROOT, 'src/kpis/list.ts');
  if (!existsSync(file)) return [];
  const { KPI_DEFINITIONS } = (await import(file)) as { KPI_DEFINITIONS: readonly ListedKpi[] };
  return KPI_DEFINITIONS;
}

function casesIn(document: unknown): number {
  if (Array.isArray(document)) return document.length;
  const { cases, messages } = document as { cases?: unknown[]; messages?: unknown[] };
  return (cases ?? messages ?? [document]).length;
}
