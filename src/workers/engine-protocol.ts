import type { MessagePort } from 'node:worker_threads';
import type { CityConfig } from '../config/index.ts';
import type { KpiQuestion } from '../kpis/index.ts';
import type { Series } from '../model/index.ts';
import type { EngineStanding, LiveUpdate, WhyAnswer } from '../views/index.ts';
import type { StreamsPlace } from './cluster/index.ts';

/** What the engine thread is started with. */
export interface EngineThreadSettings {
  readonly config: CityConfig;
  /** Folders of device profiles, the city's own first. */
  readonly profileFolders: readonly string[];
  /** Files, or the streams of a city that is spread over processes. */
  readonly journal: { readonly folder: string } | StreamsPlace;
  readonly snapshotFolder: string;
  /** Which profiles decoded which records. */
  readonly profileFile: string;
  /** The oldest record that the journal still has. */
  readonly journalFirstSequence: number;
  /** Journal position that the store includes. */
  readonly storePosition: number;
  /** All series of the store, by number. */
  readonly storedSeries: readonly Series[];
  /** Basis of the store's KPI values; undefined when it does not say. */
  readonly storeBasis: string | undefined;
  /** The engine's end of a writer port of the store thread. */
  readonly storePort: MessagePort;
}

/** To the engine. */
export type EngineRequest =
  | { readonly kind: 'durable'; readonly sequence: number }
  | { readonly kind: 'why'; readonly id: number; readonly question: KpiQuestion }
  | { readonly kind: 'stop' };

/** What became of a question: an answer (null where there is nothing to take apart), or why there is none. */
export type WhyOutcome = { readonly answer: WhyAnswer | null } | { readonly error: string };

/** From the engine. */
export type EngineNotice =
  | { readonly kind: 'ready'; readonly sequence: number; readonly fromSnapshot: boolean }
  | { readonly kind: 'tick'; readonly update: LiveUpdate; readonly standing: EngineStanding }
  /** The store includes everything up to `sequence`. */
  | { readonly kind: 'stored'; readonly sequence: number }
  /** All behind `sequence` can be rebuilt without the journal before it. */
  | { readonly kind: 'safe'; readonly sequence: number; readonly newestSnapshot: number }
  | { readonly kind: 'why'; readonly id: number; readonly outcome: WhyOutcome }
  | { readonly kind: 'warning'; readonly text: string }
  | { readonly kind: 'stopped' };
