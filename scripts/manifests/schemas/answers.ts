import type { Conformity } from '../../tools/kubeconform.ts';
import { pathFrom } from './look.ts';
import type { Trouble } from './trouble.ts';

/**
 * What kubeconform says of one object, as troubles. Its list of errors leaves out what is inside a group ("validation failed"); its one
 * long sentence has everything, indented by depth, line breaks turned into spaces.
 */
export function troublesOf(answer: Conformity, object: unknown): readonly Trouble[] {
  const found = [...troublesBelow(lines(answer.said, object), 0)];
  return found.length > 0 ? found : [{ is: 'other', path: [], said: answer.said }];
}

interface Line { readonly depth: number; readonly path: Trouble['path']; readonly message: string }

const HEAD = / ((?: {2})*)- at '((?:[^'\\]|\\.)*)': /g;

function lines(said: string, object: unknown): readonly Line[] {
  const heads = [...said.matchAll(HEAD)];
  return heads.map((head, index): Line => ({
    depth: (head[1] ?? '').length / 2,
    path: pathFrom(unescape(head[2] ?? ''), object),
    message: said.slice(head.index + head[0].length, heads[index + 1]?.index).trimEnd(),
  }));
}

/** Troubles of lines of one depth, with what stands below each. A group is only what it holds. */
function* troublesBelow(all: readonly Line[], depth: number): Iterable<Trouble> {
  for (const { line, below } of parted(all, depth)) {
    if (line.message === 'validation failed') yield* troublesBelow(below, depth + 1);
    else {
      const trouble = troubleOf(line.path, line.message);
      yield trouble.is === 'form' ? { ...trouble, forms: parted(below, depth + 1).map((each) => [...troublesBelow([each.line, ...each.below], depth + 1)]) } : trouble;
    }
  }
}

function parted(all: readonly Line[], depth: number): readonly { readonly line: Line; readonly below: readonly Line[] }[] {
  const parts: { readonly line: Line; readonly below: Line[] }[] = [];
  for (const line of all) {
    if (line.depth <= depth) parts.push({ line, below: [] });
    else parts.at(-1)?.below.push(line);
  }
  return parts;
}

function troubleOf(path: Trouble['path'], message: string): Trouble {
  const extra = /^additional properties (.+) not allowed$/s.exec(message)?.[1];
  if (extra !== undefined) return { is: 'extra', path, keys: quoted(extra) };
  const missing = /^missing propert(?:y|ies) (.+)$/s.exec(message)?.[1];
  if (missing !== undefined) return { is: 'missing', path, keys: quoted(missing) };
  const type = /^got (\w+), want (.+)$/.exec(message);
  if (type !== null) return { is: 'type', path, got: type[1] ?? '', want: (type[2] ?? '').split(' or ') };
  const values = /^value must be (?:one of )?(.+)$/s.exec(message)?.[1];
  if (values !== undefined) return { is: 'enum', path, want: values.split(', ').map((each) => quoted(each)[0] ?? each) };
  const pattern = / does not match pattern '(.*)'$/s.exec(message)?.[1];
  if (pattern !== undefined) return { is: 'pattern', path, want: unescape(pattern) };
  const format = / is not valid ([\w-]+): (.*)$/s.exec(message);
  if (format !== null) return { is: 'format', path, want: format[1] ?? '', because: format[2] ?? '' };
  const bound = /^(\w+): got ([-\d.,e+]+), want ([-\d.,e+]+)$/.exec(message);
  if (bound !== null) return { is: 'bound', path, which: bound[1] ?? '', got: number(bound[2]), want: number(bound[3]) };
  const same = /^items at (\d+) and (\d+) are equal$/.exec(message);
  if (same !== null) return { is: 'same', path, first: Number(same[1]), second: Number(same[2]) };
  const form = /^'?(allOf|anyOf|oneOf|not)'? failed(?:, (none|subschemas))?/.exec(message);
  const which = form?.[1];
  if (which === 'allOf' || which === 'anyOf' || which === 'oneOf' || which === 'not') return { is: 'form', path, which, matched: form?.[2] === 'subschemas' ? 2 : which === 'not' ? 1 : 0, forms: [] };
  return { is: 'other', path, said: message };
}

/** Its words are in single quotes; a quote within has a backslash. */
function quoted(text: string): string[] {
  return [...text.matchAll(/'((?:[^'\\]|\\.)*)'/gs)].map(([, word = '']) => unescape(word));
}
function unescape(word: string): string {
  return word.replaceAll("\\'", "'").replaceAll('\\\\', '\\');
}
function number(text: string | undefined): number {
  return Number((text ?? '').replaceAll(',', ''));
}
