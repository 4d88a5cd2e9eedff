import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix, relative, sep } from 'node:path';
import { parseSync } from 'vite';
import { onTestFinished } from 'vitest';

/** A node of the syntax tree (ESTree with TypeScript); only what the rules look at. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

export interface ImportLine {
  /** As written. */
  readonly specifier: string;
  /** Path from the root for a relative specifier, otherwise empty. */
  readonly target: string;
  /** Erased when the program runs: `import type`, or nothing but types between the braces. */
  readonly typeOnly: boolean;
  readonly line: number;
}

export interface SourceFile {
  /** From the root, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly ImportLine[];
  readonly program: SyntaxNode;
  lineOf(offset: number): number;
}

/** A broken house rule. */
export interface Fault {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

/** The project that the tests lie in. */
export const PROJECT_ROOT = join(import.meta.dirname, '../../..');
/** The folders that the house rules speak of; those that do not exist are passed over. */
export const SOURCE_FOLDERS = ['src', 'harness', 'simulators', 'bench', 'torture', 'web/src'];

const LEFT_OUT = new Set(['node_modules', 'dist', '.git', 'coverage', 'test-results']);

/** Every TypeScript file below the folders, parsed. */
export function readSources(root: string, folders: readonly string[] = SOURCE_FOLDERS): SourceFile[] {
  return listFiles(root, folders, /\.tsx?$/).map((path) => parseSource(path, readFileSync(join(root, path), 'utf8')));
}

/** Paths from the root, sorted, of the files below the folders (or the files themselves) that fit the pattern. */
export function listFiles(root: string, folders: readonly string[], pattern: RegExp): string[] {
  const paths: string[] = [];
  for (const folder of folders) if (existsSync(join(root, folder))) collect(join(root, folder), paths);
  return paths
    .map((path) => relative(root, path).split(sep).join('/'))
    .filter((path) => pattern.test(path))
    .sort();
}

/** Writes files into a folder of its own, for the length of a test, and gives the folder. */
export function plantTree(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'vitals-tidy-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

/** Calls `see` for every node, parents before children. */
export function visit(node: SyntaxNode, see: (node: SyntaxNode) => void): void {
  see(node);
  for (const child of Object.values(node)) {
    if (Array.isArray(child)) for (const item of child) visitChild(item, see);
    else visitChild(child, see);
  }
}

/** Name of an identifier, or of `a.b` as written; empty for anything else. */
export function nameOf(node: unknown): string {
  if (!isNode(node)) return '';
  if (node.type === 'Identifier') return String(node.name);
  if (node.type !== 'MemberExpression' || node.computed === true) return '';
  const object = nameOf(node.object);
  return object === '' ? '' : `${object}.${nameOf(node.property)}`;
}

/** Faults as the runner prints them, one a line. */
export function printed(faults: readonly Fault[]): string[] {
  return faults.map((fault) => `${fault.path}:${fault.line} ${fault.text}`);
}

function collect(path: string, into: string[]): void {
  const folder = readdirSync(dirname(path), { withFileTypes: true }).find((entry) => path.endsWith(sep + entry.name));
  if (folder?.isFile()) {
    into.push(path);
    return;
  }
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (LEFT_OUT.has(entry.name)) continue;
    if (entry.isDirectory()) collect(join(path, entry.name), into);
    else if (entry.isFile()) into.push(join(path, entry.name));
  }
}

function parseSource(path: string, text: string): SourceFile {
  const result = parseSync(path, text);
  if (result.errors.length > 0) throw new Error(`cannot parse ${path}: ${result.errors[0]?.message}`);
  const starts = [...text.matchAll(/\n/g)].map((match) => match.index + 1);
  const lineOf = (offset: number) => 1 + starts.filter((start) => start <= offset).length;
  const program = result.program as unknown as SyntaxNode;
  return { path, text, program, lineOf, imports: importsOf(path, program, lineOf) };
}

function importsOf(path: string, program: SyntaxNode, lineOf: (offset: number) => number): ImportLine[] {
  const lines: ImportLine[] = [];
  visit(program, (node) => {
    const source = sourceOf(node);
    if (source === undefined) return;
    const target = source.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), source)) : '';
    lines.push({ specifier: source, target, typeOnly: isTypeOnly(node), line: lineOf(node.start) });
  });
  return lines;
}

const IMPORTING = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
]);

function sourceOf(node: SyntaxNode): string | undefined {
  if (!IMPORTING.has(node.type)) return undefined;
  const source = isNode(node.source) ? node.source : node.argument;
  const literal = isNode(source) && source.type === 'TSLiteralType' ? source.literal : source;
  return isNode(literal) && typeof literal.value === 'string' ? literal.value : undefined;
}

function isTypeOnly(node: SyntaxNode): boolean {
  if (node.type === 'TSImportType' || node.importKind === 'type' || node.exportKind === 'type') return true;
  const specifiers = Array.isArray(node.specifiers) ? (node.specifiers as SyntaxNode[]) : [];
  return specifiers.length > 0 && specifiers.every((item) => item.importKind === 'type' || item.exportKind === 'type');
}

function visitChild(child: unknown, see: (node: SyntaxNode) => void): void {
  if (isNode(child)) visit(child, see);
}

function isNode(value: unknown): value is SyntaxNode {
  return value !== null && typeof value === 'object' && typeof (value as SyntaxNode).type === 'string';
}
