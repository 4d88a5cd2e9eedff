/** A measurement beside the C reference. */
export interface EnginePlan {
  readonly case: string;
  readonly series: number;
  /** Event time between two looks at the figures; every one has a run of the C reference before and after it. */
  readonly segmentMinutes: number;
  readonly repeats: number;
  readonly warmMinutes: number;
}

/**
 * Series start within the first 120 minutes, so that their blocks fill and drop at different times; 130 minutes later
 * all that the horizon holds is full.
 */
const WARM_MINUTES = 250;

/** The cases that are measured beside the C reference. */
export const ENGINE_PLANS: readonly EnginePlan[] = [
  { case: 'engine-1k', series: 1_000, segmentMinutes: 2_000, repeats: 3, warmMinutes: WARM_MINUTES },
  { case: 'engine-100k', series: 100_000, segmentMinutes: 20, repeats: 3, warmMinutes: WARM_MINUTES },
  { case: 'engine-1m', series: 1_000_000, segmentMinutes: 4, repeats: 2, warmMinutes: 200 },
];

/** Bytes of quarter-hourly meters after 30 hours. */
export const METERS_CASE = { case: 'meters-20k', series: 20_000, hours: 30 } as const;
