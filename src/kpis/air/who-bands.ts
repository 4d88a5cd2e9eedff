import type { WhoLevel } from '../arithmetic/index.ts';
import type { KpiBand } from '../kpi.ts';

const COLORS = ['#2e9e6b', '#9bbf3b', '#e3c440', '#e8923a', '#d6503f', '#8e2a5c'];

/** A WHO guideline and its interim targets as bands; none where the WHO gives no level. */
export function whoBands(level: WhoLevel | undefined): readonly KpiBand[] {
  if (level === undefined) return [];
  const limits = [level.guideline, ...level.interim];
  const name = (index: number): string => {
    if (index === 0) return 'WHO guideline met';
    if (limits.length === 1) return 'above WHO guideline';
    return index === limits.length ? 'above all WHO targets' : `WHO interim target ${limits.length - index} met`;
  };
  return [...limits, Number.POSITIVE_INFINITY].map((upTo, index) => ({
    name: name(index),
    upTo,
    color: COLORS[index] ?? '#8e2a5c',
  }));
}
