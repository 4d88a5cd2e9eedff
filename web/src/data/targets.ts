import type { KpiInfo, KpiValue } from '../types.ts';

/*
 * What is said of a target, by the rule of reports: the page and a report never say different things of one value.
 */

type Aim = Pick<KpiInfo, 'target' | 'direction'>;

/** A target that says which side of it is better. */
export function hasTarget({ target, direction }: Aim): boolean {
  return target !== null && direction !== 'none';
}

/** Null where there is no target, and for a value that nobody can stand behind, such as one that is "so far". */
export function meetsTarget(aim: Aim, { value, valid }: Pick<KpiValue, 'value' | 'valid'>): boolean | null {
  if (!hasTarget(aim) || !valid || value === null) return null;
  return aim.direction === 'higher' ? value >= aim.target! : value <= aim.target!;
}

/** The side of the target that is better, as a sign with a space; nothing where no side is. */
export function targetSign({ direction }: Pick<KpiInfo, 'direction'>): string {
  return direction === 'higher' ? '≥ ' : direction === 'lower' ? '≤ ' : '';
}
