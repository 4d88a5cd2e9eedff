/** Reports are ordered and listed here, and read below it. */
export const REPORTS_PATH = '/api/v1/reports';

/** Paths at which something is ordered; everything else is read. */
export const ORDER_PATHS: ReadonlySet<string> = new Set([
  '/api/v1/redecode',
  '/api/v1/quarantine/replay',
  '/api/v1/exports',
  '/api/v1/kpi-trials',
  '/api/v1/alarm-evaluations',
  REPORTS_PATH,
  '/api/v1/imports',
  '/api/v1/recomputes',
  '/api/v1/jobs/cancel',
  '/api/v1/jobs/retry',
]);

/** A page of another site cannot send this header with a request, whatever the browser remembers of logins. */
export const ORDER_HEADER = 'x-vitals-order';
