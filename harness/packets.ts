/* Packets of MQTT 3.1.1, byte for byte. */

export interface ConnectOptions {
  readonly clientId?: string;
  readonly isClean?: boolean;
  readonly keepaliveSeconds?: number;
  readonly user?: string;
  readonly secret?: string;
  readonly will?: { readonly topic: string; readonly payload: string };
}

export const CONNACK_ACCEPTED = Buffer.from([0x20, 2, 0, 0]);

/** CONNECT for MQTT 3.1.1. */
export function connectPacket(options: ConnectOptions = {}): Buffer {
  const { clientId = 'raw', isClean = true, keepaliveSeconds = 60, user, secret, will } = options;
  const flags =
    (isClean ? 2 : 0) |
    (will === undefined ? 0 : 4) |
    (user === undefined ? 0 : 0x80) |
    (secret === undefined ? 0 : 0x40);
  const parts = [text('MQTT'), Buffer.from([4, flags, keepaliveSeconds >> 8, keepaliveSeconds & 255]), text(clientId)];
  if (will !== undefined) parts.push(text(will.topic), text(will.payload));
  if (user !== undefined) parts.push(text(user));
  if (secret !== undefined) parts.push(text(secret));
  return packet(0x10, Buffer.concat(parts));
}

export function publishPacket(
  topic: string | Buffer,
  payload: string | Buffer,
  options: { qos?: 0 | 1 | 2; messageId?: number; isDup?: boolean; retain?: boolean } = {},
): Buffer {
  const { qos = 0, messageId = 1, isDup = false, retain = false } = options;
  const head = 0x30 | (isDup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
  const id = qos === 0 ? [] : [Buffer.from([messageId >> 8, messageId & 255])];
  return packet(head, Buffer.concat([text(topic), ...id, Buffer.from(payload)]));
}

export function pubackOf(messageId: number): Buffer {
  return Buffer.from([0x40, 2, messageId >> 8, messageId & 255]);
}

export function pubrecOf(messageId: number): Buffer {
  return Buffer.from([0x50, 2, messageId >> 8, messageId & 255]);
}

export function pubrelPacket(messageId: number): Buffer {
  return Buffer.from([0x62, 2, messageId >> 8, messageId & 255]);
}

export function subscribePacket(filter: string): Buffer {
  return packet(0x82, Buffer.concat([Buffer.from([0, 9]), text(filter), Buffer.from([0])]));
}

/** The fixed header with any announced length. */
export function header(first: number, length: number): Buffer {
  const bytes = [first];
  let rest = length;
  do {
    bytes.push((rest % 128) | (rest > 127 ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.from(bytes);
}

function packet(first: number, body: Buffer): Buffer {
  return Buffer.concat([header(first, body.length), body]);
}

function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}
