/*
 * A formula as plain data: what an operator wrote as text, parsed and checked. It holds numbers, names, arithmetic and
 * calls of the functions below and nothing else, so that nothing of the process can be reached through it.
 */

export const FORMULA_OPERATORS = ['+', '-', '*', '/'] as const;
export const FORMULA_COMPARISONS = ['<', '<=', '>', '>=', '==', '!='] as const;
export const FORMULA_LOGIC = ['&&', '||'] as const;

/** Functions of numbers, each with how many it takes. `if` stands beside them: its first argument is a condition. */
export const FORMULA_FUNCTIONS = {
  min: [1, 16],
  max: [1, 16],
  abs: [1, 1],
  sqrt: [1, 1],
  exp: [1, 1],
  ln: [1, 1],
  log10: [1, 1],
  pow: [2, 2],
  floor: [1, 1],
  ceil: [1, 1],
  round: [1, 2],
} as const satisfies Record<string, readonly [least: number, most: number]>;
export type FormulaFunction = keyof typeof FORMULA_FUNCTIONS;

/** Says a number. */
export type Formula =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'negative'; readonly of: Formula }
  | {
      readonly kind: 'calculation';
      readonly operator: (typeof FORMULA_OPERATORS)[number];
      readonly left: Formula;
      readonly right: Formula;
    }
  | { readonly kind: 'call'; readonly function: FormulaFunction; readonly of: readonly Formula[] }
  | { readonly kind: 'if'; readonly condition: FormulaCondition; readonly ifTrue: Formula; readonly ifFalse: Formula };

/** Says yes or no. */
export type FormulaCondition =
  | {
      readonly kind: 'comparison';
      readonly operator: (typeof FORMULA_COMPARISONS)[number];
      readonly left: Formula;
      readonly right: Formula;
    }
  | {
      readonly kind: 'logic';
      readonly operator: (typeof FORMULA_LOGIC)[number];
      readonly left: FormulaCondition;
      readonly right: FormulaCondition;
    };

/** Names that a formula uses, in the order in which they first stand in it. */
export function namesInFormula(formula: Formula | FormulaCondition): string[] {
  const names = new Set<string>();
  collectNames(formula, names);
  return [...names];
}

function collectNames(formula: Formula | FormulaCondition, names: Set<string>): void {
  if (formula.kind === 'name') names.add(formula.name);
  for (const part of partsOf(formula)) collectNames(part, names);
}

function partsOf(formula: Formula | FormulaCondition): readonly (Formula | FormulaCondition)[] {
  switch (formula.kind) {
    case 'number':
    case 'name':
      return [];
    case 'negative':
      return [formula.of];
    case 'call':
      return formula.of;
    case 'if':
      return [formula.condition, formula.ifTrue, formula.ifFalse];
    default:
      return [formula.left, formula.right];
  }
}
