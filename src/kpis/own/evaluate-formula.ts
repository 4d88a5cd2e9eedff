import type { Formula, FormulaCondition, FormulaFunction } from '../../model/index.ts';
import { roundHalfUp } from '../arithmetic/index.ts';

/** What a name stands for; null where it is not known. */
export type LookUp = (name: string) => number | null;

/**
 * The number of a formula. What cannot be said is null and makes all that uses it null: an unknown name, a division by
 * zero, a root or logarithm outside of its range, anything that is not finite. The branch of `if` that is not taken is
 * not looked at.
 */
export function evaluateFormula(formula: Formula, lookUp: LookUp): number | null {
  const value = valueOfFormula(formula, lookUp);
  // Minus zero is zero.
  return value === null ? null : value + 0;
}

function valueOfFormula(formula: Formula, lookUp: LookUp): number | null {
  switch (formula.kind) {
    case 'number':
      return formula.value;
    case 'name':
      return finite(lookUp(formula.name));
    case 'negative': {
      const value = valueOfFormula(formula.of, lookUp);
      return value === null ? null : -value;
    }
    case 'calculation':
      return calculated(formula.operator, valueOfFormula(formula.left, lookUp), valueOfFormula(formula.right, lookUp));
    case 'call': {
      const values = formula.of.map((part) => valueOfFormula(part, lookUp));
      return values.includes(null) ? null : finite(FUNCTIONS[formula.function](values as number[]));
    }
    case 'if': {
      const holds = evaluateCondition(formula.condition, lookUp);
      if (holds === null) return null;
      return valueOfFormula(holds ? formula.ifTrue : formula.ifFalse, lookUp);
    }
  }
}

function evaluateCondition(condition: FormulaCondition, lookUp: LookUp): boolean | null {
  if (condition.kind === 'logic') {
    const left = evaluateCondition(condition.left, lookUp);
    const right = evaluateCondition(condition.right, lookUp);
    if (left === null || right === null) return null;
    return condition.operator === '&&' ? left && right : left || right;
  }
  const left = valueOfFormula(condition.left, lookUp);
  const right = valueOfFormula(condition.right, lookUp);
  if (left === null || right === null) return null;
  switch (condition.operator) {
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    case '==':
      return left === right;
    case '!=':
      return left !== right;
  }
}

function calculated(operator: '+' | '-' | '*' | '/', left: number | null, right: number | null): number | null {
  if (left === null || right === null) return null;
  switch (operator) {
    case '+':
      return finite(left + right);
    case '-':
      return finite(left - right);
    case '*':
      return finite(left * right);
    case '/':
      return finite(left / right);
  }
}

const FUNCTIONS: Readonly<Record<FormulaFunction, (values: readonly number[]) => number>> = {
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
  abs: ([value = Number.NaN]) => Math.abs(value),
  sqrt: ([value = Number.NaN]) => Math.sqrt(value),
  exp: ([value = Number.NaN]) => Math.exp(value),
  ln: ([value = Number.NaN]) => Math.log(value),
  log10: ([value = Number.NaN]) => Math.log10(value),
  pow: ([base = Number.NaN, exponent = Number.NaN]) => base ** exponent,
  floor: ([value = Number.NaN]) => Math.floor(value),
  ceil: ([value = Number.NaN]) => Math.ceil(value),
  round: ([value = Number.NaN, decimals = 0]) => roundHalfUp(value, Math.trunc(decimals)),
};

function finite(value: number | null): number | null {
  return value === null || !Number.isFinite(value) ? null : value;
}
