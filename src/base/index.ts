// In: nothing. Out: clock, disk, durations, assertions, checksums, CSV, instants as text, exact sums, memory of answers; knows no sensors and no packages.
export * from './assert.ts';
export * from './calendar.ts';
export * from './clock.ts';
export * from './crc32c.ts';
export * from './csv.ts';
export * from './disk.ts';
export * from './duration.ts';
export * from './exact-sum.ts';
export * from './failure-throttle.ts';
export * from './iso-time.ts';
export * from './remember.ts';
export * from './text-cache.ts';
