// In: a recording of outages, one row an event. Out: its events over MQTT, and every result that differs.
export * from './city.ts';
export * from './events.ts';
export * from './messages.ts';
export * from './run.ts';
export * from './verify-outages.ts';
