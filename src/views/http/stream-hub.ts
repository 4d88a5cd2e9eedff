import type { Clock } from '../../base/index.ts';
import type { Accounting, KpiValue } from '../../model/index.ts';
import type { DeviceRow } from '../../store/index.ts';
import { kpiKey } from '../newest.ts';
import type { LiveUpdate } from '../views.ts';

/** What a client asked for. */
export interface StreamFilter {
  readonly topics: ReadonlySet<StreamTopic>;
  /** Only KPI values and devices of this zone; empty for all. */
  readonly zone: string;
}

export const STREAM_TOPICS = ['kpis', 'devices', 'accounting'] as const;
export type StreamTopic = (typeof STREAM_TOPICS)[number];

/** The writing end of one client's connection. */
export interface StreamSink {
  /** Takes text over; false when the client has not read what was written before. Never waits. */
  write(text: string): boolean;
  /** Ends the connection at once, whatever is unsent. */
  cut(): void;
}

/** Turns the parts of an update into event text; one call serves every client with the same filter. */
export type FormatEvents = (update: LiveUpdate, filter: StreamFilter) => string;

export interface StreamHubOptions {
  readonly format: FormatEvents;
  /** Everything that is known now, as one update. */
  readonly fullState: () => Promise<LiveUpdate>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly clientsMax: number;
  /** Changes held back for a client that does not read; a client behind by more is cut. About 300 bytes an entry. */
  readonly behindEntriesMax: number;
  /** A client that reads nothing for this long is cut, ms. */
  readonly stalledMsMax: number;
  /** Entries (KPI values and devices) of recent updates kept for clients that come back. */
  readonly recentEntriesMax: number;
}

/** One live stream for many clients: each gets everything, or is cut; none is waited for. */
export interface StreamHub {
  /**
   * Gives a client its place; nothing is written to it before it is started.
   * @returns undefined when the client limit is reached
   */
  add(sink: StreamSink, filter: StreamFilter): StreamClient | undefined;
  push(update: LiveUpdate): void;
  /** Writes a comment to every client, and cuts those that stalled. To be called every 15 s. */
  beat(): void;
  stats(): StreamStats;
  close(): void;
}

export interface StreamClient {
  /**
   * Begins to write, before it returns if it can: first what changed since `afterSequence` when that is still held, the
   * full state otherwise. To be called once, when the connection can be written to and `remove` is tied to its end.
   */
  start(afterSequence: number | undefined): void;
  /** The connection can take more: what was held back goes out as one update. */
  drained(): void;
  remove(): void;
}

export interface StreamStats {
  readonly clientCount: number;
  readonly cutCount: number;
  readonly refusedCount: number;
  readonly eventCount: number;
}

/** What a client has missed, only the newest of each thing: catching up costs the state, not the history. */
interface Behind {
  readonly kpis: Map<string, KpiValue>;
  readonly devices: Map<string, DeviceRow>;
  accounting: Accounting;
  sequence: number;
  atMs: number;
}

interface Client {
  readonly sink: StreamSink;
  readonly filter: StreamFilter;
  /** Updates are held back while the first state is on its way or the connection is full. */
  held: boolean;
  heldAtMs: number;
  behind: Behind | undefined;
}

/** Creates the hub; it writes nothing on its own, neither events nor heartbeats. */
export function createStreamHub(options: StreamHubOptions): StreamHub {
  const clients = createClients(options);
  const recent = createRecent(options.recentEntriesMax);

  async function begin(client: Client, afterSequence: number | undefined): Promise<void> {
    const missed = afterSequence === undefined ? undefined : recent.since(afterSequence);
    const first = missed === undefined ? await options.fullState() : missed;
    if (!clients.all.has(client)) return;
    client.held = false;
    if (first !== null) clients.write(client, options.format(first, client.filter));
    if (!client.held) clients.release(client);
  }

  return {
    add(sink, filter) {
      const client = clients.add(sink, filter);
      if (client === undefined) return undefined;
      return {
        start: (afterSequence) => void begin(client, afterSequence).catch(() => clients.cut(client)),
        drained: () => {
          if (clients.all.has(client) && client.held) clients.release(client);
        },
        remove: () => clients.all.delete(client),
      };
    },
    push(update) {
      recent.add(update);
      const texts = new Map<string, string>();
      for (const client of clients.all) {
        if (client.held) {
          client.behind = merge(client.behind, update);
          if (client.behind.kpis.size + client.behind.devices.size > options.behindEntriesMax) clients.cut(client);
        } else clients.write(client, textFor(client.filter, update, texts, options.format));
      }
    },
    beat() {
      const nowMs = options.clock.monotonicMs();
      for (const client of clients.all) {
        if (!client.held) clients.write(client, ': keep awake\n\n');
        else if (nowMs - client.heldAtMs > options.stalledMsMax) clients.cut(client);
      }
    },
    stats: clients.stats,
    close() {
      for (const client of clients.all) client.sink.cut();
      clients.all.clear();
    },
  };
}

