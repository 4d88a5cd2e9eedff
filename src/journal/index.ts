// In: messages. Out: the same messages, in order, once they lie on disk; journal.ts is the contract, streams.ts that of a city spread over processes.
export * from './journal.ts';
export * from './streams.ts';
