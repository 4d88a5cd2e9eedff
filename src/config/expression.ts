import jsep from 'jsep';
import {
  FORMULA_COMPARISONS,
  FORMULA_FUNCTIONS,
  FORMULA_LOGIC,
  FORMULA_OPERATORS,
  type Formula,
  type FormulaCondition,
  type FormulaFunction,
} from '../model/index.ts';

/** Bounds the depth of the tree, too. */
export const EXPRESSION_CHARACTERS_MAX = 500;

/** What an expression is written with. Quotes, brackets, braces and semicolons are not, so no text, list or statement is. */
const CHARACTERS = /^[A-Za-z0-9_.,()+\-*/<>=!&|\s]*$/;

const FUNCTION_NAMES: readonly string[] = [...Object.keys(FORMULA_FUNCTIONS), 'if'];

/** Names that an expression cannot use for something else. */
export const EXPRESSION_RESERVED: ReadonlySet<string> = new Set([...FUNCTION_NAMES, 'true', 'false', 'null', 'this']);

/** An expression that cannot be used; the message names the place. */
export class ExpressionError extends Error {}

/**
 * Reads an expression into a formula. The parser makes a tree of the text and evaluates nothing; what of the tree is no
 * number, name, arithmetic, comparison or call of a known function is refused, member access before all.
 *
 * @throws ExpressionError
 */
export function parseExpression(text: string): Formula {
  if (text.length > EXPRESSION_CHARACTERS_MAX)
    throw new ExpressionError(`it has ${text.length} characters; at most ${EXPRESSION_CHARACTERS_MAX} are allowed`);
  if (text.trim() === '') throw new ExpressionError('it is empty');
  const stranger = [...text].find((character) => !CHARACTERS.test(character));
  if (stranger !== undefined)
    throw new ExpressionError(`it has the character ${JSON.stringify(stranger)}; ${hintOn(stranger)}`);
  const tree = parsed(text);
  const formula = numberOf(tree);
  // The parser overlooks commas that separate nothing.
  if (text.split(',').length - 1 !== commasOf(formula))
    throw new ExpressionError('a comma is missing or separates nothing; they stand between the arguments of a call');
  return formula;
}

function hintOn(character: string): string {
  if (character === '^') return 'write pow(a, b) for a power';
  if (character === '%') return 'write a - b * floor(a / b) for a remainder, and 0.01 * a for per cent';
  if (character === '?' || character === ':') return 'write if(condition, a, b)';
  return 'allowed are names, numbers, + - * / ( ) , and the comparisons < <= > >= == != with && and ||';
}

function parsed(text: string): jsep.Expression {
  try {
    return jsep(text);
  } catch (cause) {
    throw new ExpressionError(
      (cause as Error).message.replace(/^./, (first) => first.toLowerCase()),
      { cause },
    );
  }
}

function numberOf(expression: jsep.Expression): Formula {
  const node = expression as jsep.CoreExpression;
  switch (node.type) {
    case 'Literal':
      return literal(node);
    case 'Identifier':
      if (FUNCTION_NAMES.includes(node.name))
        throw new ExpressionError(`${node.name} is a function; write ${node.name}(…)`);
      return { kind: 'name', name: node.name };
    case 'UnaryExpression':
      if (node.operator === '-') return { kind: 'negative', of: numberOf(node.argument) };
      if (node.operator === '+') return numberOf(node.argument);
      throw new ExpressionError(`${node.operator} is no operator here; allowed are ${FORMULA_OPERATORS.join(' ')}`);
    case 'BinaryExpression':
      return calculation(node);
    case 'CallExpression':
      return call(node);
    default:
      throw new ExpressionError(refusalOf(node));
  }
}

function literal({ value, raw }: jsep.Literal): Formula {
  if (typeof value === 'number' && Number.isFinite(value)) return { kind: 'number', value };
  throw new ExpressionError(`${raw} is no number`);
}

function calculation({ operator, left, right }: jsep.BinaryExpression): Formula {
  const known = FORMULA_OPERATORS.find((one) => one === operator);
  if (known !== undefined)
    return { kind: 'calculation', operator: known, left: numberOf(left), right: numberOf(right) };
  if (operator === '**') throw new ExpressionError('** is no operator here; write pow(a, b) for a power');
  if (isCondition(operator))
    throw new ExpressionError(`${operator} says yes or no where a number is needed; write if(a ${operator} b, 1, 0)`);
  throw new ExpressionError(
    `${operator} is no operator here; allowed are ${[...FORMULA_OPERATORS, ...FORMULA_COMPARISONS, ...FORMULA_LOGIC].join(' ')}`,
  );
}

function isCondition(operator: string): boolean {
  return ([...FORMULA_COMPARISONS, ...FORMULA_LOGIC] as readonly string[]).includes(operator);
}

function call({ callee, arguments: given }: jsep.CallExpression): Formula {
  const name = callee.type === 'Identifier' ? String(callee.name) : '';
  if (name === 'if') {
    const [condition, ifTrue, ifFalse, ...more] = given;
    if (condition === undefined || ifTrue === undefined || ifFalse === undefined || more.length > 0)
      throw new ExpressionError(`if takes a condition and two numbers, not ${given.length} arguments`);
    return { kind: 'if', condition: conditionOf(condition), ifTrue: numberOf(ifTrue), ifFalse: numberOf(ifFalse) };
  }
  if (!Object.hasOwn(FORMULA_FUNCTIONS, name))
    throw new ExpressionError(
      `${name === '' ? 'a call' : `"${name}"`} is no function; allowed are ${FUNCTION_NAMES.join(', ')}`,
    );
  const [least, most] = FORMULA_FUNCTIONS[name as FormulaFunction];
  if (given.length < least || given.length > most) {
    const allowed = least === most ? `${least}` : `${least} to ${most}`;
    throw new ExpressionError(`${name} has ${given.length} arguments; allowed are ${allowed}`);
  }
  return { kind: 'call', function: name as FormulaFunction, of: given.map(numberOf) };
}

function conditionOf(expression: jsep.Expression): FormulaCondition {
  const node = expression as jsep.CoreExpression;
  if (node.type === 'BinaryExpression') {
    const { operator, left, right } = node;
    const comparison = FORMULA_COMPARISONS.find((one) => one === operator);
    if (comparison !== undefined)
      return { kind: 'comparison', operator: comparison, left: numberOf(left), right: numberOf(right) };
    const logic = FORMULA_LOGIC.find((one) => one === operator);
    if (logic !== undefined)
      return { kind: 'logic', operator: logic, left: conditionOf(left), right: conditionOf(right) };
  }
  throw new ExpressionError(
    `the first argument of if must be a comparison such as a > 1; allowed are ${FORMULA_COMPARISONS.join(' ')}, joined by && and ||`,
  );
}

function refusalOf({ type }: jsep.CoreExpression): string {
  if (type === 'MemberExpression') return 'a name has no parts; write no point behind one';
  if (type === 'Compound' || type === 'SequenceExpression')
    return 'it has several values side by side; join them by an operator';
  return `it has a part that is no number (${type})`;
}

/** Commas that calls of the formula are written with. */
function commasOf(formula: Formula | FormulaCondition): number {
  switch (formula.kind) {
    case 'number':
    case 'name':
      return 0;
    case 'negative':
      return commasOf(formula.of);
    case 'call':
      return formula.of.reduce((sum, part) => sum + commasOf(part), formula.of.length - 1);
    case 'if':
      return 2 + commasOf(formula.condition) + commasOf(formula.ifTrue) + commasOf(formula.ifFalse);
    default:
      return commasOf(formula.left) + commasOf(formula.right);
  }
}