/** The text of an update for a filter, made once for all clients that share it. */
function textFor(filter: StreamFilter, update: LiveUpdate, texts: Map<string, string>, format: FormatEvents): string {
  const key = `${[...filter.topics].sort().join()}|${filter.zone}`;
  const text = texts.get(key) ?? format(update, filter);
  texts.set(key, text);
  return text;
}

interface Clients {
  readonly all: Set<Client>;
  add(sink: StreamSink, filter: StreamFilter): Client | undefined;
  /** Hands text to the connection; once that is full, the client's updates are held back. */
  write(client: Client, text: string): void;
  /** Sends what was held back, as one update. */
  release(client: Client): void;
  cut(client: Client): void;
  stats(): StreamStats;
}

function createClients({ clientsMax, clock, format }: StreamHubOptions): Clients {
  const all = new Set<Client>();
  let cutCount = 0;
  let refusedCount = 0;
  let eventCount = 0;
  const clients: Clients = {
    all,
    add(sink, filter) {
      if (all.size >= clientsMax) {
        refusedCount++;
        return undefined;
      }
      const client: Client = { sink, filter, held: true, heldAtMs: clock.monotonicMs(), behind: undefined };
      all.add(client);
      return client;
    },
    write(client, text) {
      if (text === '') return;
      eventCount++;
      if (client.sink.write(text)) return;
      if (!client.held) client.heldAtMs = clock.monotonicMs();
      client.held = true;
    },
    release(client) {
      const { behind } = client;
      client.held = false;
      client.behind = undefined;
      if (behind !== undefined) clients.write(client, format(asUpdate(behind), client.filter));
    },
    cut(client) {
      all.delete(client);
      cutCount++;
      client.sink.cut();
    },
    stats: () => ({ clientCount: all.size, cutCount, refusedCount, eventCount }),
  };
  return clients;
}

/** Recent updates for clients that come back, oldest first, bounded by the number of their entries. */
function createRecent(entriesMax: number): {
  add(update: LiveUpdate): void;
  /** What changed at or after a sequence; null for nothing, undefined when not all of it is held. */
  since(sequence: number): LiveUpdate | null | undefined;
} {
  const updates: LiveUpdate[] = [];
  let entryCount = 0;
  // Before the first update nothing is held, so nobody can be served from here: sequences of an earlier process included.
  let heldAfter = Number.POSITIVE_INFINITY;
  return {
    add(update) {
      if (updates.length === 0) heldAfter = update.sequence;
      updates.push(update);
      entryCount += entriesOf(update);
      while (entryCount > entriesMax && updates.length > 1) {
        const oldest = updates.shift()!;
        entryCount -= entriesOf(oldest);
        heldAfter = oldest.sequence;
      }
    },
    since(sequence) {
      const newest = updates.at(-1);
      if (newest === undefined || sequence <= heldAfter || sequence > newest.sequence) return undefined;
      let behind: Behind | undefined;
      // Two ticks can end at one sequence, so the last one seen is sent again.
      for (const update of updates) if (update.sequence >= sequence) behind = merge(behind, update);
      return behind === undefined ? null : asUpdate(behind);
    },
  };
}

function entriesOf(update: LiveUpdate): number {
  return 1 + update.kpis.length + update.devices.length;
}

/** Lays an update over what is held. Windows are told apart by their start: a corrected past one must arrive too. */
function merge(behind: Behind | undefined, update: LiveUpdate): Behind {
  const merged = behind ?? { kpis: new Map(), devices: new Map(), accounting: update.accounting, sequence: 0, atMs: 0 };
  for (const value of update.kpis) merged.kpis.set(`${kpiKey(value)}\n${value.startMs}`, value);
  for (const row of update.devices) merged.devices.set(row.device, row);
  merged.accounting = update.accounting;
  merged.sequence = update.sequence;
  merged.atMs = update.atMs;
  return merged;
}

function asUpdate(behind: Behind): LiveUpdate {
  return { ...behind, kpis: [...behind.kpis.values()], devices: [...behind.devices.values()] };
}
