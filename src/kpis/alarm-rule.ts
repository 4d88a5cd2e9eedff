import { assert, DAY_MS, HOUR_MS, MINUTE_MS, QUARTER_MS } from '../base/index.ts';
import type { KpiValue, KpiWindowKind } from '../model/index.ts';

/*
 * When a KPI would have alarmed. Times are ends of windows: a value is known from there on.
 *
 *   value      2  9  9  .  9  9  5  3  3       above 8, clear 4, hold for 2 h, clear for 1 h; hours; "." is missing
 *   held, h       0  1  1  1  2                the gap adds nothing, and takes nothing away
 *   alarm         ^from     ^fired     ^cleared
 */

export type AlarmCondition = 'above' | 'below';

/** What fires an alarm, and what clears it. */
export interface AlarmRule {
  readonly condition: AlarmCondition;
  /** In the unit of the KPI; a value has to lie beyond it, not on it. */
  readonly threshold: number;
  /** A fired alarm goes on while values have not come back to this one; never on the alarm's side of `threshold`. */
  readonly clearThreshold: number;
  /** Event time that the condition has to hold before it fires; 0 for the first value. */
  readonly holdForMs: number;
  /** Likewise that values have to be back before the alarm is cleared. */
  readonly clearForMs: number;
  /** Values with less of their expected parts are left out, 0 to 1; those of which nothing is expected are not. */
  readonly coverageMin: number;
}

/** A time in which the alarm would have been on. Instants are ms UTC. */
export interface AlarmEpisode {
  /** End of the first window whose value met the condition. */
  readonly fromMs: number;
  readonly firedAtMs: number;
  /** Null while it was still on at the end. */
  readonly clearedAtMs: number | null;
  /** The value furthest beyond the threshold (of equal ones the first), and its window. */
  readonly peak: { readonly value: number; readonly startMs: number; readonly endMs: number };
  /** Windows that met the condition. */
  readonly windows: number;
  /** A window that it is made of was not over yet: it may come out otherwise. */
  readonly provisional: boolean;
}

/** Why values were not looked at. */
export const ALARM_LEFT_OUT = ['noValue', 'notValid', 'incomplete'] as const;
export type AlarmLeftOut = (typeof ALARM_LEFT_OUT)[number];

/** What a rule would have made of the values. */
export interface AlarmFindings {
  /** Windows that there is a value of, and those of them that were looked at. */
  readonly windows: number;
  readonly used: number;
  readonly leftOut: Readonly<Record<AlarmLeftOut, number>>;
  /** Of those looked at the ones that were not over yet. */
  readonly provisional: number;
  /** How often at least one window was missing, or left out, between two that were looked at. */
  readonly gaps: number;
  /** Oldest first; at most `ALARM_EPISODES_MAX`. */
  readonly episodes: readonly AlarmEpisode[];
  /** All of them. */
  readonly episodeCount: number;
}

/** Episodes that are told; the rest is counted. */
export const ALARM_EPISODES_MAX = 1_000;

interface Running {
  readonly fromMs: number;
  firedAtMs: number | undefined;
  heldMs: number;
  /** How long values have been back; undefined while they are not. */
  clearHeldMs: number | undefined;
  peak: AlarmEpisode['peak'];
  windows: number;
  provisional: boolean;
}

/**
 * Looks at the values of one KPI and zone, one after the other. A value that is missing, not valid or of incomplete
 * coverage is a gap: it fires nothing, clears nothing, and its time counts neither as holding nor as being back.
 */
export class AlarmEvaluation {
  readonly #rule: AlarmRule;
  readonly #apartMsMax: number;
  /** The newest revision so far of the window at hand. */
  #waiting: KpiValue | undefined;
  /** End of the window that was looked at last. */
  #beforeMs: number | undefined;
  #running: Running | undefined;
  readonly #episodes: AlarmEpisode[] = [];
  #episodeCount = 0;
  #windows = 0;
  #used = 0;
  #provisional = 0;
  #gaps = 0;
  readonly #leftOut: Record<AlarmLeftOut, number> = { noValue: 0, notValid: 0, incomplete: 0 };

  constructor(rule: AlarmRule, window: KpiWindowKind) {
    this.#rule = rule;
    this.#apartMsMax = 1.5 * stepMs(window);
  }

  /** Takes the next value, by end of window; of several revisions of one the newest counts. */
  take(value: KpiValue): void {
    const waiting = this.#waiting;
    if (waiting !== undefined && waiting.endMs === value.endMs) {
      if (value.revision > waiting.revision) this.#waiting = value;
      return;
    }
    assert(waiting === undefined || waiting.endMs < value.endMs, 'values do not come in the order of their windows');
    this.#settle();
    this.#waiting = value;
  }

