import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../src/base/index.ts';
import type { Peer } from '../../../src/broker/embedded/peers.ts';
import type { Reception } from '../../../src/broker/embedded/reception.ts';
import { QUANTITIES } from '../../../src/model/index.ts';
import type { Random } from '../../unit/journal/support/random.ts';
import { DEVICES } from './city.ts';
import { type Meant, meaningKey } from './oracle.ts';
import type { Scheduler } from './scheduler.ts';

const NETWORK_MS = 200;
const IN_FLIGHT_MAX = 8;
const PAYLOAD_MAX = 1_024;

/** A publish as the gateway keeps it until it is acknowledged. */
interface Outgoing {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  isSentBefore: boolean;
}

interface Connection {
  readonly reception: Reception;
  readonly peer: Peer;
  /** What of the peer the gate asks for. */
  readonly socket: { destroyed: boolean };
  readonly inFlight: Set<Outgoing>;
  isPumping: boolean;
}

/** Publishes what devices say, as gateways do: again when unsure, later when they were away, in an order of their own. */
export class Gateway {
  readonly name: string;
  /** Nothing is sent before, virtual ms. */
  awayUntilMs = 0;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #count: (what: string) => void;
  #queue: Outgoing[] = [];
  #connection: Connection | undefined;

  constructor(name: string, scheduler: Scheduler, random: Random, count: (what: string) => void) {
    this.#count = count;
    this.name = name;
    this.#scheduler = scheduler;
    this.#random = random;
  }

  /** All that is to be acknowledged was. */
  get isDone(): boolean {
    return this.#queue.length === 0 && (this.#connection?.inFlight.size ?? 0) === 0;
  }

  publish(outgoing: Omit<Outgoing, 'isSentBefore'>): void {
    this.#queue.push({ ...outgoing, isSentBefore: false });
    this.#pump();
  }

  connect(reception: Reception): void {
    if (this.#connection !== undefined || this.#scheduler.nowMs < this.awayUntilMs) return;
    const socket = { destroyed: false };
    const peer = { socket, waiting: 0, wake: () => this.#pump() };
    this.#connection = { reception, socket, peer: peer as unknown as Peer, inFlight: new Set(), isPumping: false };
    this.#pump();
  }

  /** The connection breaks: acknowledgements on their way are lost, and what was not acknowledged is sent again. */
  disconnect(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#connection = undefined;
    connection.socket.destroyed = true;
    connection.reception.gate.forget(connection.peer);
    this.#scheduler.drop(connection);
    this.#queue.unshift(...connection.inFlight);
  }

  /** The next packet arrives a little later, unless the broker does not read. */
  #pump(): void {
    const connection = this.#connection;
    if (connection === undefined || connection.isPumping) return;
    if (this.#queue.length === 0 || connection.inFlight.size >= IN_FLIGHT_MAX) return;
    connection.isPumping = true;
    this.#scheduler.after(NETWORK_MS * this.#random.next(), connection, () => {
      connection.isPumping = false;
      if (!connection.reception.gate.mayRead(connection.peer)) {
        this.#count('held back');
        return;
      }
      this.#send(connection);
      this.#pump();
    });
  }

  #send(connection: Connection): void {
    const at = this.#random.chance(0.1) ? this.#random.integer(this.#queue.length) : 0;
    const outgoing = this.#queue.splice(at, 1)[0]!;
    const { topic, payload, qos, retain, isSentBefore } = outgoing;
    if (qos === 1) connection.inFlight.add(outgoing);
    if (isSentBefore) this.#count('sent again');
    outgoing.isSentBefore = true;
    connection.reception.take(
      { cmd: 'publish', ...{ topic, payload, qos, retain }, dup: isSentBefore && qos === 1, messageId: 1 },
      { clientId: this.name, peer: connection.peer, isWill: false },
      (error) => {
        if (error !== undefined || connection.socket.destroyed || qos === 0) return;
        this.#scheduler.after(NETWORK_MS * this.#random.next(), connection, () => {
          connection.inFlight.delete(outgoing);
          this.#pump();
        });
      },
    );
  }
}

