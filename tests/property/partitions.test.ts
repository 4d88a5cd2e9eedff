import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../../src/base/index.ts';
import { positionOf } from '../../src/journal/index.ts';
import type { KpiDefinition } from '../../src/kpis/index.ts';
import { type Message, QUANTITIES } from '../../src/model/index.ts';
import type { EngineRecord } from '../../src/workers/engine-record.ts';
import { MadeCuts } from '../../src/workers/made-cuts.ts';
import { MergedReader } from '../../src/workers/merged-reader.ts';
import { type PartitionEnd, PartitionEngine } from '../../src/workers/partition-engine.ts';
import type { PipelineTick } from '../../src/workers/pipeline.ts';
import { DEVICES, drawKpis, newIntake, newPipeline } from '../simulation/support/city.ts';
import { ComparedStore } from '../simulation/support/store.ts';
import { Random } from '../unit/journal/support/random.ts';
import { MemoryStreams } from '../unit/workers/support/memory-streams.ts';
import { inMergedOrder } from './support/merged-order.ts';
import { CASES, forAll } from './support/settings.ts';

const START_MS = Date.UTC(2026, 2, 28, 18);
/** Each takes a tenth of a second, an engine with its store twice. */
const CITIES = { cases: Math.max(100, Math.ceil(CASES / 10)), chunk: 20, tellEvery: 100 };
/** Turns of the event loop until everything must have come through. */
const TURNS_MAX = 20_000;

const MISCHIEF = ['bad', 'ahead', 'old', 'twice', 'conflict', 'head'] as const;

