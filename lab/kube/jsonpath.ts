/** The JSONPath of printer columns: keys, indexes, `[*]` and `[?(@.key=="value")]`. */
import { at, isFields } from '../world/value.ts';

type Step = (values: readonly unknown[]) => unknown[];
const parsed = new Map<string, readonly Step[]>();

/** Every value the path finds. A path it cannot read finds nothing, as the API server prints nothing then. */
export function findAll(object: unknown, path: string): unknown[] {
  let steps = parsed.get(path);
  if (steps === undefined) {
    steps = parse(path);
    parsed.set(path, steps);
  }
  return steps.reduce<unknown[]>((values, step) => step(values), [object]).filter((value) => value !== undefined && value !== null);
}

const key = (name: string): Step => (values) => values.flatMap((value) => (isFields(value) && name in value ? [value[name]] : []));
const lists = (values: readonly unknown[]): unknown[][] => values.filter((value): value is unknown[] => Array.isArray(value));

function parse(path: string): readonly Step[] {
  const steps: Step[] = [];
  let rest = path.replace(/^\{(.*)\}$/, '$1').replace(/^\$/, '');
  while (rest !== '') {
    const name = /^\.((?:\\.|[^.[\\])+)/.exec(rest);
    const quoted = /^\[(['"])((?:\\.|(?!\1).)*)\1\]/.exec(rest);
    const index = /^\[(-?\d+)\]/.exec(rest);
    const all = /^\[\*\]|^\.\*/.exec(rest);
    const filter = /^\[\?\(\s*@\.([\w.-]+)\s*(==|!=)\s*(?:'([^']*)'|"([^"]*)"|([\w.-]+))\s*\)\]/.exec(rest);
    const found = all ?? name ?? quoted ?? index ?? filter;
    if (found === null) return [() => []];
    if (all !== null) steps.push((values) => values.flatMap((value): unknown[] => (Array.isArray(value) ? value : isFields(value) ? Object.values(value) : [])));
    else if (name !== null) steps.push(key((name[1] ?? '').replaceAll(/\\(.)/g, '$1')));
    else if (quoted !== null) steps.push(key((quoted[2] ?? '').replaceAll(/\\(.)/g, '$1')));
    else if (index !== null) steps.push((values) => lists(values).map((list) => list.at(Number(index[1]))));
    else if (filter !== null) {
      const wanted = filter[3] ?? filter[4] ?? filter[5] ?? '';
      const path = (filter[1] ?? '').split('.');
      const same = filter[2] === '==';
      steps.push((values) => lists(values).flatMap((list) => list.filter((item) => (String(at(item, ...path) ?? '') === wanted) === same)));
    }
    rest = rest.slice(found[0].length);
  }
  return steps;
}
