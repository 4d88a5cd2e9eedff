import { html, type Markup, NOTHING } from '../html.ts';
import { hasTarget, isNumber, type KpiReport, type ReportValue } from './report.ts';
import type { LocalTimes } from './times.ts';
import { numberText, targetText } from './words.ts';

const WIDTH = 720;
const HEIGHT = 136;
/** Room for the numbers at the left, and for strokes at the other sides. */
const LEFT = 64;
const PAD = 12;
/** Room for the times below. */
const BELOW = 30;
/** A level that hardly moves must look like it: noise is not blown up to the whole height. */
const SPAN_RATIO_MIN = 0.05;
/** Windows further apart than so many steps have a gap between them: days of 25 hours do not. */
const GAP_STEPS = 1.5;

/** The windows of a KPI as a line; what is missing is a gap, what is not valid a hollow point. The table has the numbers. */
export function chart({ info, values }: KpiReport, times: LocalTimes): Markup {
  const shown = values.filter(({ value }) => isNumber(value));
  if (shown.length < 2) return NOTHING;
  const scale = scaleOf(shown, hasTarget(info) ? info.target : null);
  const invalid = shown.filter(({ valid }) => !valid);
  const target =
    scale.targetY === null
      ? NOTHING
      : html`<path class="target" d="M${LEFT} ${coordinate(scale.targetY)}H${WIDTH - PAD}"/>`;
  const unit = info.unitLabel === '' ? '' : ` ${info.unitLabel}`;
  const text = (value: number) => numberText(value, info.decimals);
  const [first, last] = [shown[0]!, shown.at(-1)!];
  const said = `${info.title}: ${shown.length} windows from ${times.text(first.startMs)} to ${times.text(last.endMs)}, lowest ${text(scale.low)}${unit}, highest ${text(scale.high)}${unit}${scale.targetY === null ? '' : `, target ${targetText(info)}${unit}`}. The table has every value.`;
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${said}"><text x="${LEFT - 8}" y="${coordinate(scale.y(scale.high) + 4)}">${text(scale.high)}</text>${
    scale.high === scale.low
      ? NOTHING
      : html`<text x="${LEFT - 8}" y="${coordinate(Math.max(scale.y(scale.low) + 4, scale.y(scale.high) + 18))}">${text(scale.low)}</text>`
  }<text class="first" x="${LEFT}" y="${HEIGHT - 6}">${times.text(first.endMs)}</text><text x="${WIDTH - PAD}" y="${HEIGHT - 6}">${times.text(last.endMs)}</text>${target}<path class="line" d="${lineOf(shown, scale)}"/>${invalid.map(
    (value) =>
      html`<circle class="invalid" cx="${coordinate(scale.x(value))}" cy="${coordinate(scale.y(value.value!))}" r="3"/>`,
  )}</svg>`;
}

interface Scale {
  readonly low: number;
  readonly high: number;
  readonly targetY: number | null;
  x(value: ReportValue): number;
  y(value: number): number;
}

function scaleOf(shown: readonly ReportValue[], target: number | null): Scale {
  const numbers = shown.map(({ value }) => value!);
  // A window is drawn by its end, as its value is known then.
  const [firstMs, lastMs] = [shown[0]!.endMs, shown.at(-1)!.endMs];
  const low = numbers.reduce((a, b) => Math.min(a, b));
  const high = numbers.reduce((a, b) => Math.max(a, b));
  const [bottom, top] = target === null ? [low, high] : [Math.min(low, target), Math.max(high, target)];
  const span = Math.max(top - bottom, Math.abs(top) * SPAN_RATIO_MIN) || 1;
  const base = (top + bottom - span) / 2;
  const y = (value: number) => HEIGHT - BELOW - ((value - base) / span) * (HEIGHT - BELOW - PAD);
  const x = ({ endMs }: ReportValue) => LEFT + ((endMs - firstMs) / (lastMs - firstMs || 1)) * (WIDTH - LEFT - PAD);
  return { low, high, targetY: target === null ? null : y(target), x, y };
}

function lineOf(shown: readonly ReportValue[], { x, y }: Scale): string {
  const steps = shown.slice(1).map(({ endMs }, index) => endMs - shown[index]!.endMs);
  const gapMs = GAP_STEPS * steps.reduce((a, b) => Math.min(a, b));
  let text = '';
  let before: ReportValue | undefined;
  for (const value of shown) {
    const goesOn = before?.valid === true && value.valid && value.endMs - before.endMs <= gapMs;
    // A move without a line behind it shows nothing: a line of no length is a point.
    if (value.valid)
      text += `${goesOn ? 'L' : 'M'}${coordinate(x(value))} ${coordinate(y(value.value!))}${goesOn ? '' : 'h0'}`;
    before = value;
  }
  return text;
}

function coordinate(value: number): string {
  return value.toFixed(1);
}
