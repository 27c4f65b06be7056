import { SIGNATURES, type Signature, type Worth } from './functions.ts';
import type { QueryNode, QueryTrouble } from './node.ts';

/** What the parts of a PromQL query are worth, and whether they fit together, by the rules of Prometheus' own checks. */

export type Judged = { readonly worth: Worth } | { readonly trouble: QueryTrouble };

const WORDS: Readonly<Record<Worth, string>> = { scalar: 'a number', vector: 'an instant vector', matrix: 'a range vector', string: 'text' };
const PARAMETER: Readonly<Record<string, Worth>> = { topk: 'scalar', bottomk: 'scalar', limitk: 'scalar', limit_ratio: 'scalar', quantile: 'scalar', count_values: 'string' };
const COMPARISONS = new Set(['Eql', 'Neq', 'Gtr', 'Lss', 'Gte', 'Lte']);
const SETS = new Set(['And', 'Or', 'Unless']);
const EXPRESSIONS = new Set(['AggregateExpr', 'BinaryExpr', 'FunctionCall', 'MatrixSelector', 'NumberDurationLiteral', 'OffsetExpr', 'AnchoredExpr', 'SmoothedExpr', 'ParenExpr', 'StringLiteral', 'SubqueryExpr', 'UnaryExpr', 'VectorSelector', 'StepInvariantExpr']);

/** The worth of an expression, or the first thing wrong in it. Worths that this grammar's newer forms have are taken for what is wanted. */
export function worthOf(node: QueryNode, text: string): Judged {
  const parts = node.children();
  const operands = parts.filter((each) => EXPRESSIONS.has(each.name));
  const [first] = operands;
  switch (node.name) {
    case 'NumberDurationLiteral': return { worth: 'scalar' };
    case 'StringLiteral': return closed(node, text);
    case 'VectorSelector': return selector(node, text);
    case 'ParenExpr':
    case 'AnchoredExpr':
    case 'SmoothedExpr': return first === undefined ? { worth: 'vector' } : worthOf(first, text);
    case 'OffsetExpr':
    case 'StepInvariantExpr': {
      const inner = first === undefined ? { worth: 'vector' as const } : worthOf(first, text);
      if ('trouble' in inner || first === undefined || SELECTED.has(first.name)) return inner;
      return wrong(first, text, `${node.name === 'OffsetExpr' ? 'offset' : '@'} follows a selector or a subquery only`, `move it to the selector, or write (...)[5m:] ${node.name === 'OffsetExpr' ? 'offset' : '@'}`);
    }
    case 'MatrixSelector': {
      if (first?.name !== 'VectorSelector') return first === undefined ? { worth: 'matrix' } : wrong(first, text, 'a range in [...] follows a selector only', 'for an expression write a subquery: (...)[5m:]');
      return needs(first, text, 'vector', 'a range') ?? { worth: 'matrix' };
    }
    case 'SubqueryExpr': return first === undefined ? { worth: 'matrix' } : needs(first, text, 'vector', 'a subquery') ?? { worth: 'matrix' };
    case 'UnaryExpr': {
      const inner = first === undefined ? { worth: 'vector' as const } : worthOf(first, text);
      return 'trouble' in inner || inner.worth === 'scalar' || inner.worth === 'vector' ? inner : wrong(node, text, `a sign stands before ${WORDS[inner.worth]}`, 'it takes a number or an instant vector');
    }
    case 'AggregateExpr': return aggregate(node, text);
    case 'FunctionCall': return call(node, text);
    case 'BinaryExpr': return binary(node, operands, text);
    default: return { worth: 'vector' };
  }
}
const SELECTED = new Set(['VectorSelector', 'MatrixSelector', 'SubqueryExpr', 'OffsetExpr', 'StepInvariantExpr', 'AnchoredExpr', 'SmoothedExpr']);

