import type { AedesOptions } from 'aedes';
import { SECOND_MS } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';

/** Largest packet of somebody who has not been let in yet, bytes; a CONNECT with credentials and a will fits. */
export const PACKET_BYTES_MAX_BEFORE_CONNECT = 4_096;
/** From the connection to the CONNACK; the handshakes of TLS and WebSocket before it have as long once more. */
export const CONNECT_TIMEOUT_MS = 5_000;
/** Somebody who does not read what aedes waits for, such as a SUBACK, is cut after this; for the rest see `Backlog`. */
const DRAIN_TIMEOUT_MS = 5_000;
/** Packets that a device may send behind its CONNECT without waiting for the answer. */
const PIPELINED_PACKETS_MAX = 200;
/** QoS 2 messages of one client between PUBREC and PUBREL. */
const QOS2_OPEN_MAX = 100;
export const TOPIC_LEVELS_MAX = 16;
const KEEPALIVE_SECONDS_MAX = 65_535;

/** The bounds that aedes keeps by itself. */
export function aedesLimits({ keepaliveMax }: Pick<Config['mqtt'], 'keepaliveMax'>) {
  return {
    // Ours comes first: that of aedes ends with the CONNECT, whatever becomes of it.
    connectTimeout: 2 * CONNECT_TIMEOUT_MS,
    drainTimeout: DRAIN_TIMEOUT_MS,
    keepaliveLimit: Math.min(KEEPALIVE_SECONDS_MAX, Math.ceil(keepaliveMax / SECOND_MS)),
    queueLimit: PIPELINED_PACKETS_MAX,
    maxInflightInbound: QOS2_OPEN_MAX,
    maxTopicLevels: TOPIC_LEVELS_MAX,
  } satisfies AedesOptions;
}