  /** What came of the values so far; afterwards none is taken. */
  finish(): AlarmFindings {
    this.#settle();
    const running = this.#running;
    if (running?.firedAtMs !== undefined) this.#add(running, running.firedAtMs, null);
    this.#running = undefined;
    return {
      ...{ windows: this.#windows, used: this.#used, leftOut: { ...this.#leftOut }, provisional: this.#provisional },
      ...{ gaps: this.#gaps, episodes: this.#episodes, episodeCount: this.#episodeCount },
    };
  }

  #settle(): void {
    const value = this.#waiting;
    this.#waiting = undefined;
    if (value === undefined) return;
    this.#windows++;
    const reason = leftOut(value, this.#rule);
    if (reason !== undefined) this.#leftOut[reason]++;
    else this.#look(value, value.value!);
  }

  #look(window: KpiValue, value: number): void {
    this.#used++;
    if (!window.final) this.#provisional++;
    const passedMs = this.#passTo(window.endMs);
    const running = this.#running;
    if (meets(value, this.#rule)) this.#running = this.#hold(window, value, passedMs);
    else if (running?.firedAtMs === undefined) this.#running = undefined;
    else this.#comeBack(running, running.firedAtMs, { window, value, passedMs });
  }

  /** Time since the window before that counts: none across a gap. */
  #passTo(endMs: number): number {
    const apartMs = endMs - (this.#beforeMs ?? endMs);
    this.#beforeMs = endMs;
    if (apartMs <= this.#apartMsMax) return apartMs;
    this.#gaps++;
    return 0;
  }

  #hold({ startMs, endMs, final }: KpiValue, value: number, passedMs: number): Running {
    const before = this.#running;
    const running = before ?? begin({ value, startMs, endMs });
    if (before !== undefined) running.heldMs += passedMs;
    running.clearHeldMs = undefined;
    running.windows++;
    running.provisional ||= !final;
    const isBeyond = this.#rule.condition === 'above' ? value > running.peak.value : value < running.peak.value;
    if (isBeyond) running.peak = { value, startMs, endMs };
    if (running.heldMs >= this.#rule.holdForMs) running.firedAtMs ??= endMs;
    return running;
  }

  #comeBack(
    running: Running,
    firedAtMs: number,
    { window, value, passedMs }: { readonly window: KpiValue; readonly value: number; readonly passedMs: number },
  ): void {
    running.provisional ||= !window.final;
    if (!isBack(value, this.#rule)) {
      running.clearHeldMs = undefined;
      return;
    }
    running.clearHeldMs = running.clearHeldMs === undefined ? 0 : running.clearHeldMs + passedMs;
    if (running.clearHeldMs < this.#rule.clearForMs) return;
    this.#add(running, firedAtMs, window.endMs);
    this.#running = undefined;
  }

  #add({ fromMs, peak, windows, provisional }: Running, firedAtMs: number, clearedAtMs: number | null): void {
    this.#episodeCount++;
    if (this.#episodes.length >= ALARM_EPISODES_MAX) return;
    this.#episodes.push({ fromMs, firedAtMs, clearedAtMs, peak, windows, provisional });
  }
}

function begin(peak: AlarmEpisode['peak']): Running {
  const held = { fromMs: peak.endMs, firedAtMs: undefined, heldMs: 0, clearHeldMs: undefined };
  return { ...held, peak, windows: 0, provisional: false };
}

function leftOut(
  { value, valid, coverage, expectedCount }: KpiValue,
  { coverageMin }: AlarmRule,
): AlarmLeftOut | undefined {
  if (value === null) return 'noValue';
  if (!valid) return 'notValid';
  return expectedCount > 0 && coverage < coverageMin ? 'incomplete' : undefined;
}

function meets(value: number, { condition, threshold }: AlarmRule): boolean {
  return condition === 'above' ? value > threshold : value < threshold;
}

function isBack(value: number, { condition, clearThreshold }: AlarmRule): boolean {
  return condition === 'above' ? value <= clearThreshold : value >= clearThreshold;
}

/** How far apart windows of a kind end, ms; days and hours of other length are as near as half of it. */
function stepMs(window: KpiWindowKind): number {
  switch (window) {
    case 'minute':
      return MINUTE_MS;
    case 'quarter':
      return QUARTER_MS;
    case 'hour':
    case 'rolling-1h':
    case 'rolling-8h':
    case 'rolling-24h':
      return HOUR_MS;
    case 'week':
      return 7 * DAY_MS;
    case 'month':
      return 30 * DAY_MS;
    case 'year':
      return 365 * DAY_MS;
    default:
      return DAY_MS;
  }
}
