import { QUANTITIES, unitCode } from '../../../src/model/index.ts';

/** The part of package-lock.json that is looked at. */
export interface LockFile {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly hasInstallScript?: boolean }>>;
}

/**
 * Packages whose install scripts are known not to be needed. Nothing has one today; npm 12 runs none by default, so a
 * package that needs its script must not be depended on.
 */
export const INSTALL_SCRIPTS_NOT_NEEDED: readonly string[] = [];

/**
 * Entries of the lock without a version: npm 11 writes them for packages that the registry lacks, and `npm ci` then
 * fails (npm/cli issue 9342).
 */
export function entriesWithoutVersion(lock: LockFile): string[] {
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path !== '' && entry.version === undefined)
    .map(([path]) => path);
}

/** Locked packages with an install script that nobody has looked at. */
export function installScripts(lock: LockFile): string[] {
  return Object.entries(lock.packages)
    .filter(([path, entry]) => entry.hasInstallScript === true && !INSTALL_SCRIPTS_NOT_NEEDED.includes(path))
    .map(([path]) => path);
}

/** What the checks need of a KPI definition. */
export interface ListedKpi {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly quantities: readonly string[];
}

/** Units that stand in KPIs only, beside those of the quantities. */
const KPI_UNITS = new Set(['d', 'a', 'm2', 'km', 't', 'ug']);

/** Faults of the list of KPIs: ids, captions, quantities and units. */
export function kpiFaults(kpis: readonly ListedKpi[]): string[] {
  const faults: string[] = [];
  const ids = new Set<string>();
  for (const kpi of kpis) {
    if (ids.has(kpi.id)) faults.push(`${kpi.id}: is listed twice`);
    ids.add(kpi.id);
    if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(kpi.id))
      faults.push(`${kpi.id}: an id is words of a-z and 0-9 joined by "-"`);
    if (kpi.title.trim() === '') faults.push(`${kpi.id}: has no title`);
    if (!isKnownUnit(kpi.unit)) faults.push(`${kpi.id}: the unit "${kpi.unit}" is unknown`);
    for (const id of kpi.quantities) if (!QUANTITIES.has(id)) faults.push(`${kpi.id}: the quantity "${id}" is unknown`);
  }
  return faults;
}

/** True for a UCUM code made of known units: `L/d`, `kW.h/a`, `ug/m3`. Annotations in braces, `{person}`, count as 1. */
function isKnownUnit(unit: string): boolean {
  if (unitCode(unit) === unit) return true;
  const parts = unit.replace(/\{[^{}]*\}/g, '1').split(/[/.]/);
  const isKnown = (part: string) => unitCode(part) === part || KPI_UNITS.has(part);
  return isKnown(unit) || parts.every(isKnown) || unit.split('/').every(isKnown);
}

/** Paths of one machine and notes to oneself: they mean nothing to who reads the project. */
const FOREIGN_WORDS: readonly RegExp[] = [
  // Absolute paths of the machine that a text was written on.
  /(?<![\w.])\/(?:work|home|root|Users)\/[a-z]\w*/,
  /\b(?:TODO|FIXME|XXX)\b/,
];

/** Words in a text that belong in no product, each with its line. */
export function foreignWords(path: string, text: string): string[] {
  return text.split('\n').flatMap((line, index) =>
    FOREIGN_WORDS.flatMap((word) => {
      const found = word.exec(line);
      return found === null ? [] : [`${path}:${index + 1} ${found[0]}`];
    }),
  );
}

/** Sections of the KPI reference that a text cites, as `KPI.md 4.3` or `docs/kpis.md 4.3`. */
export function citedSections(text: string): string[] {
  return [...text.matchAll(/\b(?:KPI\.md|docs\/kpis\.md) (\d+(?:\.\d+)*)/g)].map((found) => found[1]!);
}

/** Numbers of the headings of a document: `### 4.3 Registers` has 4.3. */
export function numberedHeadings(markdown: string): Set<string> {
  return new Set([...markdown.matchAll(/^#+ (\d+(?:\.\d+)*)\b/gm)].map((found) => found[1]!));
}
