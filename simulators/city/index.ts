// In: a seed and a number of devices. Out: what such a city's sensors publish over MQTT, in their own formats.
export * from './device.ts';
export * from './events.ts';
export * from './faults.ts';
export * from './population.ts';
export * from './simulate.ts';
