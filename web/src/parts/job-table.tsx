import { useRef } from 'preact/hooks';
import { api } from '../data/api.ts';
import { formatTime } from '../format.ts';
import type { Job } from '../types.ts';
import { JobOutcome, JobProgress, JobState, jobName, kindTitle } from './job-values.tsx';
import { type Column, Table } from './table.tsx';

/** Carries out an order and says the sentence that it gives, or why it was refused. */
export type Act = (order: () => Promise<string>) => Promise<void>;

interface JobTableProps {
  readonly caption: string;
  readonly jobs: readonly Job[];
  readonly empty?: string;
  /** Undefined for who may look only. */
  readonly onAct: Act | undefined;
}

/** Jobs with how far they are and, for admins, what can be done about each. */
export function JobTable({ caption, jobs, empty, onAct }: JobTableProps) {
  const actions: Column<Job>[] =
    onAct === undefined
      ? []
      : [{ id: 'action', title: 'Action', cell: (job) => <JobAction job={job} onAct={onAct} /> }];
  return (
    <Table
      caption={caption}
      columns={[...COLUMNS, ...actions]}
      rows={jobs}
      keyOf={({ id }) => id}
      isStacked
      {...(empty === undefined ? {} : { empty })}
    />
  );
}

const COLUMNS: Column<Job>[] = [
  {
    id: 'job',
    title: 'Job',
    cell: ({ id, kind, description }) => (
      <div class="job-name">
        <b>{kindTitle(kind)}</b> <small>{id}</small>
        <span class="under">{withWholeDates(description)}</span>
      </div>
    ),
  },
  { id: 'state', title: 'State', cell: (job) => <JobState job={job} /> },
  { id: 'progress', title: 'Progress', cell: (job) => <JobProgress job={job} /> },
  { id: 'attempts', title: 'Attempts', isNumber: true, cell: ({ attempts }) => attempts },
  {
    id: 'ordered',
    title: 'Ordered',
    cell: ({ createdAt, finishedAt }) => (
      <>
        <span class="whole">{formatTime(createdAt, 'full')}</span>
        {finishedAt === null ? null : <small class="under whole">ended {endOf(createdAt, finishedAt)}</small>}
      </>
    ),
  },
  {
    id: 'outcome',
    title: 'Outcome',
    cell: (job) => (
      <div class="job-outcome">
        <JobOutcome job={job} />
      </div>
    ),
  },
];

/** An end on the day of the beginning needs no date. */
function endOf(createdAt: string, finishedAt: string): string {
  const isSameDay = formatTime(createdAt, 'date') === formatTime(finishedAt, 'date');
  return formatTime(finishedAt, isSameDay ? 'seconds' : 'full');
}

/** Browsers would break lines at the hyphens of a date. */
function withWholeDates(text: string) {
  return text.split(/(\d{4}-\d\d-\d\d)/).map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      <span key={index} class="whole">
        {part}
      </span>
    ),
  );
}

function JobAction({ job, onAct }: { job: Job; onAct: Act }) {
  const name = jobName(job);
  if (job.state === 'completed') return null;
  if (job.state === 'failed' || job.state === 'cancelled') {
    const retry = async () => {
      await api.retryJob(job.id);
      return `${name} is ordered again.`;
    };
    return (
      <button type="button" aria-label={`Retry ${name}`} onClick={() => void onAct(retry)}>
        Retry
      </button>
    );
  }
  return <CancelAction job={job} onAct={onAct} />;
}

/**
 * Asks before work is stopped; the browser keeps the focus in the dialog and closes it with Escape. The dialog stays
 * where it is while it is closed: a press that comes before the event of closing opens it again all the same.
 */
function CancelAction({ job, onAct }: { job: Job; onAct: Act }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const name = jobName(job);
  const cancel = async () => {
    const { state } = await api.cancelJob(job.id);
    return state === 'cancelled' ? `${name} is cancelled.` : `${name} had ended before: it is ${state}.`;
  };
  const confirm = () => {
    dialog.current?.close();
    void onAct(cancel);
  };
  return (
    <>
      <button
        type="button"
        aria-haspopup="dialog"
        aria-label={`Cancel ${name}`}
        onClick={() => dialog.current?.showModal()}
      >
        Cancel
      </button>
      <dialog ref={dialog} class="question" aria-labelledby={`cancel-${job.id}`}>
        <h2 id={`cancel-${job.id}`}>Cancel this job?</h2>
        <p>{name}</p>
        <p class="muted">What it has done stays done. It can be run again and then goes on from there.</p>
        <div class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Keep it
          </button>
          <button type="button" class="strong" onClick={confirm}>
            Cancel the job
          </button>
        </div>
      </dialog>
    </>
  );
}
