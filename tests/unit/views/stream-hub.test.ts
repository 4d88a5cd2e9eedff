import { describe, expect, test } from 'vitest';
import { manualClock } from '../../../src/base/index.ts';
import type { KpiValue } from '../../../src/model/index.ts';
import {
  createStreamHub,
  type StreamFilter,
  type StreamHub,
  type StreamHubOptions,
  type StreamSink,
} from '../../../src/views/http/stream-hub.ts';
import type { LiveUpdate } from '../../../src/views/index.ts';
import { createFakeSources, newestValue } from '../../e2e/support/fake-sources.ts';

const ALL: StreamFilter = { topics: new Set(['kpis', 'devices', 'accounting']), zone: '' };

function update(sequence: number, values: readonly number[], kpi = 'air-no2-hour'): LiveUpdate {
  const kpis: KpiValue[] = values.map((value) => newestValue(kpi, 'harbour', { value }));
  return { sequence, atMs: 0, kpis, devices: [], accounting: createFakeSources().accounting() };
}

/** A connection that takes text in until it is told to be full. */
function client() {
  const sink = {
    texts: [] as string[],
    isFull: false,
    isCut: false,
    write(text: string) {
      sink.texts.push(text);
      return !sink.isFull;
    },
    cut() {
      sink.isCut = true;
    },
  };
  return sink;
}

function hubOf(options: Partial<StreamHubOptions> = {}) {
  const clock = manualClock(0);
  let formatCount = 0;
  const hub = createStreamHub({
    format: (each) => {
      formatCount++;
      return `${each.sequence}:${each.kpis.map(({ value }) => value).join()};`;
    },
    fullState: async () => update(100, [-1]),
    clock,
    clientsMax: 3,
    behindEntriesMax: 100,
    stalledMsMax: 60_000,
    recentEntriesMax: 20,
    ...options,
  });
  return { hub, clock, formatCount: () => formatCount };
}

