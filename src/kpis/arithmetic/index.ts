// In: numbers of one period. Out: the standards' arithmetic on them; no clock, no state, no packages.
export * from './air-units.ts';
export * from './completeness.ts';
export * from './eaqi.ts';
export * from './eaqi-tables.ts';
export * from './eight-hour-means.ts';
export * from './energy.ts';
export * from './mean.ts';
export * from './noise.ts';
export * from './reliability.ts';
export * from './spatial.ts';
export * from './water.ts';