function wrong(node: QueryNode, text: string, message: string, hint: string): Judged {
  return { trouble: { message, hint, at: node.from, needle: text.slice(node.from, node.to) } };
}

/** The first thing wrong when an expression is not worth what is wanted. */
function needs(node: QueryNode, text: string, want: Worth, who: string): Judged | undefined {
  const judged = worthOf(node, text);
  if ('trouble' in judged) return judged;
  if (judged.worth === want) return undefined;
  const hint = want === 'matrix' ? 'give it a range: [5m]' : judged.worth === 'matrix' ? 'put a function over time around it, as rate(...)' : `give it ${WORDS[want]}`;
  return wrong(node, text, `${who} takes ${WORDS[want]}, and ${text.slice(node.from, node.to).slice(0, 60)} is ${WORDS[judged.worth]}`, hint);
}

function call(node: QueryNode, text: string): Judged {
  const [named, body] = node.children();
  const name = named === undefined ? '' : text.slice(named.from, named.to);
  const signature = SIGNATURES.get(name);
  const given = (body?.children() ?? []).filter((each) => EXPRESSIONS.has(each.name));
  if (signature === undefined) return { worth: 'vector' };
  const count = countTrouble(name, signature, given.length);
  if (count !== undefined) return wrong(node, text, count, `it takes ${signature.takes.map((each) => WORDS[each]).join(', ') || 'nothing'}`);
  for (const [index, each] of given.entries()) {
    const want = signature.takes[Math.min(index, signature.takes.length - 1)];
    // The second argument of info() is a bare selector of labels.
    if (want === undefined || (name === 'info' && index === 1)) continue;
    const found = needs(each, text, want, `${name}()`);
    if (found !== undefined) return found;
  }
  return { worth: signature.gives };
}

function countTrouble(name: string, { takes, optional }: Signature, given: number): string | undefined {
  const least = optional === Infinity ? takes.length - 1 : takes.length - optional;
  const most = optional === Infinity ? Infinity : takes.length;
  if (given >= least && given <= most) return undefined;
  return `${name}() takes ${least === most ? least : most === Infinity ? `${least} or more` : `${least} to ${most}`} ${most === 1 ? 'argument' : 'arguments'}, and is given ${given}`;
}

function aggregate(node: QueryNode, text: string): Judged {
  const parts = node.children();
  const operator = parts.find((each) => each.name === 'AggregateOp');
  const name = operator === undefined ? '' : text.slice(operator.from, operator.to).toLowerCase();
  const given = (parts.find((each) => each.name === 'FunctionCallBody')?.children() ?? []).filter((each) => EXPRESSIONS.has(each.name));
  const parameter = PARAMETER[name];
  const wanted = parameter === undefined ? 1 : 2;
  if (given.length !== wanted) return wrong(node, text, `${name} takes ${wanted === 1 ? 'one argument' : 'two arguments'}, and is given ${given.length}`, parameter === undefined ? 'give it one vector' : `give it ${WORDS[parameter]} and a vector`);
  const [first, second] = given;
  if (parameter !== undefined && first !== undefined) {
    const found = needs(first, text, parameter, name);
    if (found !== undefined) return found;
  }
  const vector = second ?? first;
  return (vector === undefined ? undefined : needs(vector, text, 'vector', name)) ?? { worth: 'vector' };
}

