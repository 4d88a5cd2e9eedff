import type { Cluster } from '../types.ts';

export type Replica = Cluster['replicas'][number];

/** A partition, and how fast it grows: messages per second, null while nothing can be said. */
export type Partition = Cluster['partitions'][number] & { readonly rate: number | null };

/** Nearer to each other, two looks say little about a rate. */
const RATE_MS_MIN = 1_000;
/** Cuts come every second or so, and every few seconds while nothing is published. */
export const CUT_MS_MAX = 30_000;
/** Engines decode up to the newest cut: what came since, and a little more, is always there. */
const LAG_MESSAGES_MAX = 1_000;
const LAG_SECONDS_MAX = 10;
/** A reader says every few seconds how far it is; from here on it may be left behind where memory is short. */
const SILENT_MS = 120_000;
/** Share of its memory from which Redis is short of it, and from which messages wait unless the configuration says more. */
const MEMORY_SHORT = 0.3;
const MEMORY_FULL = 0.4;
const RANGES_MAX = 12;

/** A look at the processes of the city, and what it tells beside the one before. */
export interface Look {
  readonly cluster: Cluster;
  readonly partitions: readonly Partition[];
  /** What the next rates are counted from: messages by partition. */
  readonly since: { readonly atMs: number; readonly messages: ReadonlyMap<number, number> };
}

/** Makes a look of an answer. One that is as old as the one before, or hardly newer, leaves the rates as they are. */
export function nextLook(before: Look | undefined, cluster: Cluster): Look {
  const atMs = atMsOf(cluster);
  const passedMs = before === undefined ? Number.NaN : atMs - before.since.atMs;
  if (before !== undefined && passedMs >= 0 && passedMs < RATE_MS_MIN) {
    const rates = new Map(before.partitions.map(({ partition, rate }) => [partition, rate]));
    return { cluster, since: before.since, partitions: withRates(cluster, (one) => rates.get(one.partition) ?? null) };
  }
  const messages = new Map(cluster.partitions.map((one) => [one.partition, one.messages]));
  const partitions = withRates(cluster, (one) => {
    const more = one.messages - (before?.since.messages.get(one.partition) ?? Number.NaN);
    return passedMs > 0 && more >= 0 ? more / (passedMs / 1000) : null;
  });
  return { cluster, partitions, since: { atMs, messages } };
}

function withRates(
  { partitions }: Cluster,
  rateOf: (partition: Cluster['partitions'][number]) => number | null,
): Partition[] {
  return partitions.map((partition) => ({ ...partition, rate: rateOf(partition) }));
}

/** When the processes were looked at, ms UTC. */
export function atMsOf({ at }: Cluster): number {
  return at === null ? Number.NaN : Date.parse(at);
}

/** How old something was when it was looked at, ms; null for what never was. */
export function ageMsOf(cluster: Cluster, at: string | null): number | null {
  return at === null ? null : Math.max(0, atMsOf(cluster) - Date.parse(at));
}

/** Whether an owner decodes it, and far too slowly. Nothing is said of one whose rate is not known yet. */
export function isBehind({ owner, lag, rate }: Partition): boolean {
  if (owner === null || rate === null) return false;
  return lag > Math.max(LAG_MESSAGES_MAX, rate * LAG_SECONDS_MAX);
}

export function isCutOld({ cluster }: Look): boolean {
  const ageMs = ageMsOf(cluster, cluster.cut.at);
  return ageMs === null || ageMs > CUT_MS_MAX;
}

export function isSilent(cluster: Cluster, { heard }: Replica): boolean {
  const ageMs = ageMsOf(cluster, heard);
  return ageMs === null || ageMs > SILENT_MS;
}

/** How much of its memory Redis uses, 0 to 1; null where it has no bound. */
export function memoryRatio({ memory: { usedBytes, maxBytes } }: Cluster): number | null {
  return maxBytes === null || maxBytes === 0 ? null : usedBytes / maxBytes;
}

export type Tone = 'good' | 'warn' | 'bad';

export function memoryTone(cluster: Cluster): Tone {
  const ratio = memoryRatio(cluster) ?? 0;
  return ratio >= MEMORY_FULL ? 'bad' : ratio >= MEMORY_SHORT ? 'warn' : 'good';
}

/** Partitions as they are listed: those that nobody decodes stand first. */
export function inOrder(partitions: readonly Partition[]): Partition[] {
  return [...partitions].sort(
    (a, b) => Number(a.owner !== null) - Number(b.owner !== null) || a.partition - b.partition,
  );
}

/** A process that owns partitions, or could. */
export interface Engine {
  readonly name: string;
  readonly isCutter: boolean;
  readonly partitions: readonly number[];
  readonly lag: number;
  /** Messages per second of all its partitions. */
  readonly rate: number | null;
}

/** What each engine has, in order of their names. */
export function enginesOf({ cluster, partitions }: Look): Engine[] {
  const owners = partitions.flatMap(({ owner }) => owner ?? []);
  const names = [...new Set([...cluster.engines, ...owners])].sort();
  return names.map((name) => {
    const own = partitions.filter(({ owner }) => owner === name);
    return {
      ...{ name, isCutter: cluster.cutter === name, partitions: own.map(({ partition }) => partition) },
      ...{ lag: own.reduce((sum, { lag }) => sum + lag, 0), rate: rateOf(own) },
    };
  });
}

