// In: messages. Out: the same messages, in order, once they lie on disk; journal.ts is the contract.
export * from './journal.ts';
export * from './streams.ts';
