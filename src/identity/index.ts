// In: files of the data folder about devices and people. Out: who somebody is, what a device may do, and a trail of what happened.
export * from './audit.ts';
export * from './device-changes.ts';
export * from './device-directory.ts';
export * from './devices.ts';
export { newSecret } from './secrets.ts';
export * from './user-changes.ts';
export * from './user-directory.ts';
export * from './users.ts';
