/** What the journal holds of one MQTT publish (or HTTP post): bytes as they came, and who sent them when. */
export interface Message {
  readonly topic: string;
  /** Whole payload; for an oversized message only its head (see `payloadBytes`). Not to be changed by anybody. */
  readonly payload: Uint8Array;
  /** Length as sent; larger than `payload.length` when the payload was cut because it was over the limit. */
  readonly payloadBytes: number;
  /** MQTT client identity, empty for an internal source. */
  readonly clientId: string;
  /** Wall clock of the broker, ms UTC; smaller than that of the record before it where that clock was set back. */
  readonly receivedAtMs: number;
  /** Bits of `MessageFlag`. */
  readonly flags: number;
}

/** Bits of `Message.flags`. */
export const MessageFlag = {
  /** The publisher set RETAIN, or the broker replayed a retained message. */
  retain: 1,
  /** The publisher marked a redelivery. */
  dup: 2,
  /** A will that the broker published for a client that vanished. */
  will: 4,
  qos1: 8,
  qos2: 16,
} as const;
