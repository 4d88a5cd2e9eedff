import { EU_2008, EU_2024, type EuLimit } from '../arithmetic/index.ts';
import type { KpiBand } from '../kpi.ts';
import { POLLUTANTS, type PollutantId } from './pollutants.ts';

/** A number that hours or days are counted above, with what each directive makes of it. */
export interface EuRule {
  readonly pollutant: PollutantId;
  /** In the canonical unit of the pollutant. */
  readonly value: number;
  readonly laws: readonly (Pick<EuLimit, 'kind' | 'allowed'> & { readonly version: string })[];
}

/** The numbers of both directives for one averaging time, each pollutant and number once. */
export function euRules(averaging: EuLimit['averaging']): readonly EuRule[] {
  const said = [EU_2008, EU_2024].flatMap(({ version, limits }) =>
    limits.flatMap((limit) => (limit.averaging === averaging ? [{ ...limit, version }] : [])),
  );
  const same = Map.groupBy(said, ({ pollutant, value }) => `${pollutant} ${value}`);
  return [...same.values()].flatMap((laws) => {
    const [first] = laws;
    return first === undefined || !isPollutant(first.pollutant)
      ? []
      : [{ pollutant: first.pollutant, value: first.value, laws }];
  });
}

/** What the laws allow, in words. */
export function allowanceText({ laws }: EuRule): string {
  return laws
    .map(({ kind, allowed, version }) => {
      if (kind === 'information' || kind === 'alert') return `${kind} threshold of ${version}`;
      return allowed === 0 ? `none allowed by ${version}` : `${allowed} a year allowed by ${version}`;
    })
    .join(', ');
}

const COLORS = ['#2e9e6b', '#e3c440'] as const;

/** What the laws allow as bands of a count: met by all of them, by the laxer one, by none. */
export function allowanceBands({ laws }: EuRule): readonly KpiBand[] {
  const byAllowed = Map.groupBy(laws, ({ allowed }) => allowed);
  const allowances = [...byAllowed.keys()].sort((a, b) => a - b);
  const met = allowances.map((allowed, index) => ({
    name: allowed === 0 ? 'none' : `within ${allowed} a year`,
    upTo: allowed,
    color: COLORS[index] ?? COLORS[1],
  }));
  const most = allowances.at(-1) ?? 0;
  const above = most === 0 ? 'some' : `more than ${most} a year`;
  return [...met, { name: above, upTo: Number.POSITIVE_INFINITY, color: '#d6503f' }];
}

function isPollutant(pollutant: string): pollutant is PollutantId {
  return Object.hasOwn(POLLUTANTS, pollutant);
}
