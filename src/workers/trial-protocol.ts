import type { MessagePort } from 'node:worker_threads';
import type { CityConfig } from '../config/index.ts';
import type { PortError } from './store-protocol.ts';
import type { TrialOrder } from './trial-order.ts';
import type { TrialSummary } from './trial-summary.ts';

/** What the thread of a trial is started with. */
export interface TrialThreadSettings {
  readonly city: CityConfig;
  readonly order: TrialOrder;
  /** Of the embedded store. */
  readonly readerPort: MessagePort;
  /** Absolute path of the file that is written. */
  readonly file: string;
}

/** A value of a trial, as it is told. */
export interface TrialRow {
  readonly zone: string;
  /** ISO 8601, UTC. */
  readonly start: string;
  readonly end: string;
  readonly value: number | null;
  readonly valid: boolean;
  readonly coverage: number;
  readonly final: boolean;
}

/** What a trial came to; all values are in the file. JSON. */
export interface TrialJobResult extends TrialSummary {
  readonly kpi: { readonly id: string; readonly title: string; readonly unit: string; readonly window: string };
  readonly scopes: readonly string[];
  /** Series that the KPI reads. */
  readonly series: number;
  /** Newest reading of them, ISO 8601 UTC; null when there is none. */
  readonly newest: string | null;
  /** Null when there is no value at all. */
  readonly first: TrialRow | null;
  readonly last: TrialRow | null;
  /** Rows of the file, those without a value included, and its absolute path. */
  readonly rows: number;
  readonly file: string;
}

/** From the thread. */
export type TrialNotice =
  | { readonly kind: 'progress'; readonly ratio: number }
  | { readonly kind: 'done'; readonly result: TrialJobResult }
  | { readonly kind: 'failed'; readonly error: PortError };
