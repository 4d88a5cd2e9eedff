// In: device-profiles. Out: checked, compiled closures that read a document into quantities; compiled.ts is the contract.
export * from './compile.ts';
export * from './compiled.ts';
export * from './device-topics.ts';
export * from './load.ts';
export * from './schema.ts';
