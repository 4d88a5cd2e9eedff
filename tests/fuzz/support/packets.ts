import {
  connectPacket,
  header,
  pubackOf,
  publishPacket,
  pubrecOf,
  pubrelPacket,
  subscribePacket,
} from '../../unit/broker/support/raw-client.ts';
import type { Random } from '../../unit/journal/support/random.ts';

/** What one connection sends: its packets as they go over the wire, and where they are cut. */
export interface Burst {
  readonly packets: readonly Buffer[];
  /** Pieces in which the bytes are written, one a turn. */
  readonly pieces: readonly Buffer[];
  /** Nothing was harmed, and nothing in it closes a connection: everything has to be answered. */
  readonly isValid: boolean;
  /** How long all answers are together, of a valid one; acknowledgements may come behind the answer to a later packet. */
  readonly answerBytes: number;
}

const PINGREQ = Buffer.from([0xc0, 0]);
const DISCONNECT = Buffer.from([0xe0, 0]);
/** Few, so that connections take each other over. */
const CLIENTS = 40;
const PACKETS_MAX = 40;
const PIECES_MAX = 6;
/** Share of connections in which nothing is harmed, and of packets that are in the others. */
const VALID_BURSTS = 0.2;
const HARMED_PACKETS = 0.25;

/** Draws what a connection sends. */
export function drawBurst(random: Random, index: number): Burst {
  const isValid = random.chance(VALID_BURSTS);
  const harmed = (packet: Buffer, share: number) => (!isValid && random.chance(share) ? harm(packet, random) : packet);
  const packets = [harmed(drawConnect(random, index, isValid), HARMED_PACKETS / 4)];
  for (let count = 1 + random.integer(PACKETS_MAX); count > 0; count--) {
    packets.push(harmed(isValid ? drawMild(random) : drawPacket(random), HARMED_PACKETS));
  }
  packets.push(PINGREQ);
  const answerBytes = packets.reduce((sum, packet) => sum + answerBytesOf(packet), 0);
  return { packets, pieces: inPieces(Buffer.concat(packets), random), isValid, answerBytes };
}

/** CONNACK, PUBACK or PUBREC, SUBACK of one filter, PINGRESP. */
function answerBytesOf(packet: Buffer): number {
  const first = packet[0] ?? 0;
  const type = first >> 4;
  if (type === 3) return (first & 6) === 0 ? 0 : 4;
  return type === 8 ? 5 : type === 12 ? 2 : 4;
}

/** Valid bursts have client ids of their own: whoever is taken over need not be answered. */
function drawConnect(random: Random, index: number, isAlone: boolean): Buffer {
  const clientId = isAlone ? `alone-${index % 997}` : random.pick([`fuzz-${random.integer(CLIENTS)}`, '', '__proto__']);
  const options = { clientId, isClean: random.chance(0.7), keepaliveSeconds: 1 + random.integer(3_600) };
  if (isAlone) return connectPacket({ ...options, isClean: true });
  const will = random.chance(0.1) ? { topic: 'in/g/d/state', payload: 'gone' } : undefined;
  const packet = connectPacket({
    ...options,
    ...(random.chance(0.1) ? { user: 'somebody', secret: 'secret' } : {}),
    ...(will === undefined ? {} : { will }),
  });
  // Protocol levels that are spoken, and those that are not.
  if (random.chance(0.1)) packet[8] = random.pick([3, 5, 0, 255]);
  return packet;
}

/** What does not close the connection of somebody without a name. */
function drawMild(random: Random): Buffer {
  return random.pick([() => drawPublish(random), () => PINGREQ, () => subscribePacket('kpi/#')])();
}

function drawPacket(random: Random): Buffer {
  const id = 1 + random.integer(20);
  return random.pick([
    ...Array.from({ length: 8 }, () => () => drawPublish(random)),
    () => PINGREQ,
    () => pubrelPacket(id),
    () => pubackOf(id),
    () => pubrecOf(id),
    () => Buffer.from([0x70, 2, 0, id]),
    () => subscribePacket(random.pick(['kpi/#', 'in/#', '#', '$SYS/#', '+/+/x', 'a'.repeat(300), ''])),
    () => Buffer.from([0xa2, 5, 0, id, 0, 1, 0x61]),
    () => (random.chance(0.1) ? DISCONNECT : PINGREQ),
    () => (random.chance(0.1) ? connectPacket({ clientId: 'again' }) : PINGREQ),
  ])();
}

function drawPublish(random: Random): Buffer {
  const qos = random.pick([0, 1, 1, 2] as const);
  const topic = random.pick(['in/g/air-1/data', 'in/g/meter-1/data', 'in/straße', `in/${'x'.repeat(200)}`, 'in/a']);
  const value = random.integer(100);
  const payload = random.pick([
    () => `[{"n":"pm2_5","u":"ug/m3","v":${value},"t":${1.7e9 + value}}]`,
    () => '',
    () => '['.repeat(value),
    () => 'y'.repeat(2_000),
  ])();
  const options = { qos, messageId: 1 + random.integer(20), isDup: random.chance(0.2), retain: random.chance(0.1) };
  return publishPacket(topic, payload, options);
}

type Harm = (packet: Buffer, random: Random) => Buffer;

const HARMS: readonly Harm[] = [
  function flipBits(packet, random) {
    const bytes = Buffer.from(packet);
    for (let count = 1 + random.integer(4); count > 0; count--) {
      bytes[random.integer(bytes.length)]! ^= 1 << random.integer(8);
    }
    return bytes;
  },
  function cutShort(packet, random) {
    return packet.subarray(0, random.integer(packet.length));
  },
  function splice(packet, random) {
    const other = drawPacket(random);
    return Buffer.concat([
      packet.subarray(0, random.integer(packet.length)),
      other.subarray(random.integer(other.length)),
    ]);
  },
  function lieAboutLength(packet, random) {
    const length = random.pick([0, 1, packet.length, packet.length + 20, 16_000, 1 << 20, 268_435_455]);
    return Buffer.concat([header(packet[0]!, length), packet.subarray(2)]);
  },
  function neverEndLength(packet) {
    return Buffer.concat([packet.subarray(0, 1), Buffer.from([0x80, 0x80, 0x80, 0x80, 0x01]), packet.subarray(2)]);
  },
  function changeHead(packet, random) {
    return Buffer.concat([Buffer.from([random.integer(256)]), packet.subarray(1)]);
  },
  function putBytesIn(packet, random) {
    const at = random.integer(packet.length + 1);
    const bytes = Buffer.from(Array.from({ length: 1 + random.integer(8) }, () => random.integer(256)));
    return Buffer.concat([packet.subarray(0, at), bytes, packet.subarray(at)]);
  },
  function repeat(packet, random) {
    return Buffer.concat(Array.from({ length: 2 + random.integer(30) }, () => packet));
  },
];

function harm(packet: Buffer, random: Random): Buffer {
  return random.pick(HARMS)(packet, random);
}

function inPieces(bytes: Buffer, random: Random): Buffer[] {
  const cuts = Array.from({ length: random.integer(PIECES_MAX) }, () => random.integer(bytes.length));
  const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}
