import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Qos1PublisherStats } from '../harness/index.ts';
import {
  type AccountingAnswer,
  type Answers,
  canonicalJson,
  differencesOf,
  everythingOf,
  waitUntilLevel,
} from '../simulators/verify/index.ts';
import { openLocalJournalReader } from '../src/journal/local/index.ts';
import { Ledger, seriesName } from './ledger.ts';
import type { Plan } from './messages.ts';
import type { Round } from './round.ts';

/** What a round, or all rounds of a fault, came to. Messages and readings as the product counts them. */
export interface Tally {
  /** Messages that the product took, those that came twice included. */
  readonly received: number;
  /** Different messages whose acknowledgement reached their publisher. */
  readonly acknowledged: number;
  /** Of these, what the journal holds byte for byte. */
  readonly kept: number;
  readonly counted: number;
  readonly duplicates: number;
  /** Messages and readings. */
  readonly quarantined: number;
  /** Acknowledged messages that the journal does not hold, and counted readings that nobody finds. */
  readonly lost: number;
  /** Readings that are there twice. */
  readonly double: number;
  /** Answers and counts that are not what they must be. */
  readonly differs: number;
}

/** A tally with the first differences in words. */
export interface Finding {
  readonly tally: Tally;
  readonly problems: readonly string[];
}

const DAY_MS = 86_400_000;
const PROBLEMS_TOLD = 5;
const STALL_MS_MAX = 60_000;

/**
 * Looks at everything once all is acknowledged: the journal against what was acknowledged, the accounting and the stored
 * readings against a plain bookkeeping of the journal, and all answers against those of a product that is given a copy
 * of the journal and left in peace.
 *
 * @param lostAtBroker messages were acknowledged by somebody else, who may have lost some
 */
export async function examine(
  round: Round,
  stats: readonly Qos1PublisherStats[],
  lostAtBroker = false,
): Promise<Finding> {
  const acknowledged = acknowledgedBy(stats);
  await round.hush();
  const disturbed = await lookAt(round.product.httpUrl, round.plan, lostAtBroker ? 1 : acknowledged.length);
  const { code } = await round.product.stop();
  const ledger = await ledgerOf(round.plan, round.dataFolder, disturbed.accounting.progress.durableSequence);
  const calm = await calmLook(round, ledger.expected().messages.received);
  const rows = rowsAgainst(ledger, disturbed.answers);
  const problems = [
    ...(code === 0 ? [] : [`the product ended with code ${code} when it was asked to stop`]),
    ...stats.flatMap(({ faults }) => faults),
    ...stats
      .filter((each) => each.acknowledgedCount !== each.sentCount)
      .map((each) => `${JSON.stringify(each)} of a publisher`),
    ...ledger.strangers.map((text) => `the journal holds what nobody sent: ${text}`),
    ...accountingProblems(disturbed.accounting, ledger),
    ...accountingDifferences(calm.accounting, disturbed.accounting),
    ...differencesOf(calm.answers, disturbed.answers),
    ...rows.wrong,
    ...round.problems,
  ];
  const unkept = acknowledged.filter(([publisher, number]) => !ledger.has(publisher, number));
  const lost = lostAtBroker
    ? []
    : unkept.map((at) => `acknowledged, and not in the journal: message ${at[1]} of publisher ${at[0]}`);
  const { messages, readings } = disturbed.accounting;
  return {
    tally: {
      received: messages.received,
      acknowledged: acknowledged.length,
      kept: acknowledged.length - unkept.length,
      counted: readings.counted,
      duplicates: readings.duplicate,
      quarantined: messages.quarantined + readings.quarantined,
      lost: lost.length + rows.lost.length,
      double: rows.double.length,
      differs: problems.length,
    },
    problems: [...lost, ...rows.lost, ...rows.double, ...problems].slice(0, PROBLEMS_TOLD),
  };
}

interface Look {
  readonly accounting: AccountingAnswer;
  readonly answers: Answers;
}

async function lookAt(httpUrl: string, plan: Plan, messagesMin: number): Promise<Look> {
  const accounting = await waitUntilLevel(httpUrl, { messagesMin, stallMsMax: STALL_MS_MAX });
  return { accounting, answers: await everythingOf(httpUrl, plan.fromMs - DAY_MS, plan.fromMs + 7 * DAY_MS) };
}

