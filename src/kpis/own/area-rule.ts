import { type FactsInForce, type Formula, NO_FACTS, namesInFormula } from '../../model/index.ts';
import type { CombinedPart, Part, SpatialRule } from '../definition.ts';
import { NO_PART } from '../spatial-rules.ts';
import { evaluateFormula } from './evaluate-formula.ts';
import { valuesOf } from './own-input.ts';
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
  // Until the facts of the area are known, those that are assumed everywhere.
  const said = (parts: readonly { readonly part: Part }[], inputs: readonly (CombinedPart | null)[]): CombinedPart => {
    const used = inputs.map((input) => new Set(input?.used));
    return {
      ...evaluated(names, formula, NO_FACTS, inputs),
      used: parts.map(({ part }) => part).filter((part) => isUsed(part as AreaPart, used)),
    };
  };
  return {
    text: `the expression of each area with its own facts, from its inputs (${texts.join('; ')})`,
    zone: (parts, zone) =>
      said(
        parts,
        rules.map((rule, index) => {
          const inputs = inputsOf(parts, index);
          return inputs.length === 0 ? null : rule.zone(inputs, zone);
        }),
      ),
    parent: (parts) =>
      said(
        parts,
        rules.map((rule, index) => {
          const inputs = inputsOf(parts, index);
          return inputs.length === 0 ? null : rule.parent(inputs);
        }),
      ),
    whole: (part, { fact }) => evaluated(names, formula, fact, (part as AreaPart).inputs),
  };
}

/** What devices or zones say of one input, those that have a part in it. */
function inputsOf<T extends { readonly part: Part }>(parts: readonly T[], index: number): readonly T[] {
  return parts.flatMap((one) => {
    const input = (one.part as AreaPart).inputs[index];
    return input == null ? [] : [{ ...one, part: input }];
  });
}

/** Whether any input of the area is made of what the part says of it. */
function isUsed({ inputs }: AreaPart, used: readonly ReadonlySet<Part>[]): boolean {
  return inputs.some((input, index) => input !== null && used[index]?.has(input) === true);
}

function evaluated(
  names: readonly string[],
  formula: Formula,
  fact: FactsInForce,
  inputs: readonly (Part | null)[],
): AreaPart {
  const byName = new Map(names.map((name, index) => [name, inputs[index] ?? NO_PART]));
  const lookUp = valuesOf(byName, fact);
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
