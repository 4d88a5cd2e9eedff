import { setTimeout as sleep } from 'node:timers/promises';
import { waitUntilLevel } from '../simulators/verify/index.ts';
import { systemClock } from '../src/base/index.ts';
import type { BenchRow } from './bench-row.ts';
import { CASES, type PipelineCase } from './pipeline/cases.ts';
import { bytesPerIdleConnection } from './pipeline/idle.ts';
import { LiveLatency } from './pipeline/live-latency.ts';
import { Publishers } from './pipeline/publishers.ts';
import {
  bareSocketServer,
  mosquittoServer,
  type ProductServer,
  productServer,
  type Server,
} from './pipeline/servers.ts';
import { cpuSecondsOfProcess } from './processes.ts';

/** What is reported of one case; CPU seconds are those of all threads of the server. */
interface CaseResult {
  readonly case: string;
  readonly messagesPerCpuSecond: number;
  readonly readingsPerCpuSecond: number;
  /** By the clock, up to the last acknowledgement of a flood. */
  readonly acknowledgedPerSecond: number;
  /** By the clock, until the store included everything. */
  readonly storedPerSecond: number;
  /** At half of what is stored a second. */
  readonly pacedPerSecond: number;
  readonly ackMsP50: number;
  readonly ackMsP99: number;
  readonly kpiMsP50: number;
  readonly kpiMsP99: number;
  /** Without any subscriber; null where it is not installed. */
  readonly mosquittoMessagesPerCpuSecond: number | null;
  readonly bareSocketMessagesPerCpuSecond?: number;
}

interface IdleResult {
  readonly case: 'idle-5000conn';
  readonly bytesPerConnection: number;
  readonly mosquittoBytesPerConnection: number | null;
}

const WARM_UP_MS_MAX = 8_000;
const FLOOD_MS_MAX = 4_000;
const PACE_MS = 4_000;
/** The first cases are always measured; of the others none is begun after this, on a machine with other work. */
const ALWAYS = 3;
const BEGIN_MS_MAX = 120_000;
const PACE_SETTLE_MS = 1_000;

/**
 * The whole way of a message, QoS 1 to stored KPI values: fdatasync, decoding, validation, windows, KPIs, store, in a
 * product of its own a case; publishers are other processes. Every reading must be counted. Less than three minutes.
 */
export async function run(): Promise<(CaseResult | IdleResult)[]> {
  const startMs = systemClock.monotonicMs();
  const results: (CaseResult | IdleResult)[] = [];
  const tell = (result: CaseResult | IdleResult) => {
    process.stderr.write(`${JSON.stringify(result)}\n`);
    results.push(result);
  };
  for (const [index, one] of CASES.entries()) {
    const isInTime = systemClock.monotonicMs() - startMs < BEGIN_MS_MAX;
    if (index < ALWAYS || isInTime) tell(await measure(one));
    else process.stderr.write(`${one.case} is left out: the machine is too busy\n`);
    if (index === ALWAYS - 1) tell(await measureIdle());
  }
  return results;
}

async function measure(one: PipelineCase): Promise<CaseResult> {
  const product = await productServer();
  let own: Omit<CaseResult, 'case' | 'mosquittoMessagesPerCpuSecond' | 'bareSocketMessagesPerCpuSecond'>;
  try {
    own = await measureProduct(product, one);
  } finally {
    await product.stop();
  }
  const mosquitto = await mosquittoServer();
  return {
    case: one.case,
    ...own,
    mosquittoMessagesPerCpuSecond: mosquitto === undefined ? null : await measureAcknowledging(mosquitto, one),
    ...(one.withBareSocket
      ? { bareSocketMessagesPerCpuSecond: await measureAcknowledging(await bareSocketServer(), one) }
      : {}),
  };
}

async function measureProduct(
  product: ProductServer,
  one: PipelineCase,
): Promise<Omit<CaseResult, 'case' | 'mosquittoMessagesPerCpuSecond'>> {
  const { load } = one;
  const publishers = await Publishers.open(product.port, load);
  try {
    let messages = (await publishers.flood(one.warmUpMessages, WARM_UP_MS_MAX)).sent;
    await level(product, messages, load.readingsPerMessage);
    const cpuBefore = cpuSecondsOfProcess(product.pid);
    const startMs = systemClock.monotonicMs();
    const flood = await publishers.flood(one.messagesMax, FLOOD_MS_MAX);
    messages += flood.sent;
    await level(product, messages, load.readingsPerMessage);
    const storedMs = systemClock.monotonicMs() - startMs;
    const messagesPerCpuSecond = flood.sent / (cpuSecondsOfProcess(product.pid) - cpuBefore);
    const storedPerSecond = (flood.sent / storedMs) * 1000;
    return {
      messagesPerCpuSecond: Math.round(messagesPerCpuSecond),
      readingsPerCpuSecond: Math.round(messagesPerCpuSecond * load.readingsPerMessage),
      acknowledgedPerSecond: Math.round((flood.sent / flood.tookMs) * 1000),
      storedPerSecond: Math.round(storedPerSecond),
      ...(await measureLatencies(product, publishers, storedPerSecond / 2, messages)),
    };
  } finally {
    publishers.close();
  }
}

