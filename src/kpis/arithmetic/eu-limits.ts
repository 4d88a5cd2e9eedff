import { roundHalfUp } from './mean.ts';

/** A limit or target value of the European Union. */
export interface EuLimit {
  /** Quantity id; `pb` is lead. */
  readonly pollutant: string;
  readonly averaging: 'hour' | 'day' | 'year' | 'day-max-8h';
  /** In ug/m3, CO in mg/m3. */
  readonly value: number;
  /** Periods of a calendar year that may be above it; for ozone days, as the mean of three years. */
  readonly allowed: number;
  readonly kind: 'limit' | 'target' | 'information' | 'alert';
  /** Share of the possible values that a year needs, %. */
  readonly dataCapturePercent: number;
  /** What was read in the law itself; `unconfirmed` cells are to be read again before certification. */
  readonly confidence: 'seen' | 'unconfirmed';
}

/** Limit values of one directive. */
export interface EuLimits {
  readonly version: string;
  readonly source: string;
  /** ISO date from which the values are to be met. */
  readonly from: string;
  readonly limits: readonly EuLimit[];
}

type Line = readonly [pollutant: string, averaging: EuLimit['averaging'], value: number, allowed: number];

function table(
  lines: readonly Line[],
  rest: Pick<EuLimit, 'kind' | 'dataCapturePercent' | 'confidence'>,
): readonly EuLimit[] {
  return lines.map(([pollutant, averaging, value, allowed]) => ({ pollutant, averaging, value, allowed, ...rest }));
}

const SEEN_90 = { dataCapturePercent: 90, confidence: 'seen' } as const;
const SEEN_85 = { dataCapturePercent: 85, confidence: 'seen' } as const;
const UNCONFIRMED_85 = { dataCapturePercent: 85, confidence: 'unconfirmed' } as const;

/** In force until the values of the directive of 2024 take over. */
export const EU_2008: EuLimits = {
  version: '2008/50/EC',
  source:
    'Directive 2008/50/EC, annexes I, VII, XI, XII and XIV; the wording of annex XI on data capture is unconfirmed',
  from: '2010-01-01',
  limits: [
    ...table(
      [
        ['pm10', 'day', 50, 35],
        ['pm10', 'year', 40, 0],
        ['pm2_5', 'year', 25, 0],
        ['no2', 'hour', 200, 18],
        ['no2', 'year', 40, 0],
        ['so2', 'hour', 350, 24],
        ['so2', 'day', 125, 3],
        ['co', 'day-max-8h', 10, 0],
        ['benzene', 'year', 5, 0],
        ['pb', 'year', 0.5, 0],
      ],
      { kind: 'limit', ...SEEN_90 },
    ),
    ...table([['o3', 'day-max-8h', 120, 25]], { kind: 'target', ...SEEN_90 }),
    ...table([['o3', 'hour', 180, 0]], { kind: 'information', ...SEEN_90 }),
    ...table([['o3', 'hour', 240, 0]], { kind: 'alert', ...SEEN_90 }),
  ],
};

/** To be met by 2030-01-01. */
export const EU_2024: EuLimits = {
  version: '(EU) 2024/2881',
  source:
    'Directive (EU) 2024/2881, annex I; unconfirmed: the hourly allowances (3 a year; once a year in the proposal COM(2022) 542), the 18 days of the ozone target, the 85 % of data capture',
  from: '2030-01-01',
  limits: [
    ...table(
      [
        ['pm2_5', 'year', 10, 0],
        ['pm2_5', 'day', 25, 18],
        ['pm10', 'year', 20, 0],
        ['pm10', 'day', 45, 18],
        ['no2', 'year', 20, 0],
        ['no2', 'day', 50, 18],
        ['so2', 'year', 20, 0],
        ['so2', 'day', 50, 18],
        ['co', 'day', 4, 18],
        ['co', 'day-max-8h', 10, 0],
        ['benzene', 'year', 3.4, 0],
        ['pb', 'year', 0.5, 0],
      ],
      { kind: 'limit', ...SEEN_85 },
    ),
    ...table(
      [
        ['no2', 'hour', 200, 3],
        ['so2', 'hour', 350, 3],
      ],
      { kind: 'limit', ...UNCONFIRMED_85 },
    ),
    ...table([['o3', 'day-max-8h', 120, 18]], { kind: 'target', ...UNCONFIRMED_85 }),
  ],
};

/**
 * Whether a value is above a limit. It is rounded to the decimals that the limit is printed with first: 200.4 is not above
 * 200 (practice of the Commission, KPI.md 6.4).
 */
export function exceedsLimit(value: number, limit: number): boolean {
  const [, decimals = ''] = String(limit).split('.');
  return roundHalfUp(value, decimals.length) > limit;
}