const steps = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        kind: fc.constant('message' as const),
        device: fc.nat({ max: DEVICES.length - 1 }),
        value: fc.integer({ min: 0, max: 60 }),
        minutes: fc.integer({ min: 0, max: 9 }),
        mischief: fc.option(fc.constantFrom(...MISCHIEF), { freq: 4 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('cut' as const), minutes: fc.nat({ max: 20 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('owner' as const), of: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('hours' as const), back: fc.nat({ max: 8 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('turns' as const), count: fc.nat({ max: 12 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('lose' as const), of: fc.nat(), count: fc.nat({ max: 2 }) }),
    },
  ),
  { minLength: 1, maxLength: 150, size: 'max' },
);

const cases = fc.record({
  steps,
  partitions: fc.integer({ min: 1, max: 4 }),
  seed: fc.nat(),
  /** Share of questions that find the server away. */
  away: fc.constantFrom(0, 0, 0.05, 0.3),
});

type Case = typeof cases extends fc.Arbitrary<infer Drawn> ? Drawn : never;
type Step = Case['steps'][number];

describe('partitions that owners decode', () => {
  it('are one journal: the engine makes of them what it makes of the messages in their order', async () => {
    const holds = async (plan: Case): Promise<void> => {
      const random = new Random(plan.seed);
      const kpis = drawKpis(random);
      const run = new CityRun(plan, random);
      const merged = await run.read();
      const plain = [...inMergedOrder(run.streams.cuts, run.streams.raw)];
      expect(merged.map(({ sequence }) => sequence)).toEqual(plain.map(({ sequence }) => sequence));
      const expected = await engineOf(plain, kpis);
      expect(await engineOf(merged, kpis)).toStrictEqual(expected);
      await run.expectSameFromAnywhere(merged);
    };
    await forAll('partitions as one journal', cases, holds, CITIES);
  });
});

/** Intake, owners that come and go, and a reader, side by side. */
class CityRun {
  readonly streams: MemoryStreams;
  readonly #plan: Case;
  readonly #random: Random;
  readonly #intake = newIntake();
  readonly #ends: { readonly engine: PartitionEngine; readonly end: Promise<PartitionEnd> }[] = [];
  readonly #owners: PartitionEngine[] = [];
  readonly #last: Message[] = [];
  #nowMs = START_MS;
  #made = 0;
  #isOver = false;

  constructor(plan: Case, random: Random) {
    this.#plan = plan;
    this.#random = random;
    this.streams = new MemoryStreams(plan.partitions);
    this.streams.isAway = () => random.chance(plan.away);
    for (let partition = 0; partition < plan.partitions; partition++) this.#replaceOwner(partition);
  }

  /** Runs all, and gives what was read meanwhile and until the end. */
  async read(): Promise<EngineRecord[]> {
    const cuts = new MadeCuts({
      ...{ streams: this.streams, pause: turn, onProblem: ignore },
      onMade: (position, cut) => {
        expect(position).toBe(positionOf(cut));
        expect(position).toBeGreaterThan(this.#made);
        this.#made = position;
      },
    });
    const following = cuts.follow(0);
    const reading = this.#readOn();
    for (const step of this.#plan.steps) await this.#do(step);
    this.#cut(0);
    this.#isOver = true;
    const records = await reading;
    await cuts.stop();
    await following;
    await this.#endOwners();
    return records;
  }

  /** A start in the middle of a cycle gives the same from there on. */
  async expectSameFromAnywhere(all: readonly EngineRecord[]): Promise<void> {
    for (let time = 0; time < 3; time++) {
      const after = this.#random.integer(all.length);
      const upTo = after + 1 + this.#random.integer(all.length - after);
      const reader = this.#newReader();
      const records: EngineRecord[] = [];
      for (let turns = 0; records.length < upTo - after; turns++) {
        expect(turns).toBeLessThan(TURNS_MAX);
        records.push(...(await reader.read(after + records.length, upTo, 1 + this.#random.integer(3_000))));
      }
      expect(records.map(shown)).toStrictEqual(all.slice(after, upTo).map(shown));
    }
  }

  async #readOn(): Promise<EngineRecord[]> {
    const records: EngineRecord[] = [];
    let reader = this.#newReader();
    for (let turns = 0; !this.#isOver || records.length < positionOf(this.streams.cuts.at(-1)!); turns++) {
      expect(turns).toBeLessThan(TURNS_MAX);
      await nextTurn();
      if (this.#random.chance(0.05)) reader = this.#newReader();
      if (this.#random.chance(0.1)) await this.#compareOwners();
      const most = this.#made - records.length;
      const upTo = this.#random.chance(0.2) ? records.length + this.#random.integer(most + 1) : this.#made;
      records.push(...(await reader.read(records.length, upTo, 1 + this.#random.integer(20_000))));
    }
    return records;
  }

  async #compareOwners(): Promise<void> {
    try {
      const stats = await this.streams.stats();
      for (const [partition, owner] of this.#owners.entries()) owner.compare(stats[partition]!);
    } catch {
      // It is asked again soon.
    }
  }

  #newReader(): MergedReader {
    return new MergedReader({ streams: this.streams, onProblem: ignore, pause: turn });
  }

  async #do(step: Step): Promise<void> {
    if (step.kind === 'message') this.#publish(step);
    else if (step.kind === 'cut') this.#cut(step.minutes);
    else if (step.kind === 'owner') this.#replaceOwner(step.of % this.#plan.partitions);
    else if (step.kind === 'hours') this.#orderHours(step.back);
    else if (step.kind === 'lose') this.#lose(step.of % this.#plan.partitions, step.count);
    else for (let turns = 0; turns < step.count; turns++) await nextTurn();
  }

  #cut(minutes: number): void {
    this.#nowMs += minutes * MINUTE_MS;
    const cut = this.streams.cutNow(this.#nowMs);
    for (const owner of this.#owners) owner.advance(cut);
  }

  /** The one before is told, loses its lease, or finds out by itself; one that a late question fenced off begins anew. */
  #replaceOwner(partition: number): void {
    const before = this.#owners[partition];
    if (before !== undefined && this.#random.chance(0.4)) void before.stop();
    const knowsLease = this.#random.chance(0.5);
    const engine: PartitionEngine = new PartitionEngine({
      ...{ streams: this.streams, partition, intake: this.#intake, onProblem: ignore, pause: turn },
      holdsLease: () => !knowsLease || this.#owners[partition] === engine,
    });
    engine.advance(this.streams.cuts.at(-1)!);
    this.#owners[partition] = engine;
    const end = engine.run();
    this.#ends.push({ engine, end });
    void end.then((reason) => {
      if (reason === 'fenced' && this.#owners[partition] === engine) this.#replaceOwner(partition);
    });
  }

  /** Only what nobody was told of: an answer of a cut that is made holds. */
  #lose(partition: number, count: number): void {
    const told = this.streams.cuts.findLast((cut) => positionOf(cut) <= this.#made)!;
    const batches = this.streams.made[partition]!;
    const untold = batches.filter((batch) => batch.last > told.ends[partition]!).length;
    this.streams.loseMade(partition, Math.min(count, untold));
  }

  async #endOwners(): Promise<void> {
    for (const owner of this.#owners) await owner.stop();
    for (const { engine, end } of this.#ends) {
      // One that was replaced while it had nothing to do has not found out.
      await engine.stop();
      expect(['stopped', 'fenced', 'lease lost']).toContain(await end);
      if (this.#owners.includes(engine)) expect(await end).toBe('stopped');
    }
    for (const [partition, owner] of this.#owners.entries()) {
      const { madeEnd, cutEnd } = owner.progress;
      expect([madeEnd, cutEnd]).toEqual([this.streams.raw[partition]!.length, this.streams.raw[partition]!.length]);
    }
  }

  #orderHours(back: number): void {
    const hourMs = this.#nowMs - (this.#nowMs % HOUR_MS) - back * HOUR_MS;
    this.streams.appendHours({ series: Int32Array.of(0, 1), startMs: Float64Array.of(hourMs, hourMs) }, this.#nowMs);
  }

  #publish({ device: at, value, minutes, mischief }: Extract<Step, { kind: 'message' }>): void {
    this.#nowMs += minutes * MINUTE_MS;
    const [device, quantity] = DEVICES[at]!;
    const partition = device.charCodeAt(0) % this.#plan.partitions;
    const last = this.#last[at];
    if (mischief === 'twice' && last !== undefined) {
      this.#send(partition, { ...last, receivedAtMs: this.#nowMs });
      return;
    }
    let timeMs = this.#nowMs - (this.#nowMs % (5 * MINUTE_MS));
    if (mischief === 'ahead') timeMs += 3 * HOUR_MS;
    if (mischief === 'old') timeMs -= value * HOUR_MS;
    const v = mischief === 'conflict' ? value + 1_000.5 : value;
    const records = [{ n: quantity, u: QUANTITIES.get(quantity)?.unit, v, t: timeMs / 1_000 }];
    const wrong = mischief === 'bad' ? [{ n: quantity, u: 'furlong', v: 1, t: timeMs / 1_000 }] : [];
    const padding = mischief === 'head' ? ' '.repeat(400) : '';
    const payload = Buffer.from(value === 13 ? '{"\u0000' : JSON.stringify([...records, ...wrong]) + padding);
    const topic = mischief === 'head' && value % 2 === 0 ? 'nobody/knows' : `in/g-${value % 3}/${device}/data`;
    const message = { topic, payload, payloadBytes: payload.length, clientId: `c-${value % 5}`, flags: 0 };
    this.#last[at] = { ...message, receivedAtMs: this.#nowMs };
    this.#send(partition, this.#last[at]);
  }

  #send(partition: number, message: Message): void {
    this.streams.append(partition, message);
  }
}

/** All that an engine makes of records: each batch, what it said with it, and what its store holds at the end. */
async function engineOf(records: readonly EngineRecord[], kpis: readonly KpiDefinition[]) {
  const store = new ComparedStore();
  const pipeline = newPipeline(kpis);
  const ticks: PipelineTick[] = [];
  for (const record of records) {
    if (!pipeline.take(record)) continue;
    if (pipeline.isLateDue) await pipeline.rebuildLate(store, false);
    if (pipeline.closeWindows(false)) await pipeline.readBack(store);
    const tick = pipeline.flush();
    ticks.push(tick);
    store.apply(tick.batch);
  }
  return { ticks, store: store.all() };
}

/** What a record says, looked up where that waits for somebody to ask. */
function shown(record: EngineRecord) {
  if (record.kind !== 'decoded') return record;
  const { topic, clientId, payloadBytes, receivedAtMs, payload } = record.message;
  return { ...record, message: { topic, clientId, payloadBytes, receivedAtMs, payload: Buffer.from(payload) } };
}

const turn = async (): Promise<void> => {
  await nextTurn();
};

function ignore(): void {}
