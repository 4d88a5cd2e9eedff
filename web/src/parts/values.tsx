import { formatNumber, formatPercent } from '../format.ts';
import type { KpiInfo, KpiValue } from '../types.ts';

/** The band of a value: its colour and always its name. */
export function Band({ kpi, value }: { kpi: KpiInfo; value: KpiValue }) {
  const band = value.band === null ? undefined : kpi.bands[value.band - 1];
  if (band === undefined) return null;
  return (
    <span class="band">
      <Swatch color={band.color} />
      {band.name}
    </span>
  );
}

/** A patch of colour that stands beside its name. */
export function Swatch({ color }: { color: string }) {
  return (
    <svg class="swatch" viewBox="0 0 10 10" width="10" height="10" aria-hidden="true">
      <rect width="10" height="10" rx="2" fill={color} />
    </svg>
  );
}

/** Valid parts of expected parts, as numbers and as a bar. */
export function Coverage({ value }: { value: KpiValue }) {
  return (
    <span class="coverage" title={`${value.validCount} valid of ${value.expectedCount} expected`}>
      <Bar ratio={value.coverage} tone={value.valid ? 'good' : 'bad'} />
      {formatNumber(value.validCount)}/{formatNumber(value.expectedCount)} · {formatPercent(value.coverage)}
    </span>
  );
}

export function Bar({ ratio, tone }: { ratio: number; tone: 'good' | 'bad' }) {
  return (
    <svg class={`bar ${tone}`} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="bar-ground" width="100" height="6" />
      <rect class="bar-fill" width={Math.max(0, Math.min(1, ratio)) * 100} height="6" />
    </svg>
  );
}

/** Provisional or final, and which revision. */
export function Standing({ value }: { value: KpiValue }) {
  return (
    <>
      <span class={value.final ? 'tag' : 'tag provisional'}>{value.final ? 'final' : 'provisional'}</span>
      {value.revision > 0 ? <span class="tag revised">rev {value.revision}</span> : null}
    </>
  );
}

/** The city's target and whether the value meets it, in words. */
export function Target({ kpi, value }: { kpi: KpiInfo; value: KpiValue }) {
  if (kpi.target === null) return null;
  const sign = kpi.direction === 'higher' ? '≥' : '≤';
  const isMet =
    value.value !== null && (kpi.direction === 'higher' ? value.value >= kpi.target : value.value <= kpi.target);
  return (
    <span class="target">
      Target {sign} {formatNumber(kpi.target, Number.isInteger(kpi.target) ? 0 : kpi.decimals)}
      {value.value === null ? null : <b class={isMet ? 'met' : 'missed'}>{isMet ? 'met' : 'missed'}</b>}
    </span>
  );
}

/** A value with its unit. A class of an index is a whole number without a unit. */
export function Figure({ kpi, value }: { kpi: KpiInfo; value: KpiValue | undefined }) {
  return (
    <span class="figure">
      {formatNumber(value?.value, kpi.decimals)}
      {kpi.unitLabel === '' || value?.value === null ? null : <small> {kpi.unitLabel}</small>}
    </span>
  );
}
