const PUBACK = 0x40;
const PUBACK_BYTES = 4;

/** PUBACK packets of message ids in one piece; in MQTT 5 they mean success, whose reason code may be left out (3.4.2.1). */
export function pubacksOf(messageIds: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(messageIds.length * PUBACK_BYTES);
  let at = 0;
  for (const id of messageIds) {
    bytes[at] = PUBACK;
    bytes[at + 1] = PUBACK_BYTES - 2;
    bytes[at + 2] = id >> 8;
    bytes[at + 3] = id & 0xff;
    at += PUBACK_BYTES;
  }
  return bytes;
}
