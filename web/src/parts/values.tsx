import { serverNowMs, toMs } from '../data/state.ts';
import { meetsTarget, targetSign } from '../data/targets.ts';
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

/** Counts above this are left to the tooltip: a year has 8,760 hours, and the percentage says it. */
const LONG_COUNT = 999;

/** Valid parts of expected parts, as numbers and as a bar. */
export function Coverage({ value }: { value: KpiValue }) {
  return (
    <span class="coverage" title={`${value.validCount} valid of ${value.expectedCount} expected`}>
      <Bar ratio={value.coverage} tone={value.valid ? 'good' : 'bad'} />
      {value.expectedCount > LONG_COUNT
        ? formatPercent(value.coverage)
        : `${value.validCount}/${value.expectedCount} · ${formatPercent(value.coverage)}`}
    </span>
  );
}

export function Bar({ ratio, tone }: { ratio: number; tone: 'good' | 'warn' | 'bad' }) {
  return (
    <svg class={`bar ${tone}`} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="bar-ground" width="100" height="6" />
      <rect class="bar-fill" width={Math.max(0, Math.min(1, ratio)) * 100} height="6" />
    </svg>
  );
}

/** Why values are corrected. */
export const REASONS: Readonly<Record<string, string>> = {
  late: 'readings came after the value was final',
  rebuilt: 'older readings came, and hours were read back for them',
  facts: 'a city fact was changed',
  config: 'the configuration was changed',
};

/** Provisional or final, and which revision, with its reason. */
export function Standing({ value }: { value: KpiValue }) {
  return (
    <>
      <span class={value.final ? 'tag' : 'tag provisional'}>{value.final ? 'final' : 'provisional'}</span>
      {value.revision > 0 ? (
        <span class="tag revised" title={REASONS[value.reason ?? ''] ?? 'corrected'}>
          rev {value.revision}
          {value.reason === null ? '' : ` · ${value.reason}`}
        </span>
      ) : null}
    </>
  );
}

/** The city's target and, where that can be said, whether the value meets it, in words. */
export function Target({ kpi, value, isBare = false }: { kpi: KpiInfo; value: KpiValue; isBare?: boolean }) {
  if (kpi.target === null) return null;
  const isMet = meetsTarget(kpi, value);
  return (
    <span class="target">
      {isBare ? '' : 'Target '}
      {targetSign(kpi)}
      {formatNumber(kpi.target, Number.isInteger(kpi.target) ? 0 : kpi.decimals)}
      {isMet === null ? null : <b class={isMet ? 'met' : 'missed'}>{isMet ? 'met' : 'missed'}</b>}
    </span>
  );
}

/** A window that has not ended yet cannot be complete: what it says is "so far", which is no fault. */
export function isSoFar(value: KpiValue): boolean {
  return !value.valid && !value.final && toMs(value.end) > serverNowMs();
}

/** What a value that is not valid lacks; nothing for a valid one. */
export function MissedRule({ kpi, value }: { kpi: KpiInfo; value: KpiValue }) {
  if (value.valid) return null;
  const soFar = isSoFar(value);
  return (
    <p class={soFar ? 'rule so-far' : 'rule'}>
      <b>{soFar ? 'So far' : 'Not valid'}</b> {soFar ? 'will need' : 'needs'} {kpi.completeness}
    </p>
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
