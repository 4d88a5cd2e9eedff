import { type Fault, nameOf, type SourceFile, type SyntaxNode, visit } from './source-tree.ts';

/** Lines of a function: a warning over the first number, the end at the second. */
export const FUNCTION_LINES = { warn: 50, fail: 70 } as const;
/** Lines of a file. */
export const FILE_LINES = { warn: 400, fail: 600 } as const;

/** The only files that read the machine's clock. */
export const CLOCK_FILES: readonly string[] = ['src/base/clock.ts'];
/** The only places that read the environment; the last one hands it on to a product that it starts. */
export const ENVIRONMENT_PLACES: readonly string[] = ['src/main.ts', 'src/commands/', 'harness/product.ts'];

const CLOCK_CALLS = new Set(['Date', 'Date.now', 'performance.now', 'process.hrtime', 'process.hrtime.bigint']);

/** Reads of the machine's clock outside of the clock file. The page (web/) has no other clock than the browser's. */
export function clockReads(files: readonly SourceFile[]): Fault[] {
  const watched = files.filter((file) => !CLOCK_FILES.includes(file.path) && !file.path.startsWith('web/'));
  return faultsOf(watched, (node) => {
    const name = nameOf(node.callee);
    const withoutArgument = Array.isArray(node.arguments) && node.arguments.length === 0;
    if (node.type === 'NewExpression' && name === 'Date' && withoutArgument) return 'reads the clock: new Date()';
    if (node.type !== 'CallExpression') return '';
    return CLOCK_CALLS.has(name) || name.startsWith('Temporal.Now.') ? `reads the clock: ${name}()` : '';
  });
}

/** Reading free text as a date: what it accepts differs between engines. The page reads times of our own API only. */
export function dateGuesses(files: readonly SourceFile[]): Fault[] {
  const watched = files.filter((file) => !file.path.startsWith('web/'));
  return faultsOf(watched, (node) =>
    node.type === 'CallExpression' && nameOf(node.callee) === 'Date.parse'
      ? 'reads free text as a date: Date.parse()'
      : '',
  );
}

/** Reads of the environment outside of the commands. */
export function environmentReads(files: readonly SourceFile[]): Fault[] {
  const watched = files.filter((file) => !ENVIRONMENT_PLACES.some((place) => file.path.startsWith(place)));
  return faultsOf(watched, (node) => (nameOf(node) === 'process.env' ? 'reads process.env' : ''));
}

const CHANCE_CALLS = new Set([
  'Math.random',
  'crypto.randomUUID',
  'setTimeout',
  'setInterval',
  'queueMicrotask',
  'fetch',
]);

/** Chance, timers and the network in rooms whose result must depend on nothing but their input. */
export function impureCalls(files: readonly SourceFile[], rooms: readonly string[]): Fault[] {
  const watched = files.filter((file) => rooms.some((room) => file.path.startsWith(`${room}/`)));
  return faultsOf(watched, (node) =>
    node.type === 'CallExpression' && CHANCE_CALLS.has(nameOf(node.callee))
      ? `is not pure: ${nameOf(node.callee)}()`
      : '',
  );
}

/** Functions with more lines than the limit, from the first to the last line of the function. */
export function longFunctions(files: readonly SourceFile[], limit: number): Fault[] {
  const isFunction = (node: SyntaxNode) =>
    /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type);
  return files.flatMap((file) =>
    faultsOf([file], (node) => {
      if (!isFunction(node)) return '';
      const count = file.lineOf(node.end - 1) - file.lineOf(node.start) + 1;
      return count > limit ? `a function of ${count} lines; the limit is ${limit}` : '';
    }),
  );
}

/** Files with more lines than the limit. */
export function longFiles(files: readonly SourceFile[], limit: number): Fault[] {
  return files.flatMap((file) => {
    const count = file.text.trimEnd().split('\n').length;
    return count > limit ? [{ path: file.path, line: 1, text: `${count} lines; the limit is ${limit}` }] : [];
  });
}

/** Rooms without a door, and doors without a caption on their first line. */
export function doorsWithoutCaption(files: readonly SourceFile[]): Fault[] {
  const rooms = new Set(files.map((file) => /^src\/(?!commands\/)[^/]+(?=\/)/.exec(file.path)?.[0] ?? ''));
  rooms.delete('');
  const faults: Fault[] = [];
  for (const room of rooms) {
    if (!files.some((file) => file.path === `${room}/index.ts`))
      faults.push({ path: room, line: 1, text: 'has no index.ts' });
  }
  for (const file of files) {
    if (!/^src\/.+\/index\.ts$/.test(file.path)) continue;
    if (!/^\/\/ \S.{10,}/.test(file.text))
      faults.push({ path: file.path, line: 1, text: 'has no caption on its first line' });
  }
  return faults;
}

const RUNNERS = /^(?:test|it|describe|suite|bench)\./;

/** Tests that are switched off, or that switch off the others. `skipIf` with a reason in the name is allowed. */
export function switchedOffTests(files: readonly SourceFile[]): Fault[] {
  return faultsOf(files, (node) => {
    const name = node.type === 'MemberExpression' ? nameOf(node) : '';
    return RUNNERS.test(name) && /\.(?:only|skip|todo|fails)$/.test(name) ? `${name} is left in the tests` : '';
  });
}

function faultsOf(files: readonly SourceFile[], judge: (node: SyntaxNode) => string): Fault[] {
  const faults: Fault[] = [];
  for (const file of files) {
    visit(file.program, (node) => {
      const text = judge(node);
      if (text !== '') faults.push({ path: file.path, line: file.lineOf(node.start), text });
    });
  }
  return faults;
}
