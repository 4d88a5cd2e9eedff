import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/*
 * Where the engine's time goes: `node bench/profile-engine.ts [case] [functions]` runs one case of the engine bench
 * (engine-100k) under `node --cpu-prof` and prints the functions by self time, the bench's own left out.
 */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const [caseName = 'engine-100k', shown = '25'] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'vitals-profile-'));
try {
  const child = fileURLToPath(new URL('./engine/child.ts', import.meta.url));
  const flags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--expose-gc'];
  const { status } = spawnSync(process.execPath, [...flags, child, caseName], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`cannot profile ${caseName}: its process ended with ${status}`);
  const file = readdirSync(folder).find((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error(`cannot profile ${caseName}: node wrote no profile`);
  print(JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile, Number(shown));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function print(profile: CpuProfile, functionsMax: number): void {
  const selfUs = selfTimes(profile);
  const engine = [...selfUs].filter(([name]) => !isApart(name)).sort(([, a], [, b]) => b - a);
  const totalUs = engine.reduce((total, [, us]) => total + us, 0);
  process.stdout.write(`${caseName}: ${(totalUs / 1e6).toFixed(1)} s in the engine, warm-up included; self time\n`);
  for (const [name, us] of engine.slice(0, functionsMax)) {
    const percent = ((100 * us) / totalUs).toFixed(1).padStart(5);
    process.stdout.write(`${percent} %  ${(us / 1e6).toFixed(2).padStart(7)} s  ${name}\n`);
  }
}

/** Waiting, and the bench's own generator and checks. */
function isApart(name: string): boolean {
  return name.startsWith('(idle)') || name.startsWith('(program)') || name.includes('bench/');
}

function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): Map<string, number> {
  const root = new URL('..', import.meta.url).href;
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => {
      const place = url === '' ? '' : ` ${url.replace(root, '')}:${lineNumber + 1}`;
      return [id, `${functionName || '(anonymous)'}${place}`];
    }),
  );
  const selfUs = new Map<string, number>();
  for (const [index, sample] of samples.entries()) {
    const name = names.get(sample)!;
    selfUs.set(name, (selfUs.get(name) ?? 0) + timeDeltas[index]!);
  }
  return selfUs;
}
