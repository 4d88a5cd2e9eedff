/** What the publishers of one case do. */
export interface Load {
  readonly connections: number;
  /** Processes that the connections are shared among. */
  readonly processes: number;
  /** Messages in one TCP write. */
  readonly burst: number;
  /** Bursts of a connection that may be unacknowledged. */
  readonly burstsOpen: number;
  /** Prebuilt bursts of a connection, at least as many as may be open. */
  readonly bursts: number;
  /** Devices of a connection; its messages are theirs in turn. */
  readonly devices: number;
  readonly payload: 'json' | 'senml';
  readonly readingsPerMessage: number;
}

/** One line of the table, and how much of it is measured. */
export interface PipelineCase {
  readonly case: string;
  readonly load: Load;
  /** Until the code is compiled and profiled: a server runs for months. */
  readonly warmUpMessages: number;
  readonly messagesMax: number;
  /** A server that only parses PUBLISH and writes PUBACK is measured beside it. */
  readonly withBareSocket: boolean;
}

const ONE = { payload: 'json', readingsPerMessage: 1 } as const;
const PIPELINED = { ...ONE, burstsOpen: 2, bursts: 4 } as const;

/** Pipelined publishers, gateways, and a city whose messages come one by one; what matters most comes first. */
export const CASES: readonly PipelineCase[] = [
  {
    case: 'q1-50conn',
    load: { ...PIPELINED, connections: 50, processes: 2, burst: 50, devices: 1 },
    warmUpMessages: 200_000,
    messagesMax: 200_000,
    withBareSocket: false,
  },
  {
    case: 'q1-500conn-unbatched',
    load: { ...ONE, connections: 500, processes: 2, burst: 1, burstsOpen: 1, bursts: 4, devices: 1 },
    warmUpMessages: 60_000,
    messagesMax: 80_000,
    withBareSocket: true,
  },
  {
    case: 'gateway-50',
    load: {
      connections: 50,
      processes: 2,
      burst: 5,
      burstsOpen: 2,
      bursts: 4,
      devices: 10,
      payload: 'senml',
      readingsPerMessage: 50,
    },
    warmUpMessages: 16_000,
    messagesMax: 8_000,
    withBareSocket: false,
  },
  {
    case: 'q1-1conn',
    load: { ...PIPELINED, connections: 1, processes: 1, burst: 100, devices: 10 },
    warmUpMessages: 200_000,
    messagesMax: 200_000,
    withBareSocket: false,
  },
  {
    case: 'q1-500conn',
    load: { ...PIPELINED, connections: 500, processes: 2, burst: 10, devices: 1 },
    warmUpMessages: 200_000,
    messagesMax: 200_000,
    withBareSocket: false,
  },
  {
    // What many devices cost: KPI values are made anew for every device that was heard in a tick.
    case: 'q1-50conn-5000devices',
    load: { ...PIPELINED, connections: 50, processes: 2, burst: 50, devices: 100 },
    warmUpMessages: 20_000,
    messagesMax: 40_000,
    withBareSocket: false,
  },
];

/** Zones of the city that is measured; devices name theirs, `z3-…`. */
export const ZONES = 10;

/** The city that the devices of `payloads.ts` live in; YAML reads JSON. */
export function cityFile(): string {
  const ids = Array.from({ length: ZONES }, (_, index) => `z${index}`);
  return JSON.stringify({
    city: { id: 'bench', name: 'Bench', timeZone: 'Europe/Madrid' },
    zones: ids.map((id) => ({ id, name: id, population: 10_000, areaKm2: 5 })),
    devices: ids.flatMap((id) => [
      { match: `bench:${id}-*`, zone: id },
      { match: `${id}-*`, zone: id },
    ]),
    journal: { freeBytesMin: '64MiB' },
    log: { level: 'warn' },
  });
}