/** Takes a place and starts. */
function join(hub: StreamHub, sink: StreamSink, filter: StreamFilter, afterSequence: number | undefined) {
  const added = hub.add(sink, filter);
  added?.start(afterSequence);
  return added;
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('stream hub', () => {
  test('a new client gets the full state first, then every update', async () => {
    const { hub } = hubOf();
    const sink = client();
    join(hub, sink, ALL, undefined);
    await settle();
    hub.push(update(110, [1]));
    expect(sink.texts).toEqual(['100:-1;', '110:1;']);
  });

  test('what changes while the full state is on its way follows it', async () => {
    const { hub } = hubOf();
    const sink = client();
    join(hub, sink, ALL, undefined);
    hub.push(update(110, [1]));
    hub.push(update(120, [2]));
    await settle();
    expect(sink.texts).toEqual(['100:-1;', '120:2;']);
  });

  test('an update is made into text once for all clients with one filter', async () => {
    const { hub, formatCount } = hubOf();
    for (let n = 0; n < 3; n++) join(hub, client(), n < 2 ? ALL : { ...ALL, zone: 'north' }, undefined);
    await settle();
    const before = formatCount();
    hub.push(update(110, [1]));
    expect(formatCount() - before).toBe(2);
  });

  test('a client that does not read is given only the newest of what it missed once it reads again', async () => {
    const { hub } = hubOf();
    const sink = client();
    const added = join(hub, sink, ALL, undefined)!;
    await settle();
    sink.isFull = true;
    hub.push(update(110, [1]));
    hub.push(update(120, [2]));
    hub.push({
      ...update(130, [3]),
      kpis: [...update(130, [3]).kpis, newestValue('air-o3-8h', 'harbour', { value: 9 })],
    });
    expect(sink.texts).toEqual(['100:-1;', '110:1;']);
    sink.isFull = false;
    added.drained();
    expect(sink.texts.at(-1)).toBe('130:3,9;');
    hub.push(update(140, [4]));
    expect(sink.texts.at(-1)).toBe('140:4;');
  });

  test('corrections of past windows are held back beside the newest one, not lost to it', async () => {
    const { hub } = hubOf();
    const sink = client();
    const added = join(hub, sink, ALL, undefined)!;
    await settle();
    sink.isFull = true;
    hub.push(update(110, [1]));
    const past = newestValue('air-no2-hour', 'harbour', { value: 5, startMs: 1, revision: 1 });
    hub.push({ ...update(120, []), kpis: [past] });
    hub.push(update(130, [3]));
    sink.isFull = false;
    added.drained();
    expect(sink.texts.at(-1)).toBe('130:5,3;');
  });

  test('a client that is too far behind is cut, the others are not', async () => {
    const { hub } = hubOf({ behindEntriesMax: 2 });
    const slow = client();
    const quick = client();
    join(hub, slow, ALL, undefined);
    join(hub, quick, ALL, undefined);
    await settle();
    slow.isFull = true;
    hub.push(update(110, [1]));
    for (const kpi of ['air-o3-8h', 'air-eaqi', 'water-loss']) hub.push(update(120, [1], kpi));
    expect(slow.isCut).toBe(true);
    expect(quick.isCut).toBe(false);
    expect(hub.stats()).toMatchObject({ clientCount: 1, cutCount: 1 });
  });

  test('a client that reads nothing for a minute is cut at the next heartbeat', async () => {
    const { hub, clock } = hubOf();
    const sink = client();
    join(hub, sink, ALL, undefined);
    await settle();
    sink.isFull = true;
    hub.push(update(110, [1]));
    clock.advance(60_000);
    hub.beat();
    expect(sink.isCut).toBe(false);
    clock.advance(1);
    hub.beat();
    expect(sink.isCut).toBe(true);
  });

  test('heartbeats go to those who read', async () => {
    const { hub } = hubOf();
    const sink = client();
    join(hub, sink, ALL, undefined);
    await settle();
    hub.beat();
    expect(sink.texts.at(-1)).toBe(': keep awake\n\n');
  });

  test('a client that comes back gets what changed since, the last tick it saw included', async () => {
    const { hub } = hubOf();
    for (let sequence = 110; sequence <= 150; sequence += 10) hub.push(update(sequence, [sequence]));
    const sink = client();
    join(hub, sink, ALL, 130);
    await settle();
    expect(sink.texts).toEqual(['150:150;']);
  });

  test('a second tick of the sequence that a client saw last is not lost to it', async () => {
    const { hub } = hubOf();
    hub.push(update(110, []));
    hub.push(update(120, [1]));
    hub.push(update(120, [2], 'air-o3-8h'));
    const sink = client();
    join(hub, sink, ALL, 120);
    await settle();
    expect(sink.texts).toEqual(['120:1,2;']);
  });

  test.each([
    ['older than what is held', 110],
    ['from before the oldest update that was let go', 120],
    ['ahead of everything, from another journal', 999],
  ])('a client that comes back with a sequence %s gets the full state', async (_why, sequence) => {
    // Each update has two entries: of five, the three newest are held.
    const { hub } = hubOf({ recentEntriesMax: 6 });
    for (let at = 110; at <= 150; at += 10) hub.push(update(at, [at]));
    const sink = client();
    join(hub, sink, ALL, sequence);
    await settle();
    expect(sink.texts[0]).toBe('100:-1;');
  });

  test('after a restart nobody is served from what is not held', async () => {
    const { hub } = hubOf();
    const sink = client();
    join(hub, sink, ALL, 90);
    await settle();
    expect(sink.texts).toEqual(['100:-1;']);
  });

  test('nothing is written to a client that was not started: its connection has no headers yet', async () => {
    const { hub } = hubOf();
    hub.push(update(110, [1]));
    hub.push(update(120, [2]));
    const sink = client();
    const added = hub.add(sink, ALL)!;
    hub.push(update(130, [3]));
    hub.beat();
    await settle();
    expect(sink.texts).toEqual([]);
    added.start(120);
    expect(sink.texts[0]).toBe('130:3;');
  });

  test('clients above the limit are refused until one leaves', async () => {
    const { hub } = hubOf();
    const added = [client(), client(), client()].map((sink) => join(hub, sink, ALL, undefined));
    expect(join(hub, client(), ALL, undefined)).toBeUndefined();
    expect(hub.stats().refusedCount).toBe(1);
    added[0]!.remove();
    join(hub, client(), ALL, undefined)!.remove();
    expect(hub.stats().refusedCount, 'it was taken').toBe(1);
  });

  test('a client that leaves while the state is on its way is written to no more', async () => {
    const { hub } = hubOf();
    const sink = client();
    join(hub, sink, ALL, undefined)!.remove();
    await settle();
    expect(sink.texts).toEqual([]);
  });

  test('a state that cannot be read cuts the client, who tries again', async () => {
    const { hub } = hubOf({ fullState: () => Promise.reject(new Error('store away')) });
    const sink = client();
    join(hub, sink, ALL, undefined);
    await settle();
    expect(sink.isCut).toBe(true);
  });
});
