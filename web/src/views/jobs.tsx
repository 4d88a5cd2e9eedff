import { useState } from 'preact/hooks';
import { api } from '../data/api.ts';
import { link, type Route, replaceRoute } from '../data/route.ts';
import { formatNumber } from '../format.ts';
import { ExportForm } from '../parts/export-form.tsx';
import { type Act, JobTable } from '../parts/job-table.tsx';
import { JOB_STATES, type JobStateId, jobStateOf } from '../parts/job-values.tsx';
import type { Job } from '../types.ts';
import { messageOf, useLoaded } from './use-loaded.ts';
import { usePolled } from './use-polled.ts';

/** Jobs of one table; older ones are in the API. */
const JOBS_MAX = 100;
const BUSY_MS = 2_000;
const QUIET_MS = 15_000;

interface Listed {
  /** What the lists were asked with. */
  readonly filter: JobStateId | '';
  readonly jobs: readonly Job[];
  /** Those that failed for good, where the filter does not list them anyway. */
  readonly failed: readonly Job[];
  /** There may be more. */
  readonly isCut: boolean;
}

/** What runs beside the stream of readings: how far each job is, what became of it, and what can be done about it. */
export function JobsView({ route }: { route: Route }) {
  const filter = jobStateOf(route.options.get('state')) ?? '';
  const { data: me } = useLoaded('me', api.me);
  const { data, error, isLoading, reload } = usePolled(filter, () => loadJobs(filter), waitMs);
  const [said, setSaid] = useState<Said>({ text: '', isError: false });
  const act: Act = async (order) => {
    try {
      setSaid({ text: await order(), isError: false });
    } catch (failure) {
      setSaid({ text: messageOf(failure), isError: true });
    }
    reload();
  };
  const onAct = me?.role === 'admin' ? act : undefined;
  return (
    <>
      <div class="heading">
        <h1>Jobs</h1>
        {data === undefined || data.filter !== '' ? null : <Counts listed={data} />}
      </div>
      <Filter filter={filter} />
      <Notice said={said} />
      {error === undefined ? null : <p class="failed">{error}</p>}
      {data === undefined ? <p class="muted">{isLoading ? 'Loading …' : ''}</p> : <Lists listed={data} onAct={onAct} />}
      {onAct === undefined ? null : <ExportForm onAct={onAct} />}
    </>
  );
}

async function loadJobs(filter: Listed['filter']): Promise<Listed> {
  if (filter !== '') {
    const { jobs } = await api.jobs({ state: filter, limit: JOBS_MAX });
    return { filter, jobs, failed: [], isCut: jobs.length === JOBS_MAX };
  }
  const [all, active, failed] = await Promise.all([
    api.jobs({ limit: JOBS_MAX }),
    api.jobs({ state: 'active', limit: JOBS_MAX }),
    api.jobs({ state: 'failed', limit: JOBS_MAX }),
  ]);
  const listed = new Set(all.jobs.map(({ id }) => id));
  // Behind many that wait, one that runs may be an old one.
  const others = all.jobs.filter(({ state }) => state !== 'failed');
  const jobs = [...others, ...active.jobs.filter(({ id }) => !listed.has(id))];
  return { filter, jobs, failed: failed.jobs, isCut: all.jobs.length === JOBS_MAX };
}

function waitMs(listed: Listed | undefined): number {
  return listed?.jobs.some(isBusy) === true ? BUSY_MS : QUIET_MS;
}

function isBusy({ state }: Job): boolean {
  return state === 'active' || state === 'waiting';
}

function Counts({ listed: { jobs, failed } }: { listed: Listed }) {
  const count = (state: Job['state']) => [...jobs, ...failed].filter((job) => job.state === state).length;
  return (
    <p class="facts">
      <span>{formatNumber(count('active'))} running</span>
      <span>{formatNumber(count('waiting'))} waiting</span>
      <span>{formatNumber(count('failed'))} failed</span>
    </p>
  );
}

function Filter({ filter }: { filter: string }) {
  return (
    <div class="filters">
      <label>
        <span>State</span>
        <select
          value={filter}
          onChange={(event) => replaceRoute(link('jobs', [], { state: event.currentTarget.value }))}
        >
          <option value="">All</option>
          {Object.entries(JOB_STATES).map(([id, { word }]) => (
            <option key={id} value={id}>
              {word}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

interface Said {
  readonly text: string;
  readonly isError: boolean;
}

/** What became of the last order that was given here. */
function Notice({ said: { text, isError } }: { said: Said }) {
  return (
    <>
      <p role="status" class={text === '' || isError ? 'hidden' : 'said'}>
        {isError ? '' : text}
      </p>
      <p role="alert" class={isError ? 'failed' : 'hidden'}>
        {isError ? text : ''}
      </p>
    </>
  );
}

function Lists({ listed: { filter, jobs, failed, isCut }, onAct }: { listed: Listed; onAct: Act | undefined }) {
  return (
    <>
      {failed.length === 0 ? null : (
        <section class="jobs for-good" aria-labelledby="failed-jobs">
          <h2 id="failed-jobs">Failed for good</h2>
          <p class="hint">Every attempt failed. Nothing happens until somebody runs them again.</p>
          <JobTable caption="Jobs that failed for good" jobs={failed} onAct={onAct} />
        </section>
      )}
      <section class="jobs" aria-labelledby="other-jobs">
        <h2 id="other-jobs">
          {filter !== '' ? JOB_STATES[filter].word : failed.length > 0 ? 'All others' : 'All jobs'}
        </h2>
        <JobTable caption="Jobs, newest first" jobs={jobs} onAct={onAct} empty={emptyText(filter, failed.length > 0)} />
        {isCut ? <p class="hint">Only the newest {JOBS_MAX} jobs are looked at here.</p> : null}
      </section>
    </>
  );
}

function emptyText(filter: Listed['filter'], isBesideFailed: boolean): string {
  if (filter !== '') return `No job is ${JOB_STATES[filter].word.toLowerCase()}.`;
  return isBesideFailed ? 'No other job.' : 'No job was ordered yet.';
}
