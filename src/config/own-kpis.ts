import * as z from 'zod';
import { OperatingError } from '../base/index.ts';
import {
  CITY_FACTS,
  type CityFactId,
  type Domain,
  type Formula,
  namesInFormula,
  OWN_FOLDS,
  OWN_PERS,
  OWN_PREFIX,
  OWN_SPACES,
  OWN_STATS,
  OWN_WINDOWS,
  ownKpiIds,
  QUANTITIES,
  type Quantity,
  STATS_OF_KIND,
} from '../model/index.ts';
import { EXPRESSION_RESERVED, ExpressionError, parseExpression } from './expression.ts';

const OWN_KPIS_MAX = 200;
const INPUTS_MAX = 8;
const BANDS_MAX = 12;

const ID = /^own-[a-z0-9][a-z0-9-]{0,59}$/;
const NAME = /^[a-z][A-Za-z0-9_]{0,31}$/;
const COLOR = /^#[0-9a-fA-F]{6}$/;

/** Bands that name no colour take these, from good to bad. */
const PALETTE = ['#50ccaa', '#f0e641', '#ff8c42', '#e0435b', '#8f3f97'] as const;

const share = z.number().gt(0).max(1);

/** One of some words; the message tells the value and all of them. */
const oneOf = <const T extends readonly string[]>(words: T) =>
  z.enum(words, {
    error: ({ input }) => `${JSON.stringify(input) ?? 'nothing'} is not allowed; allowed are ${words.join(', ')}`,
  });

const inputSchema = z.strictObject({
  /** Id of a quantity, such as `pm2_5`. */
  quantity: z.string(),
  /** What of its hours, as the kind of the quantity allows. */
  stat: oneOf(OWN_STATS),
  /** Devices of these roles alone. */
  roles: z
    .array(oneOf(['ambient', 'bulk', 'customer', 'generation', 'grid']))
    .min(1)
    .optional(),
  /** Share of the window's hours that must be valid. */
  coverage: share.optional(),
  /** Of a KPI per area: how the input is combined over devices and zones. */
  space: oneOf(OWN_SPACES).optional(),
});

const bandSchema = z.strictObject({
  name: z.string().min(1).max(60),
  /** Inclusive upper bound in the KPI's unit; absent in the last band. */
  upTo: z.number().optional(),
  color: z.string().regex(COLOR, 'write a colour such as #50ccaa').optional(),
});

/** A KPI of the city's own. */
export const ownKpiSchema = z.strictObject({
  id: z.string().regex(ID, `ids of own KPIs are "${OWN_PREFIX}" and 1 to 60 of a-z, 0-9 and "-"`),
  title: z.string().min(1).max(100),
  /** UCUM code, or 1 for a number without a unit. */
  unit: z.string().min(1).max(32),
  /** As people write the unit. */
  unitLabel: z.string().min(1).max(32).optional(),
  window: oneOf(OWN_WINDOWS),
  inputs: z.record(z.string(), inputSchema),
  expression: z.string(),
  /** The expression makes the value of each device, or of each zone and the city from what their devices say. */
  per: oneOf(OWN_PERS).default('device'),
  space: oneOf(OWN_SPACES).default('population'),
  scopes: z
    .array(oneOf(['device', 'zone', 'city']))
    .min(1)
    .optional(),
  /** Share of the window's hours that must be valid, where an input says nothing else. */
  coverage: share.default(0.75),
  /** Of a window of a day: the last 365 days and the year as well, made like this of the days. */
  years: oneOf(OWN_FOLDS).optional(),
  bands: z.array(bandSchema).max(BANDS_MAX).default([]),
  decimals: z.int().min(0).max(6).default(1),
  direction: oneOf(['lower', 'higher', 'none']).default('none'),
  /** What the city aims at, in the unit of the KPI. */
  target: z.number().optional(),
  /** False: it is computed by `vitals kpis try` alone. */
  enabled: z.boolean().default(false),
});

export const ownKpisSchema = z.array(ownKpiSchema).max(OWN_KPIS_MAX).default([]);

export type OwnKpiConfig = z.output<typeof ownKpiSchema>;

/**
 * Reads a definition as it stands in `kpis` of city.yaml.
 *
 * @throws OperatingError `kpi_invalid`, naming each key, the value and what is allowed
 */
export function readOwnKpi(tree: unknown): OwnKpiConfig {
  const parsed = ownKpiSchema.safeParse(tree);
  const problems = parsed.success ? checkOwnKpis([parsed.data]) : parsed.error.issues.map(problemOf);
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new OperatingError('kpi_invalid', `cannot use the definition of a KPI: ${problems.join('; ')}`);
}

function problemOf({ path, message }: z.core.$ZodIssue): string {
  return path.length === 0 ? message : `${path.join('.')}: ${message}`;
}

/** What is wrong with own KPIs beyond single keys; each problem names the KPI, the key, the value and what is allowed. */
export function checkOwnKpis(kpis: readonly OwnKpiConfig[]): string[] {
  const taken = new Set<string>();
  return kpis.flatMap((own) => {
    const twice = ownKpiIds(own).filter((id) => taken.has(id));
    for (const id of ownKpiIds(own)) taken.add(id);
    return [
      ...twice.map((id) => `id "${id}" is taken by an earlier one of the list`),
      ...checkInputs(own),
      ...checkExpression(own),
      ...checkBands(own),
      ...checkScopes(own),
    ].map((problem) => `kpis: "${own.id}": ${problem}`);
  });
}

