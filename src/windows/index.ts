// In: readings. Out: pane and window aggregates, by event time. Pure.
export * from './aggregate.ts';
export * from './distinct-readings.ts';
export type { EngineSnapshot } from './engine-snapshot.ts';
export * from './functions/index.ts';
export type { LateBound, LateReadings } from './late-hours.ts';
export * from './merge-panes.ts';
export type { ToldPanes } from './pane-tick.ts';
export * from './plan-text.ts';
export { NEIGHBOURS_KEPT } from './register-increase.ts';
export type { RollingColumns } from './rolling.ts';
export type { SeriesKey } from './series-table.ts';
export * from './sorted-readings.ts';
export * from './stat-cell.ts';
export * from './window-bounds.ts';
export * from './window-engine.ts';
export * from './window-plan.ts';
export * from './window-settings.ts';
export * from './window-stats.ts';
