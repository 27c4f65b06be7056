/**
 * spec.healthCheckExprs: how far an object is, by expressions over its fields. Of CEL only what the project uses is known,
 * `has(a.b)`, `a.b`, `!a.b`, `a.b == 'x'`, `a.b == c.d`, `a.b in ['x', 'y']`, `a.b.exists(e, e.c == 'x' && e.d == 'y')`, joined by && and ||; any other
 * form is refused rather than guessed.
 */
import type { KubeObject } from '../world/types.ts';
import { at, list, plain, text } from '../catalog/data.ts';
import type { ObjectStatus } from './kstatus.ts';

export class ExpressionError extends Error {}

const HAS = /^(!?)has\(([\w.]+)\)$/;
const EQUALS = /^([\w.]+) (==|!=) '([^']*)'$/;
const SAME = /^([\w.]+) (==|!=) ([\w.]+)$/;
const TRUE = /^(!?)([a-z][\w.]+)$/;
const EXISTS = /^([\w.]+)\.exists\((\w+), (.+)\)$/;
const AMONG = /^([\w.]+) in \[((?:'[^']*'(?:, )?)+)\]$/;

/** Splits at a joint that is not inside brackets. */
function parts(expression: string, joint: string): string[] {
  const out: string[] = [''];
  let depth = 0;
  for (const piece of expression.split(joint)) {
    const last = out.length - 1;
    out[last] = out[last] === '' ? piece : `${out[last] ?? ''}${joint}${piece}`;
    depth += piece.split('(').length - piece.split(')').length;
    if (depth === 0) out.push('');
  }
  return out.filter((part) => part !== '');
}

/** A field, or a number written out. */
const number = (object: object, word: string): unknown => (/^\d+$/.test(word) ? Number(word) : at(object, word));

function term(object: object, expression: string): boolean {
  const exists = EXISTS.exec(expression);
  if (exists !== null) return list(at(object, exists[1] ?? '')).some((entry) => holds({ [exists[2] ?? '']: entry }, exists[3] ?? ''));
  const has = HAS.exec(expression);
  if (has !== null) return (at(object, has[2] ?? '') !== undefined) !== (has[1] === '!');
  const equals = EQUALS.exec(expression);
  if (equals !== null) return (at(object, equals[1] ?? '') === equals[3]) === (equals[2] === '==');
  const same = SAME.exec(expression);
  if (same !== null) return (number(object, same[1] ?? '') === number(object, same[3] ?? '')) === (same[2] === '==');
  const truth = TRUE.exec(expression);
  if (truth !== null) return (at(object, truth[2] ?? '') === true) !== (truth[1] === '!');
  const among = AMONG.exec(expression);
  if (among !== null) return [...(among[2] ?? '').matchAll(/'([^']*)'/g)].some(([, word]) => word === at(object, among[1] ?? ''));
  throw new ExpressionError(`the lab does not know the form of the health expression ${expression}`);
}

/** Whether an expression holds of an object. Throws ExpressionError for a form it does not know. */
export function holds(object: object, expression: string): boolean {
  return parts(expression, ' || ').some((part) => parts(part, ' && ').every((each) => term(object, each.trim())));
}

/** Status of an object by the expressions for its kind; undefined when there are none for it. */
export function statusByExpressions(expressions: unknown, object: KubeObject | undefined): ObjectStatus | undefined {
  const own = list(expressions).map(plain).find((entry) => entry['apiVersion'] === object?.apiVersion && entry['kind'] === object?.kind);
  if (own === undefined || object === undefined) return undefined;
  const generation = object.metadata.generation; const observed = object.status?.['observedGeneration'];
  if (typeof observed === 'number' && generation !== undefined && observed !== generation) return { status: 'InProgress', message: `${object.kind} generation is ${generation}, but latest observed generation is ${observed}` };
  const said = (name: string): boolean => { const expression = text(own[name]); return expression !== undefined && holds(object, expression); };
  if (said('inProgress')) return { status: 'InProgress', message: 'inProgress holds' };
  if (said('failed')) return { status: 'Failed', message: 'failed holds' };
  return said('current') ? { status: 'Current', message: 'current holds' } : { status: 'InProgress', message: 'current does not hold yet' };
}
