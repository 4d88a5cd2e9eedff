// In: a recording of real sensors. Out: its readings over MQTT, as those sensors would send them.
export * from './csv.ts';
export * from './mapping.ts';
export * from './message.ts';
export * from './order.ts';
export * from './progress.ts';
export * from './recording-file.ts';
export * from './replay.ts';
export * from './row-mapper.ts';
export * from './source.ts';
export * from './time-format.ts';
