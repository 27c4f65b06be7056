import { at, entries, fields, isHole, items, text } from './read.ts';

/** Whether something holds; undefined where it cannot be told. */
export type Verdict = boolean | undefined;

/** Labels of something, as far as they are known. */
export interface Labels {
  /** Undefined: the label is there, with a value nobody here knows. */
  readonly known: ReadonlyMap<string, string | undefined>;
  /** There may be others beside them. */
  readonly open: boolean;
}

/** Labels as they are written. `added`: keys a controller adds, whatever value it gives them. */
export function labelsOf(written: unknown, added: readonly string[] = []): Labels {
  const known = new Map<string, string | undefined>(added.map((key) => [key, undefined]));
  let open = isHole(written);
  for (const [key, value] of Object.entries(fields(written))) {
    if (isHole(key)) open = true;
    else known.set(key, valueOf(value));
  }
  return { known, open };
}

function valueOf(value: unknown): string | undefined {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : text(value);
}

/** All of them hold: false as soon as one does not, undefined when the rest cannot be told. */
export function all(verdicts: Iterable<Verdict>): Verdict {
  let sure: Verdict = true;
  for (const verdict of verdicts) {
    if (verdict === false) return false;
    if (verdict === undefined) sure = undefined;
  }
  return sure;
}

/** One of them holds: true as soon as one does, undefined when the rest cannot be told. */
export function any(verdicts: Iterable<Verdict>): Verdict {
  let sure: Verdict = false;
  for (const verdict of verdicts) {
    if (verdict === true) return true;
    if (verdict === undefined) sure = undefined;
  }
  return sure;
}

/** A map of labels that must all be there (a Service's selector, matchLabels). An empty one holds for everything. */
export function hasAll(wanted: unknown, labels: Labels): Verdict {
  if (wanted === undefined || wanted === null) return true;
  if (isHole(wanted)) return undefined;
  const map = fields(wanted);
  let sure: Verdict = true;
  for (const key of Object.keys(map)) {
    const verdict = has(key, valueOf(map[key]), labels);
    if (verdict === false) return false;
    if (verdict === undefined) sure = undefined;
  }
  return sure;
}

function has(key: string, value: string | undefined, labels: Labels): Verdict {
  if (isHole(key)) return undefined;
  if (!labels.known.has(key)) return labels.open ? undefined : false;
  const own = labels.known.get(key);
  return same(own, value);
}

function same(a: string | undefined, b: string | undefined): Verdict {
  return a === undefined || b === undefined ? undefined : a === b;
}

/** A label selector: matchLabels and matchExpressions. An empty one holds for everything; whether an absent one does is for who asks. */
export function selects(selector: unknown, labels: Labels): Verdict {
  if (isHole(selector)) return undefined;
  const map = fields(selector);
  const sure = hasAll(map['matchLabels'], labels);
  return map['matchExpressions'] === undefined || sure === false ? sure : all([sure, ...entries(map['matchExpressions']).map(({ entry }) => holds(entry, labels))]);
}

function holds(expression: Readonly<Record<string, unknown>>, labels: Labels): Verdict {
  const key = text(expression['key']);
  if (key === undefined || isHole(expression['values'])) return undefined;
  const there: Verdict = labels.known.has(key) ? true : labels.open ? undefined : false;
  const among = (): Verdict => {
    if (there !== true) return there;
    const own = labels.known.get(key);
    return own === undefined ? undefined : any(items(expression['values']).map((value) => same(own, valueOf(value))));
  };
  switch (expression['operator']) {
    case 'Exists': return there;
    case 'DoesNotExist': return not(there);
    case 'In': return among();
    // What lacks the label is not among the values either.
    case 'NotIn': return not(among());
    default: return undefined;
  }
}

export function not(verdict: Verdict): Verdict {
  return verdict === undefined ? undefined : !verdict;
}

/** A selector without any condition. */
export function isEmpty(selector: unknown): boolean {
  return Object.keys(fields(at(selector, 'matchLabels'))).length === 0 && items(at(selector, 'matchExpressions')).length === 0 && !isHole(selector);
}

/** A selector as a person writes it on a command line. */
export function said(selector: unknown): string {
  const expressions = entries(at(selector, 'matchExpressions')).map(({ entry }) => {
    const key = String(entry['key']);
    const values = items(entry['values']).map(String).join(', ');
    return { Exists: key, DoesNotExist: `!${key}`, In: `${key} in (${values})`, NotIn: `${key} notin (${values})` }[String(entry['operator'])] ?? key;
  });
  return [saidLabels(at(selector, 'matchLabels')), ...expressions].filter((part) => part !== '').join(', ') || 'everything';
}

export function saidLabels(labels: unknown): string {
  return Object.entries(fields(labels)).map(([key, value]) => `${key}=${String(value)}`).join(', ');
}
