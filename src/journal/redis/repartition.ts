import { OperatingError } from '../../base/index.ts';
import { addressOf, slotsOf } from '../../redis/index.ts';
import { type CityStreams, type Cut, positionOf } from '../streams.ts';
import { commonKeys, type Entry, entryField, type PartitionKeys, partitionKeys } from './keys.ts';
import { StreamLink } from './link.ts';
import { FREEZE, LAY_OUT_ANEW, NEW_ENDS, RESET, THAW } from './scripts.ts';
import { type CityStreamsOptions, openCityStreams } from './streams.ts';

/** Between the old number and the new one in the layout, while one takes the other's place. */
const ON_THE_WAY = '>';

/** How many partitions there are, and, where another number is about to be theirs, that one too. */
interface Layout {
  readonly partitions: number;
  readonly next?: number;
}

/** Reads what the layout says. */
function layoutOf(text: string): Layout {
  const [partitions, next] = text.split(ON_THE_WAY).map(Number) as [number, number?];
  return { partitions, ...(next === undefined ? {} : { next }) };
}

/**
 * Gives a city another number of partitions. All that was taken must have been read: nothing is moved, the new partitions
 * begin where the old ones ended, at the same position of the whole journal. Messages that come meanwhile wait in their
 * writers; what was begun and broken off goes on when it is called again.
 *
 * @param options `partitions` is the new number
 * @returns the number before, and the position at which the change lies
 * @throws OperatingError `streams_not_level` (nothing was changed) with what has to be waited for; `streams_layout` where
 *   there are no streams yet, or another change was begun; `streams_unreachable` (retryable)
 */
export async function repartition(options: CityStreamsOptions): Promise<{ from: number; position: number }> {
  const { place, durability, onProblem } = options;
  const link = new StreamLink({ server: place, durability, onProblem });
  try {
    await link.settled();
    const { layout } = commonKeys(options.name);
    const text = await link.ask((redis) => redis.get(layout));
    if (text === null) throw refused(options, 'there are none yet: write journal.partitions and begin');
    const { partitions: from, next = options.partitions } = layoutOf(text);
    if (next !== options.partitions)
      throw refused(options, `a change from ${from} to ${next} was begun: end that first`);
    const change = new Change(options, link, from);
    const isBegun = text.includes(ON_THE_WAY);
    return { from, position: await (isBegun ? change.goOn() : change.begin()) };
  } finally {
    link.close();
  }
}

class Change {
  readonly #options: CityStreamsOptions;
  readonly #link: StreamLink;
  readonly #from: number;

  constructor(options: CityStreamsOptions, link: StreamLink, from: number) {
    this.#options = options;
    this.#link = link;
    this.#from = from;
  }

  async begin(): Promise<number> {
    const streams = await openCityStreams({ ...this.#options, partitions: this.#from });
    try {
      const cut = await streams.newestCut();
      await this.#checkLevel(streams, cut);
      await this.#freeze(cut);
    } finally {
      await streams.close();
    }
    const { layout } = commonKeys(this.#options.name);
    await this.#link.order((pipeline) => pipeline.set(layout, this.#text));
    return this.goOn();
  }

  /** Each step may have been done before. */
  async goOn(): Promise<number> {
    const { name, partitions: to } = this.#options;
    const { cuts, layout } = commonKeys(name);
    // The new partitions have as many messages behind them, together, as the old ones: so positions stay what they are.
    const total = await this.#totalEnd(cuts);
    const ends = Array.from({ length: to }, (_, partition) => (partition === 0 ? total : 0));
    await this.#each(Math.max(this.#from, to), (keys, partition) => [
      RESET,
      [keys.state, keys.raw, keys.made, keys.writers],
      [ends[partition] ?? -1, this.#text],
    ]);
    const packed = Buffer.from(Float64Array.from(ends).buffer);
    const position = Number(await this.#link.order((pipeline) => pipeline.eval(NEW_ENDS, 1, cuts, packed)));
    await this.#link.order((pipeline) => pipeline.eval(LAY_OUT_ANEW, 1, layout, to));
    return position;
  }

  /** As the layout says it while it is under way. */
  get #text(): string {
    return `${this.#from}${ON_THE_WAY}${this.#options.partitions}`;
  }

  async #checkLevel(streams: CityStreams, cut: Cut): Promise<void> {
    const position = positionOf(cut);
    const stats = await streams.stats();
    const behind = stats.findIndex(({ rawEnd, madeEnd }, at) => rawEnd !== cut.ends[at] || madeEnd !== rawEnd);
    if (behind >= 0) {
      const { rawEnd, madeEnd } = stats[behind]!;
      const text = `partition ${behind} has ${rawEnd} messages, of which ${madeEnd} are decoded and ${cut.ends[behind]} lie before the newest cut`;
      throw this.#notLevel(`${text}; end the processes with the role intake, and let those with the role engine go on`);
    }
    for (const { name, newest = 0 } of await streams.replicas()) {
      if (newest >= position) continue;
      const text = `the api node ${name} has a snapshot of position ${newest}, and the journal ends at ${position}`;
      throw this.#notLevel(`${text}; end the processes with the role engine, and let it go on for a minute`);
    }
  }

  /** Nothing is taken any more, unless something was taken since it was looked at. */
  async #freeze({ ends }: Cut): Promise<void> {
    const answers = await this.#each(this.#from, ({ state }, partition) => [FREEZE, [state], [ends[partition]!]]);
    if (answers.every((answer) => Number(answer) === 1)) return;
    await this.#each(this.#from, ({ state }) => [THAW, [state], []]);
    throw this.#notLevel('messages came while it was looked at; end the processes with the role intake');
  }

  async #totalEnd(cuts: string): Promise<number> {
    const answer = await this.#link.ask((redis) => redis.xrevrangeBuffer(cuts, '+', '-', 'COUNT', 1));
    const [entry] = answer as unknown as Entry[];
    if (entry === undefined) return 0;
    const ends = entryField(entry, 'ends')!;
    let total = 0;
    for (let at = 0; at < ends.length; at += 8) total += ends.readDoubleLE(at);
    return total;
  }

  /** Runs a script on each of so many partitions. */
  async #each(
    count: number,
    scriptOf: (keys: PartitionKeys, partition: number) => [script: string, keys: string[], args: (number | string)[]],
  ): Promise<readonly unknown[]> {
    const { name } = this.#options;
    const all = Array.from({ length: count }, (_, partition) => partitionKeys(name, partition));
    const slots = await this.#link.ask((redis) =>
      slotsOf(
        redis,
        all.map(({ state }) => state),
      ),
    );
    return this.#link.each(slots, true, (pipeline, partition) => {
      const [script, keys, args] = scriptOf(all[partition]!, partition);
      return pipeline.eval(script, keys.length, ...keys, ...args);
    });
  }

  #notLevel(why: string): OperatingError {
    return new OperatingError(
      'streams_not_level',
      `cannot give ${this.#options.name} ${this.#options.partitions} partitions instead of ${this.#from}: ${why}`,
    );
  }
}

function refused({ name, place, partitions }: CityStreamsOptions, why: string): OperatingError {
  const text = `cannot give the streams ${name} in Redis at ${addressOf(place)} ${partitions} partitions: ${why}`;
  return new OperatingError('streams_layout', text);
}
