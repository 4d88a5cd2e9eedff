import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, OperatingError } from '../../base/index.ts';
import { type Cut, FIRST_CUT, positionOf } from '../streams.ts';
import { type CommonKeys, type Entry, entryField, entryId } from './keys.ts';
import { gap, type StreamLink } from './link.ts';
import { ADD_CUT, CONFIRM, CUT_LOST } from './scripts.ts';

/** Cuts that are read at once. */
const CUTS_AT_ONCE = 1_000;

/** How long the server is asked to wait; the wait goes on with the next question. */
export const CUT_BLOCK_MS_MAX = 5_000;

/** Between two looks whether a cut is where it must be, which takes as long as an answer of the replicas. */
const CONFIRM_LOOK_MS = 5;

/** A known cut: its number and position. */
interface Known {
  readonly number: number;
  readonly position: number;
}

export interface CutsOptions {
  readonly keys: Pick<CommonKeys, 'cuts' | 'confirmed'>;
  readonly partitions: number;
  /** Readers are shown a cut only when replicas have it: one that is lost with its server would come again as another. */
  readonly waitsForReplicas: boolean;
  readonly clock: Clock;
}

/** The cuts, in order of their positions. */
export class Cuts {
  readonly #key: string;
  readonly #confirmedKey: string | undefined;
  readonly #partitions: number;
  readonly #orders: StreamLink;
  readonly #questions: StreamLink;
  /** A connection of its own: nothing else is answered while it waits. */
  readonly #waits: StreamLink;
  readonly #clock: Clock;
  /** Where a reader is that follows: his place is found without a search. */
  #followed: Known = { number: 0, position: 0 };

  constructor(
    { keys, partitions, waitsForReplicas, clock }: CutsOptions,
    links: { readonly orders: StreamLink; readonly questions: StreamLink; readonly waits: StreamLink },
  ) {
    this.#key = keys.cuts;
    this.#confirmedKey = waitsForReplicas ? keys.confirmed : undefined;
    this.#partitions = partitions;
    this.#orders = links.orders;
    this.#questions = links.questions;
    this.#waits = links.waits;
    this.#clock = clock;
  }

