import type { Accounting, Device, KpiValue } from '../types.ts';
import { ApiError, api } from './api.ts';
import { applyToHistory, forgetHistories } from './history.ts';
import { applyAccounting, applyValue, type ConnectionStatus, changed, state } from './state.ts';

/** The server sends a comment every 15 s that scripts cannot see; ticks come every second while anything is received. */
const RETRY_MS = 3_000;

/** Loads the definitions of the city, then follows the live stream for as long as the page is open. */
export async function startLive(): Promise<void> {
  try {
    await loadDefinitions();
    setStatus('connecting');
    follow();
  } catch (error) {
    state.failure = error instanceof ApiError ? error.message : String(error);
    setStatus('lost');
    window.setTimeout(() => void startLive(), RETRY_MS);
  }
}

/** What changes only with the configuration, and the newest values. */
async function loadDefinitions(): Promise<void> {
  const [zones, { kpis, latest }, { quantities }, { cluster }] = await Promise.all([
    api.zones(),
    api.kpis(),
    api.quantities(),
    api.cluster(),
  ]);
  state.isSpread = cluster !== null;
  state.zones = zones;
  state.kpis = kpis;
  state.quantities = new Map(quantities.map(({ id, title }) => [id, title]));
  state.failure = undefined;
  for (const value of latest) applyValue(value);
  changed();
}

/** The server may have been started again with another configuration, and trends lack what came while it was away. */
async function catchUp(): Promise<void> {
  forgetHistories();
  try {
    await loadDefinitions();
  } catch {
    // A stream that is lost again catches up when it is back
    if (state.status === 'live') window.setTimeout(() => void catchUp(), RETRY_MS);
  }
}

function follow(): void {
  const source = new EventSource('/api/v1/stream');
  source.addEventListener('open', () => {
    const wasLost = state.status === 'lost';
    setStatus('live');
    if (wasLost) void catchUp();
  });
  source.addEventListener('error', () => {
    setStatus('lost');
    // The browser reconnects by itself, with Last-Event-ID, unless the server refused: then it is ours to try again.
    if (source.readyState === EventSource.CLOSED) window.setTimeout(follow, RETRY_MS);
  });
  listen<KpiValue[]>(source, 'kpis', (values) => {
    for (const value of values) {
      applyValue(value);
      applyToHistory(value);
    }
  });
  listen<Device[]>(source, 'devices', (devices) => {
    for (const device of devices) state.devices.set(device.device, device);
  });
  listen<Accounting>(source, 'accounting', applyAccounting);
}

function listen<Data>(source: EventSource, topic: string, apply: (data: Data) => void): void {
  source.addEventListener(topic, (event) => {
    apply(JSON.parse((event as MessageEvent<string>).data) as Data);
    state.lastEventMs = Date.now();
    changed();
  });
}

function setStatus(status: ConnectionStatus): void {
  if (state.status !== status) {
    state.status = status;
    state.statusSinceMs = Date.now();
  }
  changed();
}
