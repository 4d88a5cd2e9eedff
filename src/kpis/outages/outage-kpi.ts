import { OUTAGE_QUANTITIES } from '../../model/index.ts';
import type { KpiDefinition } from '../definition.ts';
import type { LongWindow } from '../long-windows.ts';
import { foldOutages, outageDayPart } from './outage-part.ts';

/** Windows of many days that indices of reliability are computed for. */
export type OutageWindow = Exclude<LongWindow, 'month'>;

export const OUTAGE_LONG_WINDOWS: readonly OutageWindow[] = ['rolling-365d', 'year'];

/** How they are named. */
export const OUTAGE_WINDOWS: Readonly<
  Record<OutageWindow, { readonly suffix: string; readonly title: string; readonly words: string }>
> = {
  'rolling-365d': { suffix: '365d', title: '365 days', words: 'that began in the last 365 local days' },
  year: { suffix: 'year', title: 'year to date', words: 'that began in the ended days of the calendar year' },
};

/** In words, those of a day. */
export const OF_THE_DAY = 'that began on the local day';

/** In words, what counts as sustained. */
export const SUSTAINED =
  'sustained interruptions (longer than outages.sustainedOver, 5 minutes; running ones from their start)';

/** In words, how steps and days are counted. */
export const STEPS =
  'each step of a restoration is an interruption of its own; all minutes belong to the day on which the interruption began';

const COMMON = {
  domain: 'energy',
  bands: [],
  scopes: ['zone', 'city'],
  quantities: OUTAGE_QUANTITIES,
  reachHours: 0,
  looksAt: [],
} as const satisfies Partial<KpiDefinition>;

const SERVED = 'the customers served are known, and are no fewer than those of any interruption';

/** What indices of a day share. */
export const OUTAGE_DAY = {
  ...COMMON,
  window: 'day',
  completeness: `${SERVED}; provisional while interruptions run`,
  device: outageDayPart,
} as const satisfies Partial<KpiDefinition>;

/**
 * What indices of many days share, which are folded from the days of zones.
 *
 * @param of the KPI of the day that is folded; any of them carries all that is needed
 */
export function outageLong(window: OutageWindow, of: KpiDefinition) {
  return {
    ...COMMON,
    window,
    completeness: `${SERVED}; 90 % of the days are known, the first being that of the first message on outages; provisional while interruptions run`,
    days: { of, level: 'zone', fold: foldOutages },
    device: () => null,
  } as const satisfies Partial<KpiDefinition>;
}

/** What an index says of itself, whatever the window. */
export interface OutageIndexInfo
  extends Pick<
    KpiDefinition,
    'unit' | 'unitLabel' | 'direction' | 'decimals' | 'source' | 'spatial' | 'facts' | 'title'
  > {
  /** Without the part that names the window. */
  readonly id: string;
  /** @param which interruptions it is made of, in words */
  method(which: string): string;
}

/** The index of a local day; U4SSC asks for years only. */
export function outageOfDay({ id, title, method, ...info }: OutageIndexInfo): KpiDefinition {
  return {
    ...OUTAGE_DAY,
    ...info,
    id: `${id}-day`,
    code: '',
    title: `${title}, day`,
    method: method(OF_THE_DAY),
  };
}

/**
 * The index of a year.
 *
 * @param of the KPI of the day that is folded; any of them carries all that is needed
 * @param named code and title where U4SSC has the index
 */
export function outageOfYear(
  window: OutageWindow,
  of: KpiDefinition,
  { id, title, method, ...info }: OutageIndexInfo,
  named: Partial<Pick<KpiDefinition, 'code' | 'title'>> = {},
): KpiDefinition {
  const { suffix, title: windowTitle, words } = OUTAGE_WINDOWS[window];
  return {
    ...outageLong(window, of),
    ...info,
    id: `${id}-${suffix}`,
    code: named.code ?? '',
    title: `${named.title ?? title}, ${windowTitle}`,
    method: method(words),
  };
}
