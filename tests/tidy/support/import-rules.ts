import { posix } from 'node:path';
import type { Fault, ImportLine, SourceFile } from './source-tree.ts';

/*
 * Which way the arrows point: base <- model <- rooms <- workers <- main. A room knows another room by its contract, as
 * a type and through its door; only workers and commands join them.
 */

/** Folders behind a contract with a door of their own: heavy implementations that are loaded where they are chosen. */
export const IMPLEMENTATION_DOORS: readonly string[] = [
  'src/broker/embedded/index.ts',
  'src/broker/external/index.ts',
  'src/broker/http/index.ts',
  'src/journal/local/index.ts',
  'src/journal/redis/index.ts',
  'src/store/duckdb/index.ts',
  'src/store/influx/index.ts',
  'src/store/influx1/index.ts',
  'src/store/influx2/index.ts',
  'src/jobs/bullmq/index.ts',
  'src/jobs/inline/index.ts',
  'src/views/http/index.ts',
];

/** What the page knows of the server, as types: the bodies of the HTTP API. */
const PAGE_CONTRACT = 'src/views/http/schemas.ts';

/** Rooms that compute and nothing else: no package, no node: module, no clock. */
export const PURE_ROOMS: readonly string[] = ['src/intake', 'src/windows', 'src/kpis'];

/** Where a package may be imported; a package that is absent here may be imported by every file that is not pure. */
export const PACKAGE_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  aedes: ['src/broker/embedded'],
  ws: ['src/broker/embedded'],
  mqtt: ['src/broker/external', 'simulators'],
  '@duckdb/node-api': ['src/store/duckdb'],
  influx: ['bench'],
  '@influxdata/influxdb-client': ['src/store/influx2', 'bench'],
  bullmq: ['src/jobs/bullmq'],
  ioredis: ['src/redis'],
  '@bull-board/api': ['src/jobs/bullmq'],
  '@bull-board/fastify': ['src/jobs/bullmq'],
  fastify: ['src/views/http'],
  'fastify-type-provider-zod': ['src/views/http'],
  '@fastify/static': ['src/views/http'],
  '@fastify/swagger': ['src/views/http'],
  '@fastify/swagger-ui': ['src/views/http'],
  pino: ['src/telemetry'],
  'pino-pretty': ['src/telemetry'],
  'prom-client': ['src/telemetry', 'src/views/http'],
  yaml: ['src/config', 'src/profiles', 'src/commands', 'simulators'],
  commander: ['src/main.ts', 'src/commands'],
  'cli-progress': ['src/commands', 'simulators', 'bench'],
  preact: ['web/src'],
  uplot: ['web/src'],
};

/**
 * Rooms that take more than types from another room's contract, each with what it takes and why that is no arrow
 * backward: constants and pure functions of a contract that open nothing and hold no state.
 */
export const TAKEN_BY_VALUE: readonly { readonly room: string; readonly from: string; readonly what: string }[] = [
  { room: 'src/views', from: 'src/windows', what: 'aggregates are computed from stored panes when they are asked for' },
  { room: 'src/views', from: 'src/store', what: 'the words of ReadingStatus' },
  { room: 'src/views', from: 'src/config', what: 'the placement of devices in zones' },
];

/** Rooms that hold a client library which other rooms work with, and those rooms: they take more than types. */
export const CLIENT_ROOMS: Readonly<Record<string, readonly string[]>> = {
  'src/redis': ['src/jobs', 'src/journal'],
};

type Area =
  | 'base'
  | 'model'
  | 'room'
  | 'workers'
  | 'commands'
  | 'harness'
  | 'simulators'
  | 'bench'
  | 'torture'
  | 'web'
  | 'outside';

/** Folders beside `src`, each an area of its own. */
const BESIDE = ['harness', 'simulators', 'bench', 'torture', 'web'] as const;

interface Place {
  readonly area: Area;
  /** Folder that belongs together: `src/kpis`, `src/base`, `simulators`. */
  readonly home: string;
}

/** Where a path lies in the house. */
export function placeOf(path: string): Place {
  const [top = '', second = ''] = path.split('/');
  const beside = BESIDE.find((name) => name === top);
  if (beside !== undefined) return { area: beside, home: top };
  if (top !== 'src') return { area: 'outside', home: top };
  if (path === 'src/main.ts' || second === 'commands') return { area: 'commands', home: 'src/commands' };
  const home = `src/${second}`;
  if (second === 'base' || second === 'model' || second === 'workers') return { area: second, home };
  return { area: 'room', home };
}

/** Imports that go against the arrows, or past a door. */
export function wrongArrows(files: readonly SourceFile[]): Fault[] {
  return everyImport(files).flatMap(({ file, line }) => {
    if (line.target === '') return [];
    const problem = arrowProblem(placeOf(file.path), placeOf(line.target), line);
    return problem === '' ? [] : [{ path: file.path, line: line.line, text: `${problem}: ${line.specifier}` }];
  });
}