/** The journal as its own reader gives it, in this process and not in the product's. */
export async function ledgerOf(plan: Plan, dataFolder: string, upToSequence: number): Promise<Ledger> {
  const reader = openLocalJournalReader({ folder: join(dataFolder, 'journal') });
  try {
    return await new Ledger(plan).read(reader, upToSequence);
  } finally {
    await reader.close();
  }
}

/** What a product says that was given the same journal and nothing else. */
async function calmLook(round: Round, messagesMin: number): Promise<Look> {
  const dataFolder = join(round.folder, 'calm');
  mkdirSync(dataFolder);
  cpSync(join(round.dataFolder, 'journal'), join(dataFolder, 'journal'), { recursive: true });
  const product = await round.startApart(dataFolder);
  try {
    return await lookAt(product.httpUrl, round.plan, messagesMin);
  } finally {
    await product.stop();
  }
}

/** All that was sent: a round is looked at when everything is acknowledged. */
function acknowledgedBy(stats: readonly Qos1PublisherStats[]): (readonly [publisher: number, number: number])[] {
  return stats.flatMap(({ sentCount }, publisher) =>
    Array.from({ length: sentCount }, (_, number) => [publisher, number] as const),
  );
}

/** Where the product's counts are not those of the plain bookkeeping, which add up by themselves. */
export function accountingProblems({ messages, readings }: AccountingAnswer, ledger: Ledger): string[] {
  const expected = ledger.expected();
  const pairs: [string, number, number][] = [
    ['messages received', messages.received, expected.messages.received],
    ['messages decoded', messages.decoded, expected.messages.decoded],
    ['messages quarantined', messages.quarantined, expected.messages.quarantined],
    ['readings received', readings.received, expected.readings.received],
    ['readings counted', readings.counted, expected.readings.counted],
    ['readings duplicate', readings.duplicate, expected.readings.duplicate],
    ['readings quarantined', readings.quarantined, expected.readings.quarantined],
    ['readings late or invalid', readings.lateFiled + readings.invalid, 0],
  ];
  return pairs.filter(([, is, must]) => is !== must).map(([name, is, must]) => `${name}: ${is} and not ${must}`);
}

function accountingDifferences(calm: AccountingAnswer, disturbed: AccountingAnswer): string[] {
  const of = ({ messages, readings, rejects }: AccountingAnswer) => canonicalJson({ messages, readings, rejects });
  return of(calm) === of(disturbed) ? [] : [`accounting ${of(disturbed)} and, left in peace, ${of(calm)}`];
}

interface Rows {
  readonly lost: string[];
  readonly double: string[];
  readonly wrong: string[];
}

/** Every reading of the store against the bookkeeping: each there, once, with its first value, and no other. */
function rowsAgainst(ledger: Ledger, answers: Answers): Rows {
  const rows: Rows = { lost: [], double: [], wrong: [] };
  const found = readingsOf(answers);
  for (const [name, values] of ledger.series) {
    const seen = new Set<number>();
    for (const [timeMs, value] of found.get(name) ?? []) {
      if (seen.has(timeMs)) rows.double.push(`${name} at ${timeMs} is there twice`);
      else if (values.get(timeMs) !== value) {
        rows.wrong.push(`${name} at ${timeMs} is ${value} and not ${values.get(timeMs)}`);
      }
      seen.add(timeMs);
    }
    const absent = [...values.keys()].filter((timeMs) => !seen.has(timeMs));
    rows.lost.push(...absent.map((timeMs) => `${name} at ${timeMs} is in the journal and not in the store`));
  }
  for (const name of found.keys()) if (!ledger.series.has(name)) rows.wrong.push(`nobody published ${name}`);
  return rows;
}

const READINGS = /^\/api\/v1\/readings\?(.*)$/;

function readingsOf(answers: Answers): Map<string, [timeMs: number, value: number][]> {
  const found = new Map<string, [number, number][]>();
  for (const [request, answer] of answers) {
    const query = READINGS.exec(request);
    if (query === null) continue;
    const asked = new URLSearchParams(query[1]);
    const rows = JSON.parse(answer) as { time: string; value: number; status: string }[];
    const counted = rows.filter(({ status }) => status === 'counted');
    const values = counted.map(({ time, value }): [number, number] => [
      Temporal.Instant.from(time).epochMilliseconds,
      value,
    ]);
    found.set(seriesName(asked.get('device') ?? '', asked.get('quantity') ?? ''), values);
  }
  return found;
}
