import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Api, waitUntilLevel } from '../../simulators/verify/index.ts';
import type { CityFile } from '../../src/config/index.ts';
import { accountingProblems, examine, ledgerOf } from '../check.ts';
import { JournalTail, type Place } from '../journal-tail.ts';
import type { Round } from '../round.ts';
import type { Fault } from './fault.ts';

const RECORDS = 3;
const TRIES = 5;
/** Few messages under way make small commits, so that there are several in a segment. */
const LOAD = { underWayCount: 500, windowCount: 10, perSecond: 100 };
/** Some hundred starts read the last segment. */
const SMALL_SEGMENTS: Partial<CityFile> = { journal: { segmentMax: '128KiB', freeBytesMin: '16MiB' } };
const END_MS_MAX = 60_000;

/** After a kill under load the end of the journal is cut and flipped in copies; the round itself then goes on. */
export const torn: Fault = {
  name: 'torn',
  title: 'the journal cut at every byte of its last records, and every byte of them flipped',
  weight: 1,
  needs: [],
  run: async (round) => {
    await round.start({ city: SMALL_SEGMENTS });
    const publishers = await round.publish(LOAD);
    const tail = await killedTail(round);
    const cases = await everyCut(round, tail);
    const flips = await everyFlip(round, tail);
    const starts = await someStarts(round, tail);
    round.notes.push(`${cases} cuts, ${flips} flips, ${starts} starts of the whole product`);
    rmSync(tail.folder, { recursive: true });
    await round.start({ city: SMALL_SEGMENTS });
    return examine(round, await publishers.finish());
  },
};

/** A copy of a journal that a kill under load left, with enough records in its last segment. */
async function killedTail(round: Round): Promise<JournalTail> {
  for (let tries = 0; tries < TRIES; tries++) {
    await sleep(round.between(0, 1_000));
    await round.kill();
    const copy = join(round.folder, `torn-${tries}`);
    cpSync(join(round.dataFolder, 'journal'), copy, { recursive: true });
    const tail = new JournalTail(copy);
    if (tail.places.length > RECORDS) return tail;
    // The segment had only begun.
    await round.start({ city: SMALL_SEGMENTS });
  }
  throw new Error(`no segment with ${RECORDS} records was left by ${TRIES} kills`);
}

async function everyCut(round: Round, tail: JournalTail): Promise<number> {
  const last = tail.places.slice(-RECORDS);
  let count = 0;
  for (let at = last[0]!.at; at <= tail.whole.length; at++, count++) {
    tail.cut(at);
    const lastWhole = tail.places.findLast(({ end }) => end <= at)?.sequence ?? tail.places[0]!.sequence - 1;
    await expectRecovered(round, tail, `cut at byte ${at}`, lastWhole);
  }
  return count;
}

async function everyFlip(round: Round, tail: JournalTail): Promise<number> {
  let count = 0;
  for (const place of tail.places.slice(-RECORDS)) {
    for (let at = place.at; at < place.end; at++, count++) {
      const bit = Math.floor(round.random() * 8);
      tail.flip(at, bit);
      const what = `bit ${bit} of byte ${at}, record ${place.sequence}`;
      if (tail.mustRefuse(place.sequence)) await expectRefused(round, tail, what);
      else await expectRecovered(round, tail, what, place.sequence - 1);
    }
  }
  return count;
}

async function expectRecovered(round: Round, tail: JournalTail, what: string, lastSequence: number): Promise<void> {
  const found = await tail.recover();
  if ('error' in found) round.problems.push(`${what}: ${found.error.message}`);
  else if (found.lastSequence !== lastSequence)
    round.problems.push(`${what}: the journal ended with record ${found.lastSequence} and not ${lastSequence}`);
  else if (!(await tail.isWholeUpTo(lastSequence)))
    round.problems.push(`${what}: what is left is not what was written`);
}

async function expectRefused(round: Round, tail: JournalTail, what: string): Promise<void> {
  const found = await tail.recover();
  if (!('error' in found)) round.problems.push(`${what}: damage was cut off like a torn end`);
  else if (!found.error.message.includes(tail.path))
    round.problems.push(`${what}: the error names no file: ${found.error.message}`);
}

/** The whole product on a journal that is cut, flipped at its end, and flipped in its middle. */
async function someStarts(round: Round, tail: JournalTail): Promise<number> {
  const last = tail.places.slice(-RECORDS);
  const any = (place: Place) => Math.floor(round.between(place.at, place.end));
  tail.cut(any(last[Math.floor(round.random() * last.length)]!));
  await expectCounts(round, tail, 'cut');
  tail.flip(any(tail.places.at(-1)!), 3);
  await expectCounts(round, tail, 'flipped at its end');
  const middle = tail.places.find(({ sequence }) => tail.mustRefuse(sequence));
  if (middle === undefined) return 2;
  tail.flip(any(middle), 5);
  await expectStartRefused(round, tail);
  return 3;
}

/** A data folder with nothing but the journal: everything is counted anew. */
function folderFor(round: Round, tail: JournalTail): string {
  const dataFolder = join(round.folder, 'torn-data');
  rmSync(dataFolder, { recursive: true, force: true });
  mkdirSync(dataFolder);
  cpSync(tail.folder, join(dataFolder, 'journal'), { recursive: true });
  return dataFolder;
}

async function expectCounts(round: Round, tail: JournalTail, what: string): Promise<void> {
  const dataFolder = folderFor(round, tail);
  const product = await round.startApart(dataFolder);
  try {
    const { durableSequence } = (await new Api(product.httpUrl).accounting()).progress;
    const ledger = await ledgerOf(round.plan, dataFolder, durableSequence);
    const messagesMin = ledger.expected().messages.received;
    const accounting = await waitUntilLevel(product.httpUrl, { messagesMin });
    round.problems.push(...accountingProblems(accounting, ledger).map((text) => `start on a journal ${what}: ${text}`));
  } finally {
    await product.stop();
  }
}

async function expectStartRefused(round: Round, tail: JournalTail): Promise<void> {
  const launched = round.launch({ dataFolder: folderFor(round, tail) });
  const timer = setTimeout(() => launched.kill('SIGKILL'), END_MS_MAX);
  const { code, signal, stderr } = await launched.ended;
  clearTimeout(timer);
  if (code === 1 && /cannot read the journal segment \S+ at byte \d+/.test(stderr)) return;
  round.problems.push(
    `a start on a journal that is damaged in the middle ended with ${code ?? signal}: ${stderr.slice(0, 300)}`,
  );
}
