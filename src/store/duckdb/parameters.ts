import { BIGINT, type DuckDBType, type DuckDBValue } from '@duckdb/node-api';
import { assert } from '../../base/index.ts';

/** A value bound to a question mark of a query. */
export type Parameter = readonly [value: DuckDBValue, type: DuckDBType];

/** An integer column is at least, or below, x exactly when it is so for x rounded up. Infinite bounds are the widest. */
export function bound(value: number): Parameter {
  assert(!Number.isNaN(value), 'a bound of a store query is not a number');
  const limited = Math.min(Number.MAX_SAFE_INTEGER, Math.max(Number.MIN_SAFE_INTEGER, Math.ceil(value)));
  return [BigInt(limited), BIGINT];
}
