// In: topics and payloads. Out: MQTT publishes with a bounded window, as a sensor or gateway sends them.
export * from './publisher.ts';
export * from './random.ts';
