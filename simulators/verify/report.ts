import type { AccountingAnswer } from './api.ts';
import type { RegisterRow } from './compare.ts';
import type { VerifyReport } from './verify-recording.ts';

/** The report as a table for people, with the first differences and the product's answers to them. */
export function reportText(report: VerifyReport): string {
  const head = ['file', 'column', 'from', 'compared', 'by rule', 'different'];
  const lines = report.columns.map((column) => [
    column.file,
    column.column,
    column.source,
    `${column.compared}${column.notCovered > 0 ? ` (${column.notCovered} not covered)` : ''}`,
    String(column.explained.length + column.ruled.length),
    String(column.different),
  ]);
  const differences = report.columns.flatMap((column) =>
    column.differences.map(
      (one) => `${column.file} ${column.column}: ${one.row}: expected ${one.want}, got ${one.got}\n    ${one.answer}`,
    ),
  );
  return [
    table([head, ...lines]),
    ...(differences.length > 0 ? ['', 'First differences:', ...differences] : []),
    ...registerLines(report),
    ...ruledLines(report),
    '',
    `Not covered by any window of the product: ${report.notCovered.join('; ') || 'nothing'}`,
    `${report.compared} numbers compared, ${report.compared - report.different - byRule(report)} equal, ${byRule(report)} by rule, ${report.different} different`,
    `digest ${report.digest}`,
  ].join('\n');
}

function byRule({ columns }: VerifyReport): number {
  return columns.reduce((sum, { explained, ruled }) => sum + explained.length + ruled.length, 0);
}

/** Where registers differ from sums of differences, and by which rule: each window once. */
function registerLines(report: VerifyReport): string[] {
  const rows = new Map<string, readonly string[]>();
  for (const { file, explained } of report.columns) {
    for (const one of explained) rows.set(`${file} ${one.device} ${one.key}`, registerLine(one));
  }
  if (rows.size === 0) return [];
  const head = ['device', 'window', 'ours', 'sum_delta', 'sum_pos', 'by the rules for registers'];
  return ['', `Not the naive sums, by rule (${rows.size} windows):`, table([head, ...rows.values()])];
}

/** Where other rules of the product make another number. */
function ruledLines(report: VerifyReport): string[] {
  const rows = report.columns.flatMap(({ file, column, source, ruled }) =>
    ruled.map(({ row, ours, want, reason }) => [`${file} ${column}`, source, row, String(ours), want, reason]),
  );
  if (rows.length === 0) return [];
  return ['', 'Not the plain counts, by rule:', table([['column', 'from', 'row', 'ours', 'theirs', 'by'], ...rows])];
}

function registerLine({ device, key, ours, sumDelta, sumPos, reason }: RegisterRow): readonly string[] {
  return [device, key, String(Math.round(ours * 1e6) / 1e6), sumDelta, sumPos, reason];
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** What is wrong with the bookkeeping; empty when every message and reading is accounted for. */
export function accountingFaults(accounting: AccountingAnswer, messagesAcked: number): string[] {
  const { messages, readings, rejects } = accounting;
  const faults: string[] = [];
  if (messages.received < messagesAcked)
    faults.push(`${messagesAcked} messages were acknowledged, ${messages.received} received`);
  const messageSum = messages.decoded + messages.ignored + messages.quarantined;
  if (messages.received !== messageSum)
    faults.push(`messages: ${messages.received} received, ${messageSum} accounted for`);
  const readingSum =
    readings.counted + readings.invalid + readings.duplicate + readings.lateFiled + readings.quarantined;
  if (readings.received !== readingSum)
    faults.push(`readings: ${readings.received} received, ${readingSum} accounted for`);
  const rejected = Object.values(rejects).reduce((sum, count) => sum + count, 0);
  const quarantined = messages.quarantined + readings.quarantined;
  if (rejected !== quarantined) faults.push(`rejects: ${rejected} by reason, ${quarantined} quarantined`);
  return faults;
}

/** One line: where every message and reading went. */
export function accountingText({ messages, readings, rejects }: AccountingAnswer): string {
  const reasons = Object.entries(rejects).map(([reason, count]) => `${reason} ${count}`);
  return [
    `messages: ${messages.received} received = ${messages.decoded} decoded + ${messages.ignored} ignored + ${messages.quarantined} quarantined`,
    `readings: ${readings.received} received = ${readings.counted} counted + ${readings.invalid} invalid + ${readings.duplicate} duplicate + ${readings.lateFiled} late-filed + ${readings.quarantined} quarantined`,
    `rejects: ${reasons.join(', ') || 'none'}`,
  ].join('\n');
}
