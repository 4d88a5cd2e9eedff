import { DEFAULTS } from './support/embedded.ts';

/* Everything that holds for the embedded broker holds without the fast lane, too. */

DEFAULTS.fastLane = false;
await import('./embedded.test.ts');