async function measureLatencies(
  { httpUrl }: ProductServer,
  publishers: Publishers,
  perSecond: number,
  before: number,
): Promise<Pick<CaseResult, 'pacedPerSecond' | 'ackMsP50' | 'ackMsP99' | 'kpiMsP50' | 'kpiMsP99'>> {
  const live = await LiveLatency.open(httpUrl);
  try {
    const settled = (await publishers.pace(perSecond, PACE_SETTLE_MS)).sent;
    const paced = await publishers.pace(perSecond, PACE_MS);
    await waitUntilLevel(httpUrl, { messagesMin: before + settled + paced.sent });
    // The last update goes out to the store and to the stream at once, on two ways.
    await sleep(500);
    if (!live.hasKpis) throw new Error('no KPI values came out of the live stream');
    const kpi = live.percentiles(paced.sentAt, before + settled);
    return {
      pacedPerSecond: Math.round((paced.sent / PACE_MS) * 1000),
      ackMsP50: paced.ackMsP50,
      ackMsP99: paced.ackMsP99,
      kpiMsP50: Math.round(kpi.p50),
      kpiMsP99: Math.round(kpi.p99),
    };
  } finally {
    live.close();
  }
}

/** Waits until the store includes all messages, and makes sure that every reading of them was counted. */
async function level({ httpUrl }: ProductServer, messages: number, readingsPerMessage: number): Promise<void> {
  const { readings } = await waitUntilLevel(httpUrl, { messagesMin: messages });
  if (readings.counted === messages * readingsPerMessage) return;
  throw new Error(`${messages * readingsPerMessage} readings were published: ${JSON.stringify(readings)}`);
}

/** Messages per CPU-second of a server that only acknowledges. */
async function measureAcknowledging(
  server: Server,
  { load, warmUpMessages, messagesMax }: PipelineCase,
): Promise<number> {
  try {
    const publishers = await Publishers.open(server.port, load);
    try {
      await publishers.flood(warmUpMessages, FLOOD_MS_MAX / 3);
      const before = cpuSecondsOfProcess(server.pid);
      const { sent } = await publishers.flood(messagesMax, FLOOD_MS_MAX / 2);
      return Math.round(sent / (cpuSecondsOfProcess(server.pid) - before));
    } finally {
      publishers.close();
    }
  } finally {
    await server.stop();
  }
}

async function measureIdle(): Promise<IdleResult> {
  const mosquitto = await mosquittoServer();
  return {
    case: 'idle-5000conn',
    bytesPerConnection: await idleBytes(await productServer()),
    mosquittoBytesPerConnection: mosquitto === undefined ? null : await idleBytes(mosquitto),
  };
}

async function idleBytes(server: Server): Promise<number> {
  try {
    return Math.round(await bytesPerIdleConnection(server));
  } finally {
    await server.stop();
  }
}

/** The cases as lines of the table. */
export function rows(results: readonly object[]): BenchRow[] {
  return (results as readonly (CaseResult | IdleResult)[]).flatMap((result) =>
    'bytesPerConnection' in result ? idleRows(result) : caseRows(result),
  );
}

function caseRows(result: CaseResult): BenchRow[] {
  const { case: name, mosquittoMessagesPerCpuSecond: mosquitto, bareSocketMessagesPerCpuSecond: bare } = result;
  const note = `${result.acknowledgedPerSecond}/s acknowledged, ${result.storedPerSecond}/s stored by the clock`;
  const paced = `at ${result.pacedPerSecond} messages/s`;
  return [
    { name, unit: 'messages/CPU-s', value: result.messagesPerCpuSecond, note },
    { name: `${name}, readings`, unit: 'readings/CPU-s', value: result.readingsPerCpuSecond },
    { name: `${name}, PUBACK p50`, unit: 'ms', value: result.ackMsP50, note: paced },
    { name: `${name}, PUBACK p99`, unit: 'ms', value: result.ackMsP99, note: paced },
    { name: `${name}, KPI values p50`, unit: 'ms', value: result.kpiMsP50, note: paced },
    { name: `${name}, KPI values p99`, unit: 'ms', value: result.kpiMsP99, note: paced },
    ...(mosquitto === null ? [] : [{ name: `${name}, mosquitto`, unit: 'messages/CPU-s', value: mosquitto }]),
    ...(bare === undefined ? [] : [{ name: `${name}, bare socket server`, unit: 'messages/CPU-s', value: bare }]),
  ];
}

function idleRows({ case: name, bytesPerConnection, mosquittoBytesPerConnection: mosquitto }: IdleResult): BenchRow[] {
  return [
    { name, unit: 'B/connection', value: bytesPerConnection },
    ...(mosquitto === null ? [] : [{ name: `${name}, mosquitto`, unit: 'B/connection', value: mosquitto }]),
  ];
}
