import type { OutageStep } from '../../model/index.ts';
import type { OutageIndexValue } from './outage-rule.ts';

/** The sustained ones. */
export function sustainedOf(steps: readonly OutageStep[]): readonly OutageStep[] {
  return steps.filter(({ sustained }) => sustained);
}

/** An amount over the customers served, which must be known. */
export function perCustomerServed(numerator: number, served: number): OutageIndexValue {
  if (served <= 0) return { value: null, numerator, denominator: 0, note: 'customers served are not known' };
  return { value: numerator / served, numerator, denominator: served };
}