/** Messages per second of all the partitions; null when one of them is not known. */
export function rateOf(partitions: readonly Partition[]): number | null {
  let sum = 0;
  for (const { rate } of partitions) {
    if (rate === null) return null;
    sum += rate;
  }
  return sum;
}

/** How many partitions each engine has where they are shared fairly: `5`, or `5 or 6`. */
export function fairShare(partitionCount: number, engineCount: number): string {
  const least = Math.floor(partitionCount / engineCount);
  return partitionCount % engineCount === 0 ? String(least) : `${least} or ${least + 1}`;
}

/** Something that is not well. */
export interface Finding {
  readonly tone: Exclude<Tone, 'good'>;
  /** Without numbers that change at every look: it is read out when it changes. */
  readonly text: string;
}

/** What is not well, worst first; nothing when all is, and before anything was seen. */
export function findingsOf(look: Look): Finding[] {
  const { cluster } = look;
  const { problem, partitions } = cluster;
  if (problem !== null) {
    const seen =
      partitions.length === 0 ? 'could not be looked at yet' : 'cannot be looked at, and what stands below is older';
    return [{ tone: 'bad', text: `The journal in Redis ${seen}: ${problem}` }];
  }
  if (partitions.length === 0) return [];
  const found = [...ownerFindings(cluster), ...cutFindings(look), ...lagFindings(look), ...memoryFindings(cluster)];
  found.push(...memberFindings(cluster), ...replicaFindings(cluster));
  return [...found.filter(({ tone }) => tone === 'bad'), ...found.filter(({ tone }) => tone === 'warn')];
}

function ownerFindings({ partitions }: Cluster): Finding[] {
  const without = partitions.filter(({ owner }) => owner === null).map(({ partition }) => partition);
  if (without.length === 0) return [];
  if (without.length === partitions.length) {
    const text = 'No process with the role engine runs: no partition has an owner. Messages are kept and wait.';
    return [{ tone: 'bad', text }];
  }
  return [{ tone: 'warn', text: `${named(without)} without an owner: what comes there is kept and waits.` }];
}

function cutFindings(look: Look): Finding[] {
  const { cutter, engines } = look.cluster;
  // Engines make the cuts: without one there is one cause, and it is said already.
  if (engines.length === 0) return [];
  if (cutter === null) return [{ tone: 'bad', text: 'No process makes cuts: messages are kept and wait.' }];
  if (!isCutOld(look)) return [];
  return [{ tone: 'bad', text: `No cut for more than ${CUT_MS_MAX / 1000} s: messages are kept and wait.` }];
}

function lagFindings({ partitions }: Look): Finding[] {
  const behind = partitions.filter(isBehind);
  if (behind.length === 0) return [];
  const names = named(behind.map(({ partition }) => partition));
  return [{ tone: 'warn', text: `${names} more than ${LAG_SECONDS_MAX} s behind: values of the city are late.` }];
}

function memoryFindings(cluster: Cluster): Finding[] {
  const tone = memoryTone(cluster);
  if (tone === 'good') return [];
  const text =
    tone === 'warn'
      ? 'The memory of Redis gets short: it keeps what the slowest reader of the whole may still need.'
      : 'The memory of Redis is short: from 40 % on, unless journal.budget says otherwise, messages are not acknowledged.';
  return [{ tone, text }];
}

/** Those that are in the minority stand in it by name: they are more likely the ones that were forgotten. */
function memberFindings({ members }: Cluster): Finding[] {
  const groups = Map.groupBy(
    members.filter(({ basis }) => basis !== null),
    ({ basis }) => basis,
  );
  if (groups.size < 2) return [];
  const [, ...others] = [...groups.values()].sort((a, b) => b.length - a.length);
  const names = others.flat().map(({ name }) => name);
  const are = names.length === 1 ? 'has' : 'have';
  return [
    {
      tone: 'warn',
      text: `${names.join(', ')} ${are} another configuration or other device profiles than the other processes: numbers may differ until all are started with the same.`,
    },
  ];
}

function replicaFindings(cluster: Cluster): Finding[] {
  const { replicas } = cluster;
  if (replicas.length === 0) {
    return [{ tone: 'warn', text: 'No reader of the whole has said how far it is: Redis keeps everything.' }];
  }
  return replicas
    .filter((replica) => isSilent(cluster, replica))
    .map(({ name }) => ({
      tone: 'warn',
      text: `The reader ${name} has not been heard for ${SILENT_MS / 60_000} minutes: Redis keeps what it may still need.`,
    }));
}

function named(partitions: readonly number[]): string {
  return partitions.length === 1 ? `Partition ${partitions[0]} is` : `Partitions ${rangesOf(partitions)} are`;
}

/** `0, 2 to 5, 9`; of many the first ones, and how many there are beside. */
export function rangesOf(numbers: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const open = ranges.at(-1);
    if (open !== undefined && open[1] === number - 1) open[1] = number;
    else ranges.push([number, number]);
  }
  const shown = ranges.slice(0, RANGES_MAX);
  const left = ranges.slice(RANGES_MAX).reduce((sum, [first, last]) => sum + last - first + 1, 0);
  return [...shown.map(rangeText), ...(left === 0 ? [] : [`and ${left} more`])].join(', ');
}

function rangeText([first, last]: readonly [first: number, last: number]): string {
  if (first === last) return String(first);
  return last === first + 1 ? `${first}, ${last}` : `${first} to ${last}`;
}
