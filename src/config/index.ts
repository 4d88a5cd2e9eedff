// In: city.yaml, environment and command line. Out: one checked, frozen Config.
export * from './devices.ts';
export * from './facts.ts';
export * from './load.ts';
export * from './schema.ts';
