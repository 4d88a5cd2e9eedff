import { U4SSC_KPIS } from './catalogue.ts';
import type { U4sscKpi } from './kpi.ts';
import type { KpiTarget, ReportedValue } from './state.ts';

/** What a configuration says of U4SSC by code. */
interface Coded {
  readonly reported: readonly ReportedValue[];
  readonly targets: Readonly<Record<string, number | KpiTarget>>;
}

/**
 * What is wrong with codes and series of a configuration.
 *
 * @returns one sentence a problem, with the key, the value and what is allowed
 */
export function u4sscProblems({ reported, targets }: Coded): string[] {
  const seen = new Set<string>();
  const ofReported = reported.flatMap(({ kpi, series, period }, index) => {
    const key = `${kpi}\n${series ?? ''}\n${period}`;
    const twice = seen.has(key) ? [`reported[${index}]: "${kpi}" stands twice for ${period}; write it once`] : [];
    seen.add(key);
    return [...codeProblems(`reported[${index}]: kpi`, kpi, series), ...twice];
  });
  const ofTargets = Object.keys(targets)
    .filter((key) => key.includes(':'))
    .flatMap((key) => {
      const at = key.indexOf('/');
      return at < 0
        ? codeProblems('targets:', key, undefined)
        : codeProblems('targets:', key.slice(0, at), key.slice(at + 1));
    });
  return [...ofReported, ...ofTargets];
}

function codeProblems(place: string, code: string, series: string | undefined): string[] {
  const kpi = U4SSC_KPIS.find((one) => one.code === code);
  if (kpi === undefined) return [`${place} "${code}" is no U4SSC code; ${likeness(code)}`];
  const names = kpi.series.map(({ name }) => name);
  if (names.includes(series ?? '')) return [];
  if (names.length > 1) {
    return [
      `${place} "${code}" has the series "${series ?? ''}"; allowed are ${names.map((name) => `"${name}"`).join(', ')}`,
    ];
  }
  return [`${place} "${code}" has one number and no series "${series}"; leave it out`];
}

/** The codes of the same group, which is where a slip of the pen lies near. */
function likeness(code: string): string {
  const group = code.split(':').slice(0, 2).join(':');
  const near = U4SSC_KPIS.filter((kpi) => matches(kpi, code) || kpi.code.startsWith(`${group}:`)).map(
    (kpi) => kpi.code,
  );
  return near.length === 0 ? 'codes are written "EN: EN: AQ: 1C"' : `allowed are ${near.join('; ')}`;
}

function matches(kpi: U4sscKpi, code: string): boolean {
  return kpi.alsoListedAs === code;
}
