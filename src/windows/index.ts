// In: readings. Out: pane and window aggregates, by event time. Pure.
export * from './aggregate.ts';
