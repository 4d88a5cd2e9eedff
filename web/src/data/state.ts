import { useEffect, useState } from 'preact/hooks';
import type { Accounting, Device, KpiInfo, KpiValue, Zones } from '../types.ts';

/** The page is drawn anew at most this often, however fast updates arrive. */
const RENDER_EVERY_MS = 400;
const RATES_MAX = 180;

export type ConnectionStatus = 'connecting' | 'live' | 'lost';

/** All that the page knows. Changed in place by the live stream; `changed` has it drawn. */
export interface State {
  zones: Zones | undefined;
  kpis: KpiInfo[];
  /** Titles of quantities by id. */
  quantities: Map<string, string>;
  /** Newest value by `valueKey`. */
  latest: Map<string, KpiValue>;
  devices: Map<string, Device>;
  accounting: Accounting | undefined;
  /** The city is served by several processes. Which it is does not change while the page is open. */
  isSpread: boolean;
  /** Messages per second, newest last. */
  rates: number[];
  status: ConnectionStatus;
  /** When the status began, and when the newest event came; clock of this browser, ms. */
  statusSinceMs: number;
  lastEventMs: number;
  /** Server's clock minus this browser's, ms. */
  clockSkewMs: number;
  /** Why the first load failed, if it did. */
  failure: string | undefined;
}

export const state: State = {
  zones: undefined,
  kpis: [],
  quantities: new Map(),
  latest: new Map(),
  devices: new Map(),
  accounting: undefined,
  isSpread: false,
  rates: [],
  status: 'connecting',
  statusSinceMs: Date.now(),
  lastEventMs: 0,
  clockSkewMs: 0,
  failure: undefined,
};

const listeners = new Set<() => void>();
let timer: number | undefined;

/** Says that the state changed; listeners are called soon, once for many changes. */
export function changed(): void {
  if (timer !== undefined) return;
  timer = window.setTimeout(() => {
    timer = undefined;
    for (const listener of listeners) listener();
  }, RENDER_EVERY_MS);
}

/** Has the component drawn whenever the state changed, and once a second for ages that grow. */
export function useLiveState(): State {
  const [, setVersion] = useState(0);
  useEffect(() => {
    const listener = () => setVersion((version) => version + 1);
    const second = window.setInterval(listener, 1000);
    listeners.add(listener);
    return () => {
      window.clearInterval(second);
      listeners.delete(listener);
    };
  }, []);
  return state;
}

export function valueKey(kpi: string, zone: string, window: string): string {
  return `${zone}\n${kpi}\n${window}`;
}

/** Takes a value as the newest of its key unless a later window or revision is held. */
export function applyValue(value: KpiValue): void {
  const key = valueKey(value.kpi, value.zone, value.window);
  const held = state.latest.get(key);
  if (
    held !== undefined &&
    (value.start < held.start || (value.start === held.start && value.revision < held.revision))
  )
    return;
  state.latest.set(key, value);
}

export function applyAccounting(accounting: Accounting): void {
  state.accounting = accounting;
  state.clockSkewMs = toMs(accounting.at) - Date.now();
  state.rates = [...state.rates, accounting.rates.messagesPerSecond].slice(-RATES_MAX);
}

/** Now by the server's clock, ms. */
export function serverNowMs(): number {
  return Date.now() + state.clockSkewMs;
}

/** ISO text of the API as ms. */
export function toMs(iso: string): number {
  return Date.parse(iso);
}
