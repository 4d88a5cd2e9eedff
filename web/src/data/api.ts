import type {
  Aggregates,
  Cluster,
  Job,
  KpiInfo,
  KpiValue,
  Me,
  QuarantineRow,
  Series,
  U4ssc,
  Why,
  Zones,
} from '../types.ts';

/** A refusal of the server, or its absence; the message is fit to be shown. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status; 0 when the server could not be reached. */
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Whoever can send it means it: a page of another site cannot. */
const ORDER_HEADER = 'x-vitals-order';

type Query = Readonly<Record<string, string | number | undefined>>;

export const api = {
  u4ssc: () => get<U4ssc>('u4ssc'),
  zones: () => get<Zones>('zones'),
  kpis: () => get<{ kpis: KpiInfo[]; latest: KpiValue[] }>('kpis'),
  quantities: () => get<{ quantities: { id: string; title: string }[] }>('quantities'),
  kpiHistory: (id: string, query: { zone: string; window: string; from: string; to: string; revisions?: string }) =>
    get<{ kpi: KpiInfo; values: KpiValue[]; next: string | null }>(`kpis/${encodeURIComponent(id)}`, query),
  why: (id: string, query: { zone: string; at: string; limit: number; offset: number }) =>
    get<Why>(`kpis/${encodeURIComponent(id)}/why`, query),
  series: (device: string) => get<{ series: Series[] }>('series', { device, latest: 'true' }),
  aggregates: (query: AggregatesQuery) => get<Aggregates>('aggregates', { ...query }),
  aggregatesCsv: async (query: AggregatesQuery) =>
    (await request(url('aggregates', { ...query }), accepting('text/csv'))).blob(),
  quarantine: (query: {
    reason?: string | undefined;
    device?: string | undefined;
    before?: string | undefined;
    limit: number;
  }) => get<{ quarantine: QuarantineRow[]; next: string | null }>('quarantine', query),
  me: () => get<Me>('me'),
  cluster: () => get<{ cluster: Cluster | null }>('cluster'),
  jobs: (query: { state?: string; limit: number }) => get<{ jobs: Job[] }>('jobs', query),
  cancelJob: (id: string) => order('jobs/cancel', { id }),
  retryJob: (id: string) => order('jobs/retry', { id }),
  exportDays: (query: { from: string; to: string; what: string }) => order('exports', query),
};

export interface AggregatesQuery {
  readonly device: string;
  readonly quantity: string;
  readonly channel: string;
  readonly window: string;
  readonly from: string;
  readonly to: string;
}

async function get<Body>(path: string, query: Query = {}): Promise<Body> {
  return (await request(url(path, query), accepting('application/json'))).json() as Promise<Body>;
}

async function order(path: string, query: Query): Promise<Job> {
  const init = { method: 'POST', headers: { accept: 'application/json', [ORDER_HEADER]: 'page' } };
  return ((await (await request(url(path, query), init)).json()) as { order: Job }).order;
}

function url(path: string, query: Query): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query))
    if (value !== undefined && value !== '') parameters.set(key, String(value));
  const text = parameters.toString();
  return `/api/v1/${path}${text === '' ? '' : `?${text}`}`;
}

const accepting = (type: string): RequestInit => ({ headers: { accept: type } });

async function request(address: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(address, init);
  } catch {
    throw new ApiError(0, 'The server cannot be reached.');
  }
  if (!response.ok) throw new ApiError(response.status, await refusal(response));
  return response;
}

async function refusal(response: Response): Promise<string> {
  try {
    return ((await response.json()) as { error: { message: string } }).error.message;
  } catch {
    return `The server answered with status ${response.status}.`;
  }
}
