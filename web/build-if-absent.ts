/*
 * Builds the operators' page when there is none: `npm start` and `npm run demo` call this first, so that a fresh clone
 * needs no build step of its own.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const page = fileURLToPath(new URL('./dist/index.html', import.meta.url));

if (!existsSync(page)) await buildPage();

async function buildPage(): Promise<void> {
  let build: typeof import('vite').build;
  try {
    ({ build } = await import('vite'));
  } catch {
    // The product works without its page: the API serves, and `/` says what is missing.
    console.error(
      'cannot build the operators\' page: vite is not installed; run "npm ci" with development dependencies',
    );
    return;
  }
  console.log("Building the operators' page (once) ...");
  try {
    await build({ configFile: fileURLToPath(new URL('./vite.config.ts', import.meta.url)), logLevel: 'error' });
  } catch (cause) {
    console.error(`cannot build the operators' page: ${(cause as Error).message}`);
    process.exitCode = 1;
  }
}
