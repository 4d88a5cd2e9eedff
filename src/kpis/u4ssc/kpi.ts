import type { CityFactId } from '../../model/index.ts';
import type { Direction } from '../arithmetic/index.ts';

export type U4sscDimension = 'Economy' | 'Environment' | 'Society and Culture';

/**
 * How City Vitals stands to a KPI:
 * - `live`: computed from readings alone
 * - `facts`: computed with facts of the city, with or without readings
 * - `part`: a part of it is computed; `part` says which
 * - `reported`: a value that the city enters
 */
export type U4sscStanding = 'live' | 'facts' | 'part' | 'reported';

/** A KPI that two facts make without any reading: 100 x part / whole, or 100 x share. */
export type FactFormula = { readonly part: CityFactId; readonly whole: CityFactId } | { readonly share: CityFactId };

/** One number of a KPI: most have one, unnamed; some are reported as several, such as a mean of each pollutant. */
export interface U4sscSeries {
  /** Empty where the KPI has one number. */
  readonly name: string;
  /** KPIs of the product that compute it, the one that counts first. */
  readonly kpis: readonly string[];
}

/** A KPI of U4SSC (ITU-T Y.4903) as City Vitals knows it. */
export interface U4sscKpi {
  readonly code: string;
  /** Code under which some lists print it; empty where all agree. */
  readonly alsoListedAs: string;
  readonly name: string;
  readonly dimension: U4sscDimension;
  readonly subDimension: string;
  readonly category: string;
  readonly level: 'core' | 'advanced';
  /** As the standard prints it. */
  readonly unit: string;
  readonly definition: string;
  /** Which way is better; none where that is for the city to say, with its target. */
  readonly direction: Direction | 'none';
  readonly standing: U4sscStanding;
  /** Facts that it needs. */
  readonly facts: readonly CityFactId[];
  /** Which part is computed; empty unless the standing is `part`. */
  readonly part: string;
  readonly series: readonly U4sscSeries[];
  readonly formula: FactFormula | null;
  /** A number of an instant, such as a count: the value of a day is whole. Others are of a year. */
  readonly isStock: boolean;
  /** A number that grows with the time it is counted over: a year to date is not of a year until the year has ended. */
  readonly isExtensive: boolean;
}

/** What a line of the catalogue says beyond its name, unit and definition. */
export interface U4sscMore {
  readonly alsoListedAs?: string;
  readonly standing?: U4sscStanding;
  readonly facts?: readonly CityFactId[];
  readonly part?: string;
  /** KPIs that compute its one number. */
  readonly kpis?: readonly string[];
  /** Its numbers by name, with the KPIs that compute them. */
  readonly series?: Readonly<Record<string, readonly string[]>>;
  readonly formula?: FactFormula;
  readonly isStock?: boolean;
  readonly isExtensive?: boolean;
}

/** A line of the catalogue; `+` higher is better, `-` lower is, `=` neither. */
export type U4sscLine = readonly [
  code: string,
  name: string,
  unit: string,
  better: '+' | '-' | '=',
  definition: string,
  more?: U4sscMore,
];

const DIRECTIONS = { '+': 'higher', '-': 'lower', '=': 'none' } as const;

/** Sub-dimensions and categories by the letters of a code: `EC: ICT: WS: 1C`. */
const AREAS: Readonly<Record<string, readonly [name: string, categories: Readonly<Record<string, string>>]>> = {
  'EC: ICT': [
    'ICT',
    {
      ICT: 'ICT Infrastructure',
      WS: 'Water and Sanitation',
      D: 'Drainage',
      ES: 'Electricity Supply',
      T: 'Transport',
      PS: 'Public Sector',
    },
  ],
  'EC: P': ['Productivity', { IN: 'Innovation', EM: 'Employment' }],
  'EC: I': [
    'Infrastructure',
    {
      WS: 'Water and Sanitation',
      WA: 'Waste',
      ES: 'Electricity Supply',
      T: 'Transport',
      B: 'Buildings',
      UP: 'Urban Planning',
    },
  ],
  'EN: EN': [
    'Environment',
    {
      AQ: 'Air Quality',
      WS: 'Water and Sanitation',
      WA: 'Waste',
      EQ: 'Environmental Quality',
      PSN: 'Public Space and Nature',
    },
  ],
  'EN: E': ['Energy', { E: 'Energy' }],
  'SC: EH': ['Education, Health and Culture', { ED: 'Education', H: 'Health', C: 'Culture' }],
  'SC: SH': [
    'Safety, Housing and Social Inclusion',
    { HO: 'Housing', SI: 'Social Inclusion', SA: 'Safety', FS: 'Food Security' },
  ],
};

/** The KPI that a line of the catalogue says. */
export function u4sscKpi(dimension: U4sscDimension, line: U4sscLine): U4sscKpi {
  const [code, name, unit, better, definition, more = {}] = line;
  const [first, second, third = '', number = ''] = code.split(': ');
  const [subDimension, categories] = AREAS[`${first}: ${second}`] ?? ['', {}];
  const ofFormula = more.formula === undefined ? [] : Object.values<CityFactId>(more.formula);
  return {
    ...{ code, name, dimension, subDimension, unit, definition },
    alsoListedAs: more.alsoListedAs ?? '',
    category: categories[third] ?? '',
    level: number.endsWith('C') ? 'core' : 'advanced',
    direction: DIRECTIONS[better],
    standing: more.standing ?? (more.formula === undefined ? 'reported' : 'facts'),
    facts: more.facts ?? ofFormula,
    part: more.part ?? '',
    series: seriesOf(more),
    formula: more.formula ?? null,
    isStock: more.isStock ?? false,
    isExtensive: more.isExtensive ?? false,
  };
}

function seriesOf({ series, kpis = [] }: U4sscMore): readonly U4sscSeries[] {
  if (series === undefined) return [{ name: '', kpis }];
  return Object.entries(series).map(([name, own]) => ({ name, kpis: own }));
}
