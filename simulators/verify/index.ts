// In: a recording with independently computed results, and a running product. Out: every number that differs.
export * from './api.ts';
export * from './city-file.ts';
export * from './compare.ts';
export * from './everything.ts';
export * from './expected.ts';
export * from './level.ts';
export * from './mark.ts';
export * from './register-explanation.ts';
export * from './register-rules.ts';
export * from './report.ts';
export type * from './spec-kinds.ts';
export * from './specs.ts';
export * from './survey.ts';
export * from './verify-recording.ts';
export * from './windows.ts';