/** Odds of what sensors and gateways do wrong, by message; drawn for each run. */
export interface Mischief {
  readonly ahead: number;
  readonly old: number;
  readonly bad: number;
  readonly twice: number;
  readonly again: number;
  readonly conflict: number;
}

/** Makes what devices say, and remembers what was meant. */
export class Sensors {
  readonly meanings = new Map<string, Meant>();
  readonly #gateways: readonly Gateway[];
  readonly #random: Random;
  readonly #mischief: Mischief;
  readonly #sent: Omit<Outgoing, 'isSentBefore'>[] = [];
  #badCount = 0;

  constructor(gateways: readonly Gateway[], random: Random, mischief: Mischief) {
    this.#gateways = gateways;
    this.#random = random;
    this.#mischief = mischief;
  }

  /** One device speaks. */
  speak(index: number, nowMs: number): void {
    const random = this.#random;
    const { ahead, old, bad, twice, again, conflict } = this.#mischief;
    if (random.chance(bad)) {
      this.#publish(index, this.#badPayload(), undefined);
      return;
    }
    if (random.chance(again) && this.#sent.length > 0) {
      random.pick(this.#gateways).publish({ ...random.pick(this.#sent), retain: true });
      return;
    }
    let timeMs = nowMs;
    if (random.chance(ahead)) timeMs += MINUTE_MS * (6 + random.integer(3_000));
    else if (random.chance(old)) timeMs -= DAY_MS * random.integer(25) + HOUR_MS * random.integer(24);
    this.#say(index, timeMs, valueAt(index, timeMs));
    if (random.chance(twice)) this.#say(index, timeMs, valueAt(index, timeMs));
    if (random.chance(conflict)) this.#say(index, timeMs, otherValue(index, valueAt(index, timeMs)));
  }

  #say(index: number, timeMs: number, value: number): void {
    const [device, quantity] = DEVICES[index]!;
    const record = { n: quantity, u: QUANTITIES.get(quantity)?.unit, v: value, t: timeMs / 1_000 };
    this.#publish(index, Buffer.from(JSON.stringify([record])), { series: `${device} ${quantity}`, timeMs, value });
  }

  /** The first device is in reach of every gateway. */
  #publish(index: number, payload: Buffer, meant: Meant | undefined): void {
    const random = this.#random;
    const qos = random.chance(0.25) ? 0 : 1;
    const gateways = index === 0 ? this.#gateways : [this.#gateways[index % this.#gateways.length]!];
    for (const gateway of gateways) {
      const message = { topic: `in/${gateway.name}/${DEVICES[index]![0]}/data`, payload, qos, retain: false } as const;
      if (meant !== undefined) {
        this.meanings.set(meaningKey(message), meant);
        this.#sent.push(message);
      }
      gateway.publish(message);
    }
  }

  #badPayload(): Buffer {
    const text = this.#random.pick([
      '',
      '{',
      '[[[[[[[[[[[[]]]]]]]]]]]]',
      'null',
      '[{"n":"pm2_5","v":1e999}]',
      '\u0000',
    ]);
    const bytes = this.#random.pick([
      Buffer.from(`${text}${' '.repeat(++this.#badCount % 7)}`),
      Buffer.from([0xff, 0xfe, this.#badCount & 255]),
      Buffer.alloc(PAYLOAD_MAX + 1 + this.#random.integer(1_000), 'x'),
    ]);
    return bytes;
  }
}

/** What the device measures then: the same whenever it is asked. */
function valueAt(index: number, timeMs: number): number {
  const minutes = Math.floor(timeMs / MINUTE_MS);
  const [, quantity] = DEVICES[index]!;
  if (quantity === 'water_volume' || quantity === 'energy_import') return Math.floor(minutes / 100) / 10;
  const noise = (Math.imul(minutes + index, 0x9e3779b1) >>> 8) % 40;
  return quantity === 'power_outage' ? Number(noise > 36) : 20 + noise + 0.1 * index;
}

function otherValue(index: number, value: number): number {
  return DEVICES[index]![1] === 'power_outage' ? 1 - value : value + 1;
}
