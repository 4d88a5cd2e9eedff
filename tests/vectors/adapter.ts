/*
 * The one place where the names of the vectors (`fn`, and the words of their inputs and results) meet the functions of
 * the product, one file a domain. An `fn` that is absent there is reported as not covered.
 */
import { AIR } from './adapter-air.ts';
import { CITY } from './adapter-city.ts';
import { COMPLETENESS } from './adapter-completeness.ts';
import { ENERGY } from './adapter-energy.ts';
import { NOISE } from './adapter-noise.ts';
import { RELIABILITY } from './adapter-reliability.ts';
import { TIME } from './adapter-time.ts';
import { WATER } from './adapter-water.ts';

/** Product function by the vectors' name. */
export const ADAPTERS: ReadonlyMap<string, (inputs: unknown) => unknown> = new Map(
  Object.entries({ ...AIR, ...COMPLETENESS, ...NOISE, ...TIME, ...WATER, ...ENERGY, ...CITY, ...RELIABILITY }).map(
    ([name, adapter]) => [name, adapter as (inputs: unknown) => unknown],
  ),
);
