import {
  type CustomerInterruption,
  caidi,
  majorEventThreshold,
  reliabilityIndices,
} from '../../src/kpis/arithmetic/index.ts';
import type { Adapters } from './adapter-types.ts';

interface Indices {
  readonly customersServed: number;
  readonly events: readonly { readonly n: number; readonly min: number }[];
  readonly sustainedOverMinutes: number;
  readonly periodHours?: number;
}

/** Reliability of supply by the names of the vectors. */
export const RELIABILITY: Adapters = {
  'reliability.indices': ({ customersServed, events, sustainedOverMinutes, periodHours }: Indices) => {
    const interruptions: CustomerInterruption[] = events.map(({ n, min }) => ({ customers: n, minutes: min }));
    const rule = { overMinutes: sustainedOverMinutes, strict: true };
    const { saifi, saidiMinutes, caidiMinutes, asai, maifi } = reliabilityIndices(
      interruptions,
      customersServed,
      periodHours ?? 0,
      rule,
    );
    // A vector without a period says nothing of the availability.
    return {
      saifi,
      saidiMin: saidiMinutes,
      caidiMin: caidiMinutes,
      maifi,
      ...(periodHours === undefined ? {} : { asai }),
    };
  },
  'reliability.caidi': (v: { saidiMin: number; saifi: number }) => caidi(v.saidiMin, v.saifi),
  'u4ssc.outageTime': (v: { sumCustomerInterruptionDurationsMin: number; customerInterruptions: number }) =>
    caidi(v.sumCustomerInterruptionDurationsMin, v.customerInterruptions),
  'reliability.tMed': (v: { dailySaidi: number[] }) => majorEventThreshold(v.dailySaidi),
};
