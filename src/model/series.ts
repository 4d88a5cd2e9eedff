import type { Domain, QuantityKind } from './quantities.ts';

/** Device x quantity x channel; `id` is dense, counted from 0 in the order of first appearance in the journal. */
export interface Series {
  readonly id: number;
  readonly device: string;
  readonly quantity: string;
  readonly channel: string;
  /** UCUM code of the quantity. */
  readonly unit: string;
  readonly kind: QuantityKind;
  readonly domain: Domain;
  /** How often a reading is expected, ms. */
  readonly expectEveryMs: number;
}
