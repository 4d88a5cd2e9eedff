// In: messages, a folder. Out: segment files that survive kill -9 and power loss, and a reader beside the writer.
export { type JournalFileSystem, nodeFileSystem } from './files.ts';
export { type LocalJournalReaderOptions, openLocalJournalReader } from './reader.ts';
export { type LocalJournalWriterOptions, openLocalJournalWriter } from './writer.ts';
