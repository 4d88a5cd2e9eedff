import { serverNowMs, toMs } from '../data/state.ts';
import { formatBytes, formatNumber, formatPercent, formatTime, words } from '../format.ts';
import type { Job } from '../types.ts';

export type JobStateId = Job['state'];

/** How a state is called, and its sign beside the word: lines in a square of 12. */
export const JOB_STATES: Readonly<
  Record<JobStateId, { readonly word: string; readonly tone: string; readonly sign: string }>
> = {
  waiting: { word: 'Waiting', tone: 'muted', sign: 'M6 1a5 5 0 1 0 .01 0M6 3v3l2 1.5' },
  active: { word: 'Running', tone: 'running', sign: 'M3 1.5v9l7.5-4.5z' },
  completed: { word: 'Completed', tone: 'good', sign: 'M1.5 6.5l3 3 6-7' },
  failed: { word: 'Failed', tone: 'bad', sign: 'M2 2l8 8M10 2l-8 8' },
  cancelled: { word: 'Cancelled', tone: 'muted', sign: 'M6 1a5 5 0 1 0 .01 0M2.5 9.5l7-7' },
};

/** A state by its word in the address. */
export function jobStateOf(text: string | null): JobStateId | undefined {
  return text !== null && Object.hasOwn(JOB_STATES, text) ? (text as JobStateId) : undefined;
}

/** What a job is called where it must be told from others. */
export function jobName({ id, kind, description }: Job): string {
  return `${description === '' ? kindTitle(kind) : `${kindTitle(kind)}, ${description}`} (job ${id})`;
}

/** `decode-again` is "Decode again". */
export function kindTitle(kind: string): string {
  const text = kind.replaceAll('-', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The state as a sign and a word; between attempts also when the next one begins. */
export function JobState({ job: { state, nextAttemptAt } }: { job: Job }) {
  const { word, tone, sign } = JOB_STATES[state];
  return (
    <>
      <span class={`job-state ${tone}`}>
        <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
          <path d={sign} />
        </svg>
        {word}
      </span>
      {nextAttemptAt === null ? null : <small class="under">{nextAttempt(toMs(nextAttemptAt))}</small>}
    </>
  );
}

function nextAttempt(atMs: number): string {
  // Others of its kind come first then.
  return atMs < serverNowMs() ? 'next attempt in its turn' : `next attempt at ${formatTime(atMs, 'seconds')}`;
}

/** How far a job is; one that waits has no end in sight. */
export function JobProgress({ job }: { job: Job }) {
  const label = `Progress of ${jobName(job)}`;
  if (job.state === 'waiting') return <progress class="job-progress" aria-label={label} max={1} />;
  return (
    <span class="job-progress">
      <progress class={JOB_STATES[job.state].tone} aria-label={label} max={1} value={job.progress} />
      {formatPercent(job.progress)}
    </span>
  );
}

/** What came out, or why nothing did. */
export function JobOutcome({ job: { error, result, state, attempts } }: { job: Job }) {
  if (error !== null) {
    return (
      <span class="job-error">
        {state === 'waiting' ? <small>Attempt {attempts}: </small> : null}
        {error}
      </span>
    );
  }
  if (result === null || result === undefined) return <span class="muted">–</span>;
  const entries = Object.entries(typeof result === 'object' ? result : { result });
  const numbers = entries.filter(([, value]) => typeof value === 'number') as [string, number][];
  const texts = entries.filter(([, value]) => typeof value === 'string') as [string, string][];
  return (
    <>
      {numbers.map(([name, value]) => amount(name, value)).join(', ')}
      {texts.map(([name, text]) => (
        <code key={name} class="under">
          {text}
        </code>
      ))}
    </>
  );
}

function amount(name: string, value: number): string {
  return name === 'bytes' ? formatBytes(value) : `${formatNumber(value)} ${AMOUNTS[name] ?? words(name)}`;
}

/** Numbers whose name in the API says little by itself. */
const AMOUNTS: Readonly<Record<string, string>> = { gone: 'no longer in the journal' };
