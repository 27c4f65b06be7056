import { meant } from '../../config/words.ts';
import type { Path } from '../../config/source.ts';
import { Failure } from '../../engine/failure.ts';
import { isFields } from '../../health/objects.ts';

/**
 * A field as people write it, looked up in the value it is of: `.spec.x`, `spec.containers[0]`, `spec.containers[app].image` (by name),
 * `.data["values.yaml"]`. Keys with dots in them need no quotes: the longest key that fits is taken. Throws Failure (64) with what there is.
 */
export function fieldPath(value: unknown, text: string): Path {
  const path: (string | number)[] = [];
  let here = value;
  let rest = text.trim().replace(/^\$?\.?/, '');
  while (rest !== '') {
    const step = rest.startsWith('[') ? bracket(here, rest) : Array.isArray(here) ? undefined : key(here, rest);
    if (step === undefined) throw unknownField(text, path, here, rest);
    path.push(step.part);
    here = Array.isArray(here) ? here[Number(step.part)] : isFields(here) ? here[step.part] : undefined;
    rest = step.rest.replace(/^\./, '');
  }
  return path;
}

interface Step { readonly part: string | number; readonly rest: string }

function bracket(here: unknown, text: string): Step | undefined {
  const quoted = /^\[(["'])(.*?)\1\](.*)$/s.exec(text);
  if (quoted !== null) return isFields(here) && Object.hasOwn(here, quoted[2] ?? '') ? { part: quoted[2] ?? '', rest: quoted[3] ?? '' } : undefined;
  const [, inner = '', rest = ''] = /^\[([^\]]*)\](.*)$/s.exec(text) ?? [];
  if (!Array.isArray(here)) return isFields(here) && Object.hasOwn(here, inner) ? { part: inner, rest } : undefined;
  if (/^\d+$/.test(inner)) return Number(inner) < here.length ? { part: Number(inner), rest } : undefined;
  // [app], [name=app], and the ?(@.name=="app") of other tools.
  const name = /(?:^|[=])\s*"?([\w./:-]+)"?\)?$/.exec(inner)?.[1];
  const index = here.findIndex((each: unknown) => isFields(each) && each['name'] === name);
  return index < 0 ? undefined : { part: index, rest };
}

/** The longest key of a map that the text begins with. */
function key(here: unknown, text: string): Step | undefined {
  if (!isFields(here)) return undefined;
  const fits = Object.keys(here).filter((each) => each !== '' && text.startsWith(each) && /^(?:$|[.[])/.test(text.slice(each.length)));
  const longest = fits.reduce<string | undefined>((best, each) => (best === undefined || each.length > best.length ? each : best), undefined);
  return longest === undefined ? undefined : { part: longest, rest: text.slice(longest.length) };
}

function unknownField(text: string, path: Path, here: unknown, rest: string): Failure {
  const wanted = /^\[?["']?([^.[\]"']+)/.exec(rest)?.[1] ?? rest;
  const there = Array.isArray(here) ? here.map((each: unknown, index) => (isFields(each) && typeof each['name'] === 'string' ? `[${each['name']}]` : `[${index}]`)) : isFields(here) ? Object.keys(here) : [];
  return new Failure({
    exit: 'usage', what: `there is no field ${text}`, because: `${path.length === 0 ? 'the object' : spoken(path)} has no ${rest}`,
    hint: meant(wanted, there, there.length === 0 ? 'that is a value, nothing is below it' : `it has ${there.slice(0, 20).join(', ')}${there.length > 20 ? ', ...' : ''}`),
  });
}

/** A path as it can be typed again: names of entries where they have one. */
export function spoken(path: Path, value?: unknown): string {
  let here = value;
  return path.map((part) => {
    const at = Array.isArray(here) ? here[Number(part)] as unknown : isFields(here) ? here[part] : undefined;
    const list = Array.isArray(here) || typeof part === 'number';
    here = at;
    if (list) return `[${isFields(at) && typeof at['name'] === 'string' && /^[\w./:-]+$/.test(at['name']) ? at['name'] : String(part)}]`;
    return /^[\w-]+$/.test(String(part)) ? `.${part}` : `["${part}"]`;
  }).join('');
}
