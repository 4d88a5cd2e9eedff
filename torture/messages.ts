/** What the publishers of a round say, and when their readings were measured. */
export interface Plan {
  readonly publisherCount: number;
  /** Event time of the first readings, ms UTC, and how far apart those of one device are. */
  readonly fromMs: number;
  readonly stepMs: number;
}

/** A reading as the publisher means it. */
export interface PlannedReading {
  readonly device: string;
  readonly quantity: string;
  readonly timeMs: number;
  readonly value: number;
  /** False: it has a unit that nobody knows, and is refused. */
  readonly isGood: boolean;
}

export interface PlannedMessage {
  readonly topic: string;
  readonly payload: string;
  /** Undefined: the message as a whole is refused. */
  readonly readings: readonly PlannedReading[] | undefined;
}

/** Messages of a publisher, at most: pages of the API hold 10,000 readings of a series, and devices are two. */
export const MESSAGES_MAX = 16_000;
export const ZONES = 4;
const DEVICES = 2;
/** How far back a message reaches that contradicts an earlier one. */
const CONTRADICTS_BACK = 10;
const UNITS: Readonly<Record<string, string>> = { pm2_5: 'ug/m3', laeq: 'dB[SPL]', energy_import: 'kW.h' };

/**
 * The message of a number, a pure function: most are a list of one to three readings; by intent some are broken, come
 * at an unknown topic, hold an unknown unit, or contradict a reading that was sent before.
 */
export function messageOf(plan: Plan, publisher: number, number: number): PlannedMessage {
  const device = `z${publisher % ZONES}-p${publisher}-${number % DEVICES}`;
  const topic = `recording/torture/${device}`;
  if (number % 97 === 41) return { topic, payload: `[{"n":${number},"time":`, readings: undefined };
  if (number % 101 === 43)
    return { topic: `torture/nobody-knows/${publisher}`, payload: `{"n":${number}}`, readings: undefined };
  const contradicts = number % 89 === 17 && number >= CONTRADICTS_BACK;
  const readings = readingsOf(plan, device, contradicts ? number - CONTRADICTS_BACK : number).map((reading) => ({
    ...reading,
    isGood: number % 103 !== 47,
    value: reading.value + (contradicts ? 1 : 0),
  }));
  return { topic, payload: JSON.stringify(readings.map((reading) => written(reading, number))), readings };
}

function readingsOf(plan: Plan, device: string, number: number): Omit<PlannedReading, 'isGood'>[] {
  const turn = Math.floor(number / DEVICES);
  const timeMs = plan.fromMs + turn * plan.stepMs;
  const of = (quantity: string, value: number) => ({ device: `torture:${device}`, quantity, timeMs, value });
  return [
    of('pm2_5', 5 + (turn % 61) / 4),
    ...(turn % 2 === 0 ? [of('laeq', 45 + (turn % 37) / 2)] : []),
    ...(turn % 3 === 0 ? [of('energy_import', 1000 + turn / 8)] : []),
  ];
}

function written({ quantity, timeMs, value, isGood }: PlannedReading, n: number): object {
  const unit = isGood ? UNITS[quantity] : 'furlong';
  return { n, time: new Date(timeMs).toISOString(), quantity, unit, value };
}

/** The publisher and the number of a message of `messageOf`; undefined for any other. */
export function numberOf(topic: string, payload: string): { publisher: number; number: number } | undefined {
  const publisher = /^recording\/torture\/z\d+-p(\d+)-\d$|^torture\/nobody-knows\/(\d+)$/.exec(topic);
  const number = /^\[?\{"n":(\d+)/.exec(payload);
  if (publisher === null || number === null) return undefined;
  return { publisher: Number(publisher[1] ?? publisher[2]), number: Number(number[1]) };
}
