import { measureEngine } from './engine-case.ts';
import { measureMeters } from './meters-case.ts';
import { ENGINE_PLANS, METERS_CASE } from './plans.ts';

/*
 * One case in a process of its own, so that memory and compiled code are those of the case alone:
 * `node --expose-gc child.ts <case> [program of the C reference]`. The result is JSON on stdout.
 */
const [name, program] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await measure(name)));

async function measure(name: string | undefined): Promise<readonly object[]> {
  if (name === METERS_CASE.case) return [measureMeters()];
  const plan = ENGINE_PLANS.find((known) => known.case === name);
  if (plan === undefined) throw new Error(`cannot measure the case ${name}: there is none of that name`);
  return measureEngine(plan, program, (text) => process.stderr.write(`${text}\n`));
}
