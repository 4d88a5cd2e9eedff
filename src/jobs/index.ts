// In: work that outlives a request. Out: the same, done once its handler ran to the end; jobs.ts is the contract.
export * from './jobs.ts';
