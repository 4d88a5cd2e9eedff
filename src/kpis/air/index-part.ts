import type { Part } from '../definition.ts';
import type { KpiBand } from '../kpi.ts';

/** What one pollutant gives to an index. */
export interface IndexItem {
  /** As the note names it. */
  readonly name: string;
  /** Null when the pollutant says nothing. */
  readonly index: number | null;
  readonly valid: boolean;
}

/**
 * An index is that of its worst pollutant: of the valid ones, or of all where there is no valid one. The first of equals
 * is named.
 *
 * @param items of the pollutants that the place measures
 * @returns null when it measures none
 */
export function worstPart(items: readonly IndexItem[]): Part | null {
  if (items.length === 0) return null;
  const valid = items.filter((item) => item.valid && item.index !== null);
  const used = valid.length > 0 ? valid : items;
  let worst: IndexItem | undefined;
  for (const item of used) {
    if (item.index !== null && item.index > (worst?.index ?? Number.NEGATIVE_INFINITY)) worst = item;
  }
  return {
    value: worst?.index ?? null,
    validCount: valid.length,
    expectedCount: items.length,
    valid: valid.length > 0,
    note: worst?.name ?? '',
  };
}

/** Classes of an index as bands of its value. */
export function bandsOf(
  classes: readonly { readonly name: string; readonly color: string; readonly upTo?: number }[],
): readonly KpiBand[] {
  return classes.map(({ name, color, upTo }, index) => ({ name, color, upTo: upTo ?? index + 1 }));
}
