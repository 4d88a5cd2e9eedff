import { publishPacket } from '../../harness/index.ts';
import { type Load, ZONES } from './cases.ts';

const JSON_BYTES = 200;
const STAMP_CHARS = { json: 24, senml: 14 } as const;
/** A pack is ten moments, this many seconds apart, of five quantities. */
const PACK_STEP_S = 0.001;
const PACK_MOMENTS = 10;
/** So far apart are the times of two messages of a device at least, ms: no two readings say the same. */
const STAMP_STEP_MS = { json: 1, senml: PACK_MOMENTS } as const;
const KINDS = [
  { quantity: 'pm2_5', unit: 'ug/m3', senmlUnit: 'ug/m3', value: 11 },
  { quantity: 'no2', unit: 'ug/m3', senmlUnit: 'ug/m3', value: 37 },
  { quantity: 'laeq', unit: 'dB[SPL]', senmlUnit: 'dBspl', value: 54 },
  { quantity: 'temperature', unit: 'Cel', senmlUnit: 'Cel', value: 16 },
  { quantity: 'humidity', unit: '%', senmlUnit: '%RH', value: 61 },
] as const;

/**
 * Prebuilt PUBLISH packets at QoS 1, back to back, of the devices of a connection in turn. Times are put in before each
 * sending: what is sent is never the same twice, and costs the publisher a few copied bytes.
 */
export class Burst {
  readonly bytes: Buffer;
  readonly count: number;
  /** How far `stamp` goes beyond the time that it is given, ms. */
  readonly spanMs: number;
  readonly #load: Load;
  readonly #stampsAt: readonly number[];

  /** @param place which one of the connection's bursts it is */
  constructor(load: Load, connection: number, place: number) {
    const packets: Buffer[] = [];
    const stampsAt: number[] = [];
    let at = 0;
    for (let index = 0; index < load.burst; index++) {
      const turn = place * load.burst + index;
      const device = connection * load.devices + (turn % load.devices);
      const { topic, payload } = load.payload === 'json' ? jsonMessage(device) : senmlMessage(device);
      const packet = publishPacket(topic, payload, { qos: 1, messageId: 1 + turn });
      stampsAt.push(at + packet.indexOf(stampOf(load.payload, 0)));
      packets.push(packet);
      at += packet.length;
    }
    this.bytes = Buffer.concat(packets);
    this.count = load.burst;
    this.spanMs = Math.ceil(load.burst / load.devices) * STAMP_STEP_MS[load.payload];
    this.#load = load;
    this.#stampsAt = stampsAt;
  }

  /** Puts times of measuring into all of its messages, ms UTC from `fromMs` on. */
  stamp(fromMs: number): void {
    const { payload, devices } = this.#load;
    let text = '';
    for (const [index, at] of this.#stampsAt.entries()) {
      if (index % devices === 0) text = stampOf(payload, fromMs + (index / devices) * STAMP_STEP_MS[payload]);
      this.bytes.write(text, at, 'latin1');
    }
  }
}

/** Always of one length, for the times of this century. */
function stampOf(payload: Load['payload'], atMs: number): string {
  if (payload === 'json') return new Date(atMs).toISOString();
  return (atMs / 1000).toFixed(3).padStart(STAMP_CHARS.senml, '1');
}

function jsonMessage(device: number): { topic: string; payload: string } {
  const { quantity, unit, value } = KINDS[device % 4]!;
  const reading = { time: stampOf('json', 0), quantity, unit, value: value + (device % 7) / 10, quality: 'good' };
  const padding = JSON_BYTES - JSON.stringify({ ...reading, firmware: '' }).length;
  const payload = JSON.stringify({ ...reading, firmware: '2.4.1-'.padEnd(padding, 'f') });
  return { topic: `recording/bench/z${device % ZONES}-d${String(device).padStart(5, '0')}`, payload };
}

function senmlMessage(device: number): { topic: string; payload: string } {
  const name = `z${device % ZONES}-g${String(device).padStart(5, '0')}`;
  const records: object[] = [];
  for (let moment = 0; moment < PACK_MOMENTS; moment++) {
    for (const { quantity, senmlUnit, value } of KINDS) {
      const v = value + ((device + moment) % 9) / 10;
      records.push({ n: quantity, u: senmlUnit, v, t: -moment * PACK_STEP_S });
    }
  }
  const [first, ...rest] = records;
  // A number has no fixed length in JSON.stringify, and the place of the time must have one.
  const payload = JSON.stringify([{ bt: 0, ...first }, ...rest]).replace('"bt":0', `"bt":${stampOf('senml', 0)}`);
  return { topic: `in/gateway-${device % 50}/${name}/data`, payload };
}
