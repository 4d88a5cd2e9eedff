import type { CityFactId, Domain, KpiWindowKind } from '../model/index.ts';

/** One class of an index or colour band of a value; bands are listed by ascending bound. */
export interface KpiBand {
  readonly name: string;
  /** Inclusive upper bound in the KPI's unit; Infinity for the last. */
  readonly upTo: number;
  /** CSS colour of the source of the index, or of the product's palette. */
  readonly color: string;
}

/** What a KPI is, for people and for the API; the computing part stays in the room. */
export interface KpiInfo {
  /** Stable id, such as `air-pm2-5-hour`. */
  readonly id: string;
  /** U4SSC code where it has one, such as `EN: EN: AQ: 1C`; otherwise empty. */
  readonly code: string;
  readonly title: string;
  readonly domain: Domain | 'network';
  /** UCUM code. */
  readonly unit: string;
  /** As people write the unit. */
  readonly unitLabel: string;
  readonly window: KpiWindowKind;
  readonly direction: 'lower' | 'higher' | 'none';
  /** Decimals to print; full precision is kept. */
  readonly decimals: number;
  readonly bands: readonly KpiBand[];
  /** Where it is computed: for single devices, for zones, for the city. */
  readonly scopes: readonly ('device' | 'zone' | 'city')[];
  /** How it is computed, one sentence. */
  readonly method: string;
  /** Completeness rule in words, such as "at least 18 of 24 hours". */
  readonly completeness: string;
  /** How zones are made of devices, and the city of zones, in words. */
  readonly spatial: string;
  /** The clause or publication that it follows. */
  readonly source: string;
  /** City facts that a value is made of, beside the readings; the worst known of them labels it (KPI.md 1.3). */
  readonly facts?: readonly CityFactId[];
}
