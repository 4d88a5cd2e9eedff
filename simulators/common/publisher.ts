import { type Clock, crc32c, systemClock } from '../../src/base/index.ts';
import { Link } from './link.ts';
import type { Random } from './random.ts';

/** How to reach the broker and how much may be under way. */
export interface PublisherOptions {
  /** `mqtt://host:port` or `mqtts://host:port`. */
  readonly url: string;
  /** 0: handed to the socket counts as sent, a broken connection loses some. 1: at least once. */
  readonly qos: 0 | 1;
  /** Connections; a key always takes the same one, so order within a key holds. Default 1. */
  readonly connections?: number;
  /** Unacknowledged messages per connection, 1 to 65,535. Default 500. */
  readonly windowCount?: number;
  /** Start of the client id; MQTT 3.1.1 promises 23 characters only, so at most 12. */
  readonly clientIdPrefix?: string;
  readonly username?: string;
  readonly password?: string;
  /** A connection that stays away longer than this fails the publisher. Default 60 s. */
  readonly giveUpAfterMs?: number;
  /** Jitter of the reconnect delay. */
  readonly random?: Random;
  readonly clock?: Clock;
}

/** Messages so far; `acked` for QoS 0 means handed to the socket. */
export interface PublisherStats {
  readonly published: number;
  readonly acked: number;
  /** Sent again after a lost connection; each may arrive twice. */
  readonly resent: number;
  readonly reconnects: number;
}

/** A pipelined MQTT publisher with a bounded window. */
export interface Publisher {
  /**
   * Takes a message over; its payload must not change afterwards. Resolves when there is room for the next one, which
   * is at once (`undefined`) while the window is open.
   *
   * @throws OperatingError `broker_unreachable` (retryable) or `broker_refused`
   */
  publish(key: string, topic: string, payload: string | Buffer): Promise<void> | undefined;
  /** Resolves when every message was acknowledged. Same errors as `publish`. */
  drain(): Promise<void>;
  stats(): PublisherStats;
  /** Closes; unacknowledged messages are forgotten. Safe to call twice. */
  close(): Promise<void>;
}

const WINDOW_COUNT_DEFAULT = 500;
const GIVE_UP_AFTER_MS_DEFAULT = 60_000;

/** Opens all connections. @throws OperatingError `broker_unreachable` or `broker_refused` */
export async function openPublisher(options: PublisherOptions): Promise<Publisher> {
  const clock = options.clock ?? systemClock;
  const suffix = Math.floor((options.random ?? Math.random)() * 2 ** 32).toString(36);
  const links = Array.from(
    { length: options.connections ?? 1 },
    (_, index) =>
      new Link({
        url: options.url,
        qos: options.qos,
        windowCount: options.windowCount ?? WINDOW_COUNT_DEFAULT,
        clientId: `${(options.clientIdPrefix ?? 'vitals').slice(0, 12)}-${suffix.slice(0, 7)}-${index.toString(36)}`,
        username: options.username,
        password: options.password,
        giveUpAfterMs: options.giveUpAfterMs ?? GIVE_UP_AFTER_MS_DEFAULT,
        random: options.random ?? Math.random,
        clock,
      }),
  );
  try {
    await Promise.all(links.map((link) => link.open()));
  } catch (error) {
    await Promise.all(links.map((link) => link.close()));
    throw error;
  }
  return publisherOver(links);
}

function publisherOver(links: readonly Link[]): Publisher {
  const chosen = new Map<string, Link>();
  const linkOf = (key: string): Link => {
    if (links.length === 1) return links[0]!;
    let link = chosen.get(key);
    if (link === undefined) {
      link = links[crc32c(new TextEncoder().encode(key)) % links.length]!;
      // Only a cache: a city has fewer devices than this.
      if (chosen.size < 1_000_000) chosen.set(key, link);
    }
    return link;
  };
  const total = (pick: (link: Link) => number) => links.reduce((sum, link) => sum + pick(link), 0);
  return {
    publish: (key, topic, payload) => linkOf(key).publish(topic, payload),
    drain: async () => {
      await Promise.all(links.map((link) => link.drain()));
    },
    stats: () => ({
      published: total((link) => link.published),
      acked: total((link) => link.acked),
      resent: total((link) => link.resent),
      reconnects: total((link) => link.reconnects),
    }),
    close: async () => {
      await Promise.all(links.map((link) => link.close()));
    },
  };
}