function checkInputs({ inputs, per }: OwnKpiConfig): string[] {
  const entries = Object.entries(inputs);
  if (entries.length === 0 || entries.length > INPUTS_MAX)
    return [`inputs has ${entries.length} entries; allowed are 1 to ${INPUTS_MAX}`];
  return entries.flatMap(([name, { quantity, stat, space }]) => {
    const place = `inputs.${name}`;
    const problems = nameProblems(place, name);
    const known = QUANTITIES.get(quantity);
    if (known === undefined)
      problems.push(`${place}.quantity "${quantity}" is no quantity; allowed are ${likeness(quantity)}`);
    else problems.push(...statProblems(place, known, stat));
    if (space !== undefined && per === 'device')
      problems.push(`${place}.space is "${space}", but per is "device"; write it only with per: area`);
    return problems;
  });
}

function nameProblems(place: string, name: string): string[] {
  if (!NAME.test(name)) return [`${place} is no name; write 1 to 32 of letters, digits and "_", a small letter first`];
  if (EXPRESSION_RESERVED.has(name)) return [`${place} is a word of expressions; take another name`];
  if (CITY_FACTS.has(name as CityFactId)) return [`${place} is the name of a city fact; take another name`];
  return [];
}

function statProblems(place: string, { id, kind }: Quantity, stat: OwnKpiConfig['inputs'][string]['stat']): string[] {
  const allowed = STATS_OF_KIND[kind];
  if (allowed.length === 0) return [`${place}.quantity "${id}" is a ${kind}, which no statistic is offered of`];
  if (allowed.includes(stat)) return [];
  return [`${place}.stat is "${stat}", but ${id} is a ${kind}; allowed are ${allowed.join(', ')}`];
}

/** Quantities of the same beginning, or all: there is no telling what a slip of the pen meant. */
function likeness(quantity: string): string {
  const all = [...QUANTITIES.keys()];
  const near = all.filter((id) => id.slice(0, 2) === quantity.slice(0, 2).toLowerCase());
  return (near.length > 0 ? near : all).join(', ');
}

function checkExpression({ expression, inputs }: OwnKpiConfig): string[] {
  let formula: Formula;
  try {
    formula = parseExpression(expression);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return [`expression "${expression}" cannot be used: ${error.message}`];
  }
  const used = namesInFormula(formula);
  const unknown = used.filter((name) => !Object.hasOwn(inputs, name) && !CITY_FACTS.has(name as CityFactId));
  const unused = Object.keys(inputs).filter((name) => !used.includes(name));
  return [
    ...unknown.map(
      (name) =>
        `expression uses the unknown name "${name}"; allowed are the inputs ${Object.keys(inputs).join(', ')} and the city facts ${[...CITY_FACTS.keys()].join(', ')}`,
    ),
    ...unused.map((name) => `inputs.${name} does not stand in the expression "${expression}"; use it or leave it out`),
  ];
}

function checkBands({ bands }: OwnKpiConfig): string[] {
  return bands.flatMap(({ name, upTo }, index) => {
    const before = bands[index - 1];
    if (upTo === undefined)
      return index === bands.length - 1 ? [] : [`bands: "${name}" has no upTo; only the last band may be without`];
    if (before?.upTo === undefined || upTo > before.upTo) return [];
    return [`bands: upTo of "${name}" (${upTo}) must be above that of "${before.name}" (${before.upTo})`];
  });
}

function checkScopes({ per, scopes, window, years }: OwnKpiConfig): string[] {
  const problems: string[] = [];
  if (per === 'area' && scopes?.includes('device') === true)
    problems.push('scopes has "device", but per is "area"; allowed are zone, city');
  if (years !== undefined && window !== 'day')
    problems.push(`years is "${years}", but window is "${window}"; years are made of days: write window: day`);
  if (years !== undefined && per === 'area')
    problems.push(`years is "${years}", but per is "area"; years are made of the days of devices: write per: device`);
  return problems;
}

/** An own KPI with everything that its configuration leaves out; what it says was checked. */
export function completeOwnKpi(own: OwnKpiConfig) {
  const [first] = Object.values(own.inputs);
  const domain: Domain = QUANTITIES.get(first?.quantity ?? '')?.domain ?? 'device';
  return {
    ...own,
    domain,
    scopes: own.scopes ?? (own.per === 'area' ? (['zone', 'city'] as const) : (['device', 'zone', 'city'] as const)),
    bands: own.bands.map(({ name, upTo = Number.POSITIVE_INFINITY, color }, index) => ({
      name,
      upTo,
      color: color ?? PALETTE[Math.min(index, PALETTE.length - 1)]!,
    })),
  };
}

/** Aims of own KPIs by id, as `targets` says those of others. */
export function ownTargets(kpis: readonly OwnKpiConfig[]): Record<string, number> {
  return Object.fromEntries(kpis.flatMap(({ id, target }) => (target === undefined ? [] : [[id, target]])));
}
