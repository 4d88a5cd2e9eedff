// In: a message. Out: readings in canonical units, or a reject with its reason. Pure.
export * from './create.ts';
export * from './intake.ts';
