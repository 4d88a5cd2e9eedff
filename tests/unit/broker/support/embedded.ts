import { systemClock } from '../../../../src/base/index.ts';
import { createEmbeddedBroker, type EmbeddedBrokerOptions } from '../../../../src/broker/embedded/index.ts';
import type { Broker } from '../../../../src/broker/index.ts';
import { type CityFile, type Config, citySchema } from '../../../../src/config/index.ts';

/** What holds where a test says nothing else; a file of tests may be run with another default. */
export const DEFAULTS = { fastLane: true };

/** The `mqtt` section of a configuration with its defaults, on any free port. */
export function mqttConfig(mqtt: CityFile['mqtt'] = {}): Config['mqtt'] {
  return citySchema.parse({ city: { id: 'x', name: 'X', timeZone: 'UTC' }, mqtt: { port: 0, ...DEFAULTS, ...mqtt } })
    .mqtt;
}

export function embedded(
  mqtt: CityFile['mqtt'] = {},
  secrets: Readonly<Record<string, string>> = {},
  more: Partial<EmbeddedBrokerOptions> = {},
): Broker {
  return createEmbeddedBroker({
    ...more,
    config: mqttConfig(mqtt),
    secrets: new Map(Object.entries(secrets)),
    clock: systemClock,
  });
}
