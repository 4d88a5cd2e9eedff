import type { Clock } from '../base/index.ts';
import { createPosts, type PostsOptions } from '../broker/http/index.ts';
import type { Broker, Posts } from '../broker/index.ts';
import type { Config } from '../config/index.ts';
import { INTAKE_LIMITS } from '../intake/index.ts';
import type { JournalWriter } from '../journal/index.ts';
import type { Logger } from '../telemetry/index.ts';

export interface PostsParts
  extends Required<Pick<PostsOptions, 'devices' | 'audit' | 'throttle' | 'topicsOf' | 'accept'>> {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly journal: Pick<JournalWriter, 'stats'>;
  readonly broker: Pick<Broker, 'publish'>;
}

/** The way in over HTTP, in front of the journal and beside the broker. */
export function openPosts({ config, journal, broker, ...parts }: PostsParts): Posts {
  const { mqtt, secrets } = config;
  return createPosts({
    ...{ ...parts, config: mqtt, secrets },
    blocked: () => journal.stats().blocked ?? undefined,
    readingsPerMessageMax: INTAKE_LIMITS.readingsPerMessageMax,
    // Another broker would give it back as a message of its own.
    ...(mqtt.external === undefined
      ? { forward: (topic, payload) => broker.publish(topic, payload, { retain: false }) }
      : {}),
  });
}
