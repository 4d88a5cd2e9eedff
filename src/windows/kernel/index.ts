// In: the arena's memory. Out: the same readings and windows as from TypeScript, sooner. Pure.
export { type IngestHost, type IngestState, WindowKernel } from './window-kernel.ts';
