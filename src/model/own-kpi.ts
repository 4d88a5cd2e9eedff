import type { QuantityKind } from './quantities.ts';

/* The words that an operator defines a KPI of a city's own with. */

/** Windows that it can be of. */
export const OWN_WINDOWS = ['hour', 'rolling-8h', 'rolling-24h', 'day'] as const;
export type OwnWindow = (typeof OWN_WINDOWS)[number];

/** What can be asked of the hours of a window. */
export const OWN_STATS = ['mean', 'min', 'max', 'energetic', 'increase', 'sum'] as const;
export type OwnStat = (typeof OWN_STATS)[number];

/** Statistics by the kind of the quantity, so that a wrong one cannot be asked for. */
export const STATS_OF_KIND: Readonly<Record<QuantityKind, readonly OwnStat[]>> = {
  gauge: ['mean', 'min', 'max'],
  level: ['energetic', 'min', 'max'],
  counter: ['increase'],
  delta: ['sum'],
  state: [],
  angle: [],
};

/** How devices make a zone, and zones their parent. */
export const OWN_SPACES = ['mean', 'population', 'sum', 'highest', 'lowest', 'energetic'] as const;
export type OwnSpace = (typeof OWN_SPACES)[number];

/** How days make the last 365 of them and the calendar year. */
export const OWN_FOLDS = ['mean', 'sum', 'energetic'] as const;
export type OwnFold = (typeof OWN_FOLDS)[number];

/** Whose value the expression makes. */
export const OWN_PERS = ['device', 'area'] as const;

/** Ids of such KPIs begin with it, and no other KPI's does. */
export const OWN_PREFIX = 'own-';

/** Ids of the KPIs that one makes: its own, and those of its years. */
export function ownKpiIds({ id, years }: { readonly id: string; readonly years?: OwnFold | undefined }): string[] {
  return years === undefined ? [id] : [id, `${id}-365d`, `${id}-year`];
}