function binary(node: QueryNode, operands: readonly QueryNode[], text: string): Judged {
  const parts = node.children();
  const [left, right] = operands;
  if (left === undefined || right === undefined) return { worth: 'vector' };
  const worths: Worth[] = [];
  for (const each of [left, right]) {
    const judged = worthOf(each, text);
    if ('trouble' in judged) return judged;
    if (judged.worth !== 'scalar' && judged.worth !== 'vector') return wrong(each, text, `an operator takes numbers and instant vectors, and ${text.slice(each.from, each.to).slice(0, 60)} is ${WORDS[judged.worth]}`, judged.worth === 'matrix' ? 'put a function over time around it, as rate(...)' : 'compare labels in the selector');
    worths.push(judged.worth);
  }
  const operator = parts.find((each) => !EXPRESSIONS.has(each.name));
  const symbol = operator === undefined ? '' : text.slice(operator.from, operator.to);
  const bool = parts.some((each) => each.name === 'BoolModifier');
  const both = worths.every((each) => each === 'scalar');
  if (operator !== undefined && COMPARISONS.has(operator.name) && both && !bool) return wrong(operator, text, `two numbers are compared with ${symbol} without bool`, `write ${symbol} bool`);
  if (bool && operator !== undefined && !COMPARISONS.has(operator.name)) return wrong(operator, text, `bool follows ${symbol}, which compares nothing`, 'remove bool');
  if (operator !== undefined && SETS.has(operator.name) && worths.includes('scalar')) return wrong(operator, text, `${symbol} stands beside a number`, `${symbol} joins two vectors; for a constant write vector(1)`);
  if (parts.some((each) => each.name === 'MatchingModifierClause') && worths.includes('scalar')) return wrong(node, text, 'labels are matched (on, ignoring) with a number', 'matching is between two vectors');
  return { worth: both ? 'scalar' : 'vector' };
}

function closed(node: QueryNode, text: string): Judged {
  const written = text.slice(node.from, node.to);
  return written.length > 1 && written.at(-1) === written[0] ? { worth: 'string' } : wrong(node, text, 'a quote is not closed', `close it with ${written[0] ?? '"'}`);
}

function selector(node: QueryNode, text: string): Judged {
  const parts = node.children();
  const matchers = parts.find((each) => each.name === 'LabelMatchers')?.children() ?? [];
  const named = parts.some((each) => each.name === 'Identifier') || matchers.some((each) => each.name === 'QuotedLabelName');
  let selects = named;
  for (const matcher of matchers) {
    const [label, operator, value] = matcher.children();
    if (label === undefined || operator === undefined || value === undefined) continue;
    const quoted = closed(value, text);
    if ('trouble' in quoted) return quoted;
    const symbol = text.slice(operator.from, operator.to);
    const inside = text.slice(value.from + 1, value.to - 1);
    const name = text.slice(label.from, label.to);
    if (name === '__name__' && parts.some((each) => each.name === 'Identifier')) return wrong(matcher, text, 'the metric is named twice', 'remove __name__ or the name before the braces');
    if (symbol.endsWith('~')) {
      const broken = regexTrouble(inside);
      if (broken !== undefined) return wrong(value, text, `the regular expression of ${name} is broken: ${broken}`, 'mend it; a backslash is written twice in double quotes');
    }
    if ((symbol === '=' && inside !== '') || (symbol === '!=' && inside === '') || (symbol === '=~' && !/^(?:\.\*|\(\.\*\)|)$/.test(inside)) || (symbol === '!~' && /^(?:\.\*|)$/.test(inside))) selects = true;
  }
  return selects ? { worth: 'vector' } : wrong(node, text, 'the selector selects everything', 'name a metric, or give a label a value that is not empty');
}

/** What is certainly wrong with a regular expression, in Go as in JavaScript; words that only one of them knows are let pass. */
export function regexTrouble(written: string): string | undefined {
  const pattern = written.replaceAll('\\\\', '\\').replaceAll(/\(\?(?:P?<\w+>|[a-zA-Z-]*:?)/g, '(?:');
  try {
    void new RegExp(pattern);
    return undefined;
  } catch (error) {
    const said = error instanceof Error ? error.message : '';
    if (/Unterminated group/.test(said)) return 'a ( is not closed';
    if (/Unmatched '\)'/.test(said)) return 'a ) closes nothing';
    if (/Unterminated character class/.test(said)) return 'a [ is not closed';
    if (/Nothing to repeat/.test(said)) return 'there is nothing before a *, + or ? to repeat';
    return undefined;
  }
}
