import { toMs } from '../data/state.ts';
import type { KpiValue } from '../types.ts';

const WIDTH = 240;
const HEIGHT = 44;
const PAD = 4;
const SPAN_RATIO_MIN = 0.05;

/** The trend of a value without axes; invalid and missing values are gaps. The detail view has the numbers. */
export function Sparkline({ values }: { values: readonly KpiValue[] }) {
  const shown = values.filter((value) => value.value !== null && value.valid);
  if (shown.length < 2) return <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" />;
  const numbers = shown.map((value) => value.value as number);
  const low = Math.min(...numbers);
  const high = Math.max(...numbers);
  // A level that hardly moves must look like it: noise is not blown up to the whole height.
  const span = Math.max(high - low, Math.abs(high) * SPAN_RATIO_MIN) || 1;
  const base = (high + low - span) / 2;
  const firstMs = toMs(values[0]?.end ?? '');
  const lengthMs = toMs(values.at(-1)?.end ?? '') - firstMs || 1;
  const x = (value: KpiValue) => PAD + ((toMs(value.end) - firstMs) / lengthMs) * (WIDTH - 2 * PAD);
  const y = (value: KpiValue) => HEIGHT - PAD - (((value.value ?? low) - base) / span) * (HEIGHT - 2 * PAD);
  const last = shown.at(-1) as KpiValue;
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={path(values, x, y)} />
      {last === values.at(-1) ? <path class="end" d={`M${x(last)} ${y(last)}h0`} /> : null}
    </svg>
  );
}

function path(values: readonly KpiValue[], x: (value: KpiValue) => number, y: (value: KpiValue) => number): string {
  const step = Math.max(1, Math.floor(values.length / (WIDTH / 2)));
  let text = '';
  let isDown = false;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as KpiValue;
    if (value.value === null || !value.valid) isDown = false;
    else if (index % step === 0 || index === values.length - 1) {
      text += `${isDown ? 'L' : 'M'}${x(value).toFixed(1)} ${y(value).toFixed(1)}`;
      isDown = true;
    }
  }
  return text;
}
