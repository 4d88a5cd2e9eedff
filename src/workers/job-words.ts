import { calendarOf } from '../base/index.ts';
import type { TimeRange } from '../store/index.ts';
import type { ReportOrder } from '../views/index.ts';
import { type AgainOrder, DECODE_AGAIN } from './again-job.ts';
import { ALARM_EVALUATION, type AlarmOrder } from './alarm-job.ts';
import { type DaysOrder, EXPORT } from './export-job.ts';
import { IMPORT } from './import-job.ts';
import type { ImportOrder } from './import-order.ts';
import { RECOMPUTE, type RecomputeOrder } from './recompute-job.ts';
import { REPORT } from './report-job.ts';
import { KPI_TRIAL } from './trial-job.ts';
import type { TrialOrder } from './trial-order.ts';

/** Topics that are named; the rest is counted. */
const TOPICS_NAMED_MAX = 3;

/**
 * What a job is about, for people, such as `readings 2026-03-01 to 2026-03-31`; empty for a kind that has nothing to say.
 *
 * @param input as the job keeps it
 */
export function describeJob(timeZone: string, kind: string, input: unknown): string {
  switch (kind) {
    case EXPORT:
      return describeExport(timeZone, input as DaysOrder);
    case DECODE_AGAIN:
      return describeAgain(timeZone, input as AgainOrder);
    case IMPORT:
      return (input as ImportOrder).file;
    case RECOMPUTE:
      return describeRecompute(timeZone, input as RecomputeOrder);
    case REPORT: {
      const { zone, period } = input as ReportOrder;
      return `${zone} ${period}`;
    }
    case KPI_TRIAL:
      return describeTrial(timeZone, input as TrialOrder);
    case ALARM_EVALUATION:
      return describeAlarm(timeZone, input as AlarmOrder);
    default:
      return '';
  }
}

function describeRecompute(timeZone: string, { device, mode, ...range }: RecomputeOrder): string {
  return `${mode} ${device ?? 'all devices'}, ${localDays(timeZone, range)}`;
}

function describeTrial(timeZone: string, { kpi, scopes, ...period }: TrialOrder): string {
  const [first = ''] = scopes;
  return `${kpi} of ${scopes.length === 1 ? first : `${scopes.length} zones`}, ${localPeriod(timeZone, period)}`;
}

function describeAlarm(timeZone: string, { kpi, zone, condition, threshold, ...period }: AlarmOrder): string {
  return `${kpi} of ${zone} ${condition} ${threshold}, ${localPeriod(timeZone, period)}`;
}

function describeExport(timeZone: string, { kinds, fromMs, toMs }: DaysOrder): string {
  return `${kinds.join(', ')} ${localDays(timeZone, { fromMs, toMs })}`;
}

function localDays(timeZone: string, { fromMs, toMs }: TimeRange): string {
  const calendar = calendarOf(timeZone);
  return `${calendar.isoDate(fromMs)} to ${calendar.isoDate(toMs - 1)}`;
}

function describeAgain(timeZone: string, { fromMs, toMs, topics, quarantine }: AgainOrder): string {
  const named = topics.slice(0, TOPICS_NAMED_MAX).join(', ');
  const more = topics.length > TOPICS_NAMED_MAX ? ` and ${topics.length - TOPICS_NAMED_MAX} more` : '';
  const ofTopics = topics.length === 0 ? '' : ` of ${named}${more}`;
  // Those of quarantine are chosen whenever they came.
  if (quarantine === undefined) return `messages${ofTopics} received ${localPeriod(timeZone, { fromMs, toMs })}`;
  const { reason, device } = quarantine;
  const why = reason === undefined ? '' : `, refused for ${reason}`;
  return `messages${ofTopics} in quarantine${why}${device === undefined ? '' : `, device ${device}`}`;
}

/** As in `2026-03-01 14:30 to 2026-03-02 14:30`; open where it has no bound. */
function localPeriod(timeZone: string, { fromMs, toMs }: TimeRange): string {
  return `${localMinute(timeZone, fromMs)} to ${Number.isFinite(toMs) ? localMinute(timeZone, toMs) : 'now'}`;
}

/** As in `2026-03-01 14:30`. */
function localMinute(timeZone: string, atMs: number): string {
  const local = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(timeZone).toPlainDateTime();
  return local.toString({ smallestUnit: 'minute' }).replace('T', ' ');
}
