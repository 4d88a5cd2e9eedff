import type { MessagePort } from 'node:worker_threads';
import type { CityConfig, MirrorConfig } from '../config/index.ts';
import type { MirrorStanding } from '../store/index.ts';
import type { PortError } from './store-protocol.ts';

/** A mirror to be told everything, and its password or token. */
export interface MirrorSettings {
  readonly config: MirrorConfig;
  readonly secret: string | undefined;
}

/** What the thread of the mirrors is started with. */
export interface MirrorThreadSettings {
  readonly mirrors: readonly MirrorSettings[];
  /** Zones of devices come from it. */
  readonly city: CityConfig;
  /** Where cursors are kept. */
  readonly folder: string;
  /** Of the embedded store. */
  readonly readerPort: MessagePort;
}

/** From the thread. */
export type MirrorNotice =
  | { readonly kind: 'standing'; readonly standing: MirrorStanding }
  | { readonly kind: 'warning'; readonly name: string; readonly text: string }
  | { readonly kind: 'failed'; readonly error: PortError };

/** To the thread: end, once the requests at hand have ended. */
export type MirrorRequest = { readonly kind: 'stop' };