const MAY_USE: Readonly<Record<Area, readonly Area[]>> = {
  base: [],
  model: ['base'],
  room: ['base', 'model', 'room'],
  workers: ['base', 'model', 'room'],
  commands: ['base', 'model', 'room', 'workers', 'harness', 'simulators', 'bench', 'torture'],
  harness: ['base', 'model', 'room'],
  simulators: ['base', 'model', 'room', 'harness'],
  bench: ['base', 'model', 'room', 'workers', 'harness', 'simulators'],
  torture: ['base', 'model', 'room', 'workers', 'harness', 'simulators'],
  web: ['base', 'model', 'room'],
  outside: [],
};

/** Areas that know rooms by their contracts alone. */
const BY_CONTRACT: readonly Area[] = ['room', 'web'];

function arrowProblem(from: Place, to: Place, line: ImportLine): string {
  if (from.home === to.home) return '';
  if (!MAY_USE[from.area].includes(to.area)) return `${from.home} must not know ${to.home}`;
  if (to.area === 'simulators' || to.area === 'bench' || to.area === 'torture') return '';
  if (from.area === 'web' && line.target === PAGE_CONTRACT && line.typeOnly) return '';
  const door = `${to.home}/index.ts`;
  const isImplementation = IMPLEMENTATION_DOORS.includes(line.target);
  if (line.target !== door && !isImplementation) return `not through the door ${door}`;
  if (to.area !== 'room' || !BY_CONTRACT.includes(from.area)) return '';
  if (isImplementation) return `${from.home} must not choose an implementation`;
  if (CLIENT_ROOMS[to.home]?.includes(from.home)) return '';
  const taken = TAKEN_BY_VALUE.some(({ room, from: source }) => room === from.home && source === to.home);
  return line.typeOnly || taken ? '' : `${to.home} is a contract here: write "import type"`;
}

/** Lines of `TAKEN_BY_VALUE` that nothing needs any more. */
export function staleExceptions(files: readonly SourceFile[]): string[] {
  const used = everyImport(files)
    .filter(({ line }) => line.target !== '' && !line.typeOnly)
    .map(({ file, line }) => `${placeOf(file.path).home} ${placeOf(line.target).home}`);
  return TAKEN_BY_VALUE.map(({ room, from }) => `${room} ${from}`).filter((pair) => !used.includes(pair));
}

/** Cycles among files, by imports that remain when the program runs. Each is told once. */
export function importCycles(files: readonly SourceFile[]): Fault[] {
  const edges = new Map(files.map((file) => [file.path, file.imports.filter((line) => !line.typeOnly)]));
  const faults: Fault[] = [];
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      const cycle = [...trail.slice(at), path];
      faults.push({ path, line: 1, text: `imports itself: ${cycle.join(' -> ')}` });
      return;
    }
    if (done.has(path)) return;
    for (const { target } of edges.get(path) ?? []) if (edges.has(target)) walk(target, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) walk(path, []);
  return faults;
}

/** Packages and node: modules in rooms that must be pure. */
export function impureImports(files: readonly SourceFile[]): Fault[] {
  return everyImport(files)
    .filter(({ file, line }) => line.target === '' && PURE_ROOMS.some((room) => isIn(file.path, room)))
    .map(({ file, line }) => ({ path: file.path, line: line.line, text: `a pure room imports ${line.specifier}` }));
}

/** Packages outside of the one folder that they live in. */
export function strayPackages(files: readonly SourceFile[]): Fault[] {
  return everyImport(files).flatMap(({ file, line }) => {
    const name = packageOf(line.specifier);
    const folders = PACKAGE_FOLDERS[name];
    if (folders === undefined || folders.some((folder) => isIn(file.path, folder))) return [];
    return [{ path: file.path, line: line.line, text: `${name} belongs in ${folders.join(', ')} only` }];
  });
}

/** Relative imports whose file is not there, and relative imports without the ending `.ts` that stripping needs. */
export function danglingImports(files: readonly SourceFile[], exists: (path: string) => boolean): Fault[] {
  return everyImport(files)
    .filter(({ line }) => line.target !== '' && !exists(line.target))
    .map(({ file, line }) => ({ path: file.path, line: line.line, text: `there is no ${line.specifier}` }));
}

/** Name of the package of a specifier: `preact/hooks` is `preact`; empty for relative and node: ones. */
export function packageOf(specifier: string): string {
  if (specifier.startsWith('.') || specifier.startsWith('node:') || specifier.startsWith('virtual:')) return '';
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function everyImport(files: readonly SourceFile[]): { file: SourceFile; line: ImportLine }[] {
  return files.flatMap((file) => file.imports.map((line) => ({ file, line })));
}

function isIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${posix.normalize(folder)}/`);
}
