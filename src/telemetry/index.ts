// In: what the rooms have to say. Out: structured log lines without secrets, throttled, and rates per second.
export * from './logger.ts';
export * from './rate-meter.ts';
export * from './throttle.ts';
