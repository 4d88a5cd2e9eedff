// The hot loops of the window engine; AssemblyScript, built by ./build.mjs. The readable definition is TypeScript.
export { ingest } from './ingest';
export { rolling } from './rolling';
