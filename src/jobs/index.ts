// In: work that outlives a request. Out: the same, done once its handler ran to the end; jobs.ts, batches.ts and leases.ts are the contracts.
export * from './batches.ts';
export * from './jobs.ts';
export * from './leases.ts';
