import type { QuantityKind, Series } from '../model/index.ts';
import { BACKFLOW_TOLERANCE } from './register-increase.ts';
import type { WindowSettings } from './window-settings.ts';

/** What is believed of a register, in the quantity's unit. */
export interface RegisterBelief {
  /** Largest believable increase an hour; readings less than an hour apart are allowed a whole hour's. */
  readonly rateMaxPerHour: number;
  /** A step back of at most this much is flow backwards. */
  readonly backflowTolerance: number;
}

/** What a pane needs to know of its series. */
export interface PaneRule {
  readonly kind: QuantityKind;
  readonly expectEveryMs: number;
  /** Register neighbours further apart leave the time between them open, ms. */
  readonly counterGapMsMax: number;
  readonly register: RegisterBelief;
}

/** The rule of a series. */
export function paneRuleOf(
  series: Series,
  settings: Pick<WindowSettings, 'counterGapMsMax' | 'registerRateMaxPerHour'>,
): PaneRule {
  const rateMaxPerHour = settings.registerRateMaxPerHour(series);
  return {
    kind: series.kind,
    expectEveryMs: series.expectEveryMs,
    counterGapMsMax: settings.counterGapMsMax,
    register: { rateMaxPerHour, backflowTolerance: BACKFLOW_TOLERANCE },
  };
}
