import type { AggregateAnswer } from './api.ts';
import type { ColumnRule } from './spec-kinds.ts';

/* Columns that files of several kinds have, and where an aggregate says them. */

export type AggregateColumn = ColumnRule<AggregateAnswer>;

export const mean = (column = 'mean'): AggregateColumn => ({
  column,
  comparison: 'rounded',
  pick: (row) => row.value,
  unit: 'recorded',
});
export const least = (column = 'min'): AggregateColumn => ({
  column,
  comparison: 'exact',
  pick: (row) => row.min,
  unit: 'recorded',
});
export const most = (column = 'max'): AggregateColumn => ({
  column,
  comparison: 'exact',
  pick: (row) => row.max,
  unit: 'recorded',
});
export const parts = (column = 'n'): AggregateColumn => ({
  column,
  comparison: 'count',
  pick: (row) => row.validParts,
});
export const readings = (column = 'n'): AggregateColumn => ({ column, comparison: 'count', pick: (row) => row.count });
