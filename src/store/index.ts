// In: batches of readings, panes, KPI values and rejects with their journal position. Out: the same, asked for; store.ts is the contract.
export * from './mirror.ts';
export * from './store.ts';
