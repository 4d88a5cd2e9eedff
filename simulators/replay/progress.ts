import { SingleBar } from 'cli-progress';
import { type Clock, systemClock } from '../../src/base/index.ts';
import type { ReplayProgress, ReplaySummary } from './replay.ts';

/** Shows how far a replay is. */
export interface ProgressView {
  update(progress: ReplayProgress): void;
  stop(): void;
}

const LINE_EVERY_MS = 5_000;

/** A bar on a terminal, a line every five seconds elsewhere (logs of a container, of a build). */
export function progressView(out: NodeJS.WriteStream, clock: Clock = systemClock): ProgressView {
  return out.isTTY ? barView(out) : lineView(out, clock);
}

function barView(out: NodeJS.WriteStream): ProgressView {
  const bar = new SingleBar({
    stream: out,
    format: '{bar} {percentage} % | {rows} rows | {acked} of {published} messages acknowledged',
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(1000, 0, { rows: 0, acked: 0, published: 0 });
  return {
    update: ({ fraction, rowsRead, messagesAcked, messagesPublished }) =>
      bar.update(Math.floor(fraction * 1000), { rows: rowsRead, acked: messagesAcked, published: messagesPublished }),
    stop: () => bar.stop(),
  };
}

function lineView(out: NodeJS.WriteStream, clock: Clock): ProgressView {
  let lastMs = clock.monotonicMs();
  return {
    update: (progress) => {
      const nowMs = clock.monotonicMs();
      if (nowMs - lastMs < LINE_EVERY_MS) return;
      lastMs = nowMs;
      out.write(
        `${(progress.fraction * 100).toFixed(0)} %, ${progress.rowsRead} rows, ${progress.messagesAcked} of ${progress.messagesPublished} messages acknowledged\n`,
      );
    },
    stop: () => undefined,
  };
}

/** What a replay did, for people; several lines without a line end. */
export function summaryText(summary: ReplaySummary): string {
  const reasons = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([reason, count]) => `${reason} ${count}`)
      .join(', ') || 'none';
  return [
    `${summary.recording}: ${summary.rowsRead} rows read, ${summary.readingsPublished} readings in ${summary.messagesPublished} messages${summary.aborted ? ' (stopped early)' : ''}`,
    `acknowledged ${summary.messagesAcked}, sent again ${summary.messagesResent}, reconnected ${summary.reconnects} times`,
    `${(summary.durationMs / 1000).toFixed(1)} s, ${summary.messagesPerS.toFixed(0)} messages/s`,
    `rows without a reading: ${reasons(summary.skipped)}; readings without a time: ${reasons(summary.timeless)}`,
  ].join('\n');
}
