// In: readings. Out: pane and window aggregates, by event time. Pure.
export * from './aggregate.ts';
export * from './merge-panes.ts';
export * from './window-bounds.ts';
export * from './window-engine.ts';
