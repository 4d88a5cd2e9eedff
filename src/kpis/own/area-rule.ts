import { type CityFactId, type FactsInForce, type Formula, NO_FACTS, namesInFormula } from '../../model/index.ts';
import type { CombinedPart, DeviceFacts, Part, SpatialRule, WeightedPart, ZoneFacts } from '../definition.ts';
import { NO_PART } from '../spatial-rules.ts';
import { evaluateFormula } from './evaluate-formula.ts';
import type { OwnKpi } from './own-kpi.ts';
import { SPACE_RULES } from './own-space.ts';

/** What a device, or an area, says of every input of an own KPI, in their order; null where it has no part in one. */
export interface AreaPart extends Part {
  readonly inputs: readonly (Part | null)[];
}

type Rule = Pick<OwnKpi, 'inputs' | 'space'>;

/**
 * Rule of space of an own KPI per area: every input is combined over devices and zones by its own rule, then the
 * expression makes the value of each area from its numbers and its own facts. The value of the city is therefore that of
 * its inputs, and no mean of the zones' values.
 */
export function areaRule(own: Rule, formula: Formula): SpatialRule {
  const rules = Object.values(own.inputs).map(({ space }) => SPACE_RULES[space ?? own.space]);
  const names = Object.keys(own.inputs);
  const texts = names.map((name, index) => `${name}: ${rules[index]?.text ?? ''}`);
  const said = (parts: readonly Part[], inputs: readonly (CombinedPart | null)[]): CombinedPart =>
    combined(names, formula, NO_FACTS, parts, inputs);
  return {
    text: `the expression of each area with its own facts, from its inputs (${texts.join('; ')})`,
    zone: (parts, zone) =>
      said(
        parts.map(({ part }) => part),
        rules.map((rule, index) => ofDevices(rule, parts, index, zone)),
      ),
    parent: (parts) =>
      said(
        parts.map(({ part }) => part),
        rules.map((rule, index) => ofZones(rule, parts, index)),
      ),
    whole: (part, { fact }) => wholeOf(names, formula, part as AreaPart, fact),
  };
}

function ofDevices(
  rule: SpatialRule,
  parts: readonly { readonly part: Part; readonly facts: DeviceFacts }[],
  index: number,
  zone: ZoneFacts,
): CombinedPart | null {
  const said = parts.flatMap(({ part, facts }) => {
    const input = (part as AreaPart).inputs[index];
    return input == null ? [] : [{ part: input, facts }];
  });
  return said.length === 0 ? null : rule.zone(said, zone);
}

function ofZones(rule: SpatialRule, parts: readonly WeightedPart[], index: number): CombinedPart | null {
  const said = parts.flatMap((zone) => {
    const input = (zone.part as AreaPart).inputs[index];
    return input == null ? [] : [{ ...zone, part: input }];
  });
  return said.length === 0 ? null : rule.parent(said);
}

function combined(
  names: readonly string[],
  formula: Formula,
  fact: FactsInForce,
  parts: readonly Part[],
  inputs: readonly (CombinedPart | null)[],
): CombinedPart & AreaPart {
  const used = parts.filter((part) =>
    (part as AreaPart).inputs.some((input, index) => input !== null && inputs[index]?.used.includes(input) === true),
  );
  return { ...evaluated(names, formula, fact, inputs), used };
}

function wholeOf(names: readonly string[], formula: Formula, { inputs }: AreaPart, fact: FactsInForce): AreaPart {
  return evaluated(names, formula, fact, inputs);
}

function evaluated(
  names: readonly string[],
  formula: Formula,
  fact: FactsInForce,
  inputs: readonly (Part | null)[],
): AreaPart {
  const byName = new Map(names.map((name, index) => [name, inputs[index] ?? NO_PART]));
  const lookUp = (name: string): number | null =>
    (byName.has(name) ? byName.get(name)?.value : fact(name as CityFactId)?.value) ?? null;
  const value = evaluateFormula(formula, lookUp);
  const parts = [...byName.values()];
  const missing = value === null ? namesInFormula(formula).filter((name) => lookUp(name) === null) : [];
  return {
    value,
    validCount: parts.reduce((sum, { validCount }) => sum + validCount, 0),
    expectedCount: parts.reduce((sum, { expectedCount }) => sum + expectedCount, 0),
    valid: value !== null && parts.every(({ valid }) => valid),
    note: missing.length === 0 ? '' : `no ${missing.join(', ')}`,
    amounts: Object.fromEntries(
      [...byName].flatMap(([name, part]) => (part.value === null ? [] : [[name, part.value]])),
    ),
    inputs,
  };
}