  /**
   * @param ends asks where the partitions end, after the cut before is known
   * @throws OperatingError `journal_damaged` when a partition ends before the newest cut
   */
  async add(nowMs: number, ends: () => Promise<readonly number[]>): Promise<Cut | undefined> {
    const { number } = await this.#newest();
    const cut = { number: number + 1, ends: await ends() };
    const packed = Buffer.from(Float64Array.from(cut.ends).buffer);
    const position = positionOf({ ...cut, atMs: nowMs });
    const atMs = await this.#orders.order((pipeline) =>
      pipeline.eval(ADD_CUT, 1, this.#key, cut.number, nowMs, position, packed),
    );
    if (atMs === CUT_LOST) throw lost(cut);
    if (this.#confirmedKey !== undefined && atMs !== null) await this.#confirm(this.#confirmedKey, cut.number);
    return atMs === null ? undefined : { ...cut, atMs: Number(atMs) };
  }

  async newest(): Promise<Cut> {
    const newest = await this.#newest();
    const confirmed = await this.#confirmed();
    if (newest.number <= confirmed) return newest;
    // Few are not confirmed: the next one is made when the one before is.
    const entries = await this.#questions.ask((redis) =>
      redis.xrevrangeBuffer(this.#key, '+', '-', 'COUNT', CUTS_AT_ONCE),
    );
    return (entries as unknown as Entry[]).map(cutOf).find((cut) => cut.number <= confirmed) ?? this.#beginning();
  }

  /** The oldest one that is kept; the beginning while the first one is. */
  async oldest(): Promise<Cut> {
    const oldest = await this.#firstFrom(1);
    return oldest === undefined || oldest.number === 1 ? this.#beginning() : oldest;
  }

  async after(number: number, waitMs: number): Promise<readonly Cut[]> {
    const position = await this.#positionOf(number);
    const untilMs = this.#clock.monotonicMs() + waitMs;
    for (;;) {
      const leftMs = Math.ceil(untilMs - this.#clock.monotonicMs());
      const known = await this.#following(position, Math.min(leftMs, CUT_BLOCK_MS_MAX));
      const confirmed = await this.#confirmed();
      const cuts = known.filter((cut) => cut.number <= confirmed);
      if (cuts.length === 0 && known.length > 0 && leftMs > 0) await delay(CONFIRM_LOOK_MS);
      else if (cuts.length > 0 || leftMs <= CUT_BLOCK_MS_MAX) return this.#follow(cuts);
    }
  }

  async around(position: number): Promise<readonly [before: Cut, after: Cut] | undefined> {
    // The later one first: one that comes between the questions lies behind it.
    const after = await this.#firstFrom(position + 1);
    if (after === undefined || after.number > (await this.#confirmed())) return undefined;
    const before = await this.upTo(position);
    if (before !== undefined) return [before, after];
    if (after.number !== 1) throw gap('the cuts', position, positionOf(after));
    return [{ ...FIRST_CUT, ends: after.ends.map(() => 0) }, after];
  }

  /** The newest cut at or before the position, if there is one. */
  upTo(position: number): Promise<Cut | undefined> {
    return this.#lastUpTo(entryId(position));
  }

  /** Deletes those before the position. */
  async trim(position: number): Promise<void> {
    await this.#orders.ask((redis) => redis.xtrim(this.#key, 'MINID', entryId(position)));
  }

  /** The newest one, whether replicas have it or not. */
  async #newest(): Promise<Cut> {
    return (await this.#lastUpTo('+')) ?? this.#beginning();
  }

  /** Number of the newest cut that is as durable as promised. */
  async #confirmed(): Promise<number> {
    const key = this.#confirmedKey;
    if (key === undefined) return Number.POSITIVE_INFINITY;
    return Number(await this.#questions.ask((redis) => redis.get(key)));
  }

  async #confirm(key: string, number: number): Promise<void> {
    await this.#orders.ask((redis) => redis.eval(CONFIRM, 1, key, number));
  }

  #follow(cuts: readonly Cut[]): readonly Cut[] {
    const last = cuts.at(-1);
    if (last !== undefined) this.#followed = { number: last.number, position: positionOf(last) };
    return cuts;
  }

  #beginning(): Cut {
    return { ...FIRST_CUT, ends: new Array<number>(this.#partitions).fill(0) };
  }

  /** Cuts after a position; waits for one, if a time is given. */
  async #following(position: number, blockMs: number): Promise<readonly Cut[]> {
    const from = ['STREAMS', this.#key, entryId(position)] as const;
    const answer = await (blockMs > 0
      ? this.#waits.ask((redis) => redis.xreadBuffer('COUNT', CUTS_AT_ONCE, 'BLOCK', blockMs, ...from))
      : this.#questions.ask((redis) => redis.xreadBuffer('COUNT', CUTS_AT_ONCE, ...from)));
    const [stream] = (answer ?? []) as unknown as [key: Buffer, entries: Entry[]][];
    return (stream?.[1] ?? []).map(cutOf);
  }

  /** Position of a cut, or one before which no later cut lies. */
  async #positionOf(number: number): Promise<number> {
    if (number === 0) return 0;
    if (number === this.#followed.number) return this.#followed.position;
    const newest = await this.#newest();
    if (newest.number <= number) return positionOf(newest);
    // The position that is looked for lies in [low, high): both ends move towards it.
    let [low, high] = [0, positionOf(newest)];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      const cut = await this.#firstFrom(middle);
      if (cut !== undefined && cut.number <= number) low = positionOf(cut);
      else high = middle;
    }
    return low;
  }

  async #firstFrom(position: number): Promise<Cut | undefined> {
    const entries = await this.#questions.ask((redis) =>
      redis.xrangeBuffer(this.#key, entryId(position), '+', 'COUNT', 1),
    );
    return (entries as unknown as Entry[]).map(cutOf)[0];
  }

  async #lastUpTo(id: string): Promise<Cut | undefined> {
    const entries = await this.#questions.ask((redis) => redis.xrevrangeBuffer(this.#key, id, '-', 'COUNT', 1));
    return (entries as unknown as Entry[]).map(cutOf)[0];
  }
}

function lost({ number, ends }: Pick<Cut, 'number' | 'ends'>): OperatingError {
  return new OperatingError(
    'journal_damaged',
    `cannot make the cut ${number}: the partitions end at ${ends.join(', ')}, and one of them ended later at the cut ` +
      'before; Redis lost messages that it had acknowledged',
  );
}

function cutOf(entry: Entry): Cut {
  const ends = entryField(entry, 'ends')!;
  return {
    number: Number(entryField(entry, 'k')!.toString('latin1')),
    atMs: Number(entryField(entry, 'at')!.toString('latin1')),
    ends: Array.from({ length: ends.length / 8 }, (_, partition) => ends.readDoubleLE(8 * partition)),
  };
}
