// Builds the kernel: node src/windows/kernel/build.mjs
// In: the .as files beside it. Out: kernel-bytes.ts. Needs the package assemblyscript; the product does not.
// biome-ignore-start lint/style/noRestrictedImports: this is a tool, no part of the pure room that it stands in
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// biome-ignore-end lint/style/noRestrictedImports: see above

const HERE = import.meta.dirname;
const BYTES_FILE = join(HERE, 'kernel-bytes.ts');
const LINE_CHARACTERS = 112;

/** The compiler's entry; undefined when it is not installed. NODE_PATH may lead to it. */
export function compilerPath() {
  try {
    const folder = createRequire(import.meta.url).resolve('assemblyscript/package.json');
    return join(folder, '../dist/asc.js');
  } catch {
    return undefined;
  }
}

/** The text that kernel-bytes.ts has to have, made from the sources. */
export async function compiledText() {
  const path = compilerPath();
  if (path === undefined) throw new Error('cannot build the kernel: the package assemblyscript is not installed');
  const { default: asc } = await import(pathToFileURL(path).href);
  return textOf(await compile(asc));
}

async function compile(asc) {
  let bytes;
  const options = ['--runtime', 'stub', '--importMemory', '--noExportMemory', '--enable', 'simd', '-O3', '--noAssert'];
  const { error, stderr } = await asc.main(['kernel.ts', '-o', 'kernel.wasm', '--use', 'abort=', ...options], {
    // The compiler knows its files by the ending .ts; the project's own compiler is not to see them.
    readFile: (name) => (/^\w+\.ts$/.test(name) ? readFileSync(join(HERE, name.replace(/ts$/, 'as')), 'utf8') : null),
    writeFile: (_name, contents) => {
      bytes = contents;
    },
    listFiles: () => [],
  });
  if (error) throw new Error(`cannot build the kernel: ${error.message}\n${stderr}`);
  return bytes;
}

function textOf(bytes) {
  const lines = Buffer.from(bytes)
    .toString('base64')
    .match(new RegExp(`.{1,${LINE_CHARACTERS}}`, 'g'));
  return `${[
    '/** The kernel as WebAssembly, base64. Generated from the .as files by build.mjs: change those. */',
    'export const KERNEL_BYTES = [',
    ...lines.map((line) => `  '${line}',`),
    "].join('');",
  ].join('\n')}\n`;
}

if (import.meta.main) writeFileSync(BYTES_FILE, await compiledText());
