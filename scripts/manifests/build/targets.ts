import type { KubeObject } from '../../config/cluster.ts';
import { groupOf, strings, text, versionOf, type Plain } from './data.ts';
import { effectiveNamespace, type Res } from './work.ts';

/** Which objects a patch is for. */

const NAMED = ['group', 'version', 'kind', 'name', 'namespace'] as const;
const patterns = new Map<string, RegExp | undefined>();

/** A regular expression that must match from beginning to end; undefined when it is none. */
function patternOf(written: string): RegExp | undefined {
  if (!patterns.has(written)) {
    let made: RegExp | undefined;
    try { made = new RegExp(`^(?:${written})$`); } catch { made = undefined; }
    patterns.set(written, made);
  }
  return patterns.get(written);
}

/** What of a target cannot be understood. */
export function targetTrouble(target: Plain): { readonly at: readonly string[]; readonly message: string } | undefined {
  for (const field of NAMED) {
    const written = text(target[field]);
    if (written !== undefined && patternOf(written) === undefined) return { at: [field], message: `${written} is no regular expression` };
  }
  for (const field of ['labelSelector', 'annotationSelector']) {
    const written = text(target[field]);
    if (written !== undefined && written !== '' && requirements(written) === undefined) return { at: [field], message: `${written} is no selector` };
  }
  return undefined;
}

/** Whether a target chooses an object, by what it is called now or was called when it was read. */
export function matchesTarget(target: Plain, { object, was }: Res): boolean {
  const first = was[0];
  const one = (field: (typeof NAMED)[number], values: readonly string[]): boolean => {
    const written = text(target[field]);
    return written === undefined || written === '' || values.some((value) => patternOf(written)?.test(value) === true);
  };
  return one('namespace', [first?.namespace ?? effectiveNamespace(object), effectiveNamespace(object)])
    && one('name', [first?.name ?? object.metadata.name, object.metadata.name])
    && one('group', [groupOf(object.apiVersion)]) && one('version', [versionOf(object.apiVersion)]) && one('kind', [object.kind])
    && selects(text(target['labelSelector']), strings(object.metadata.labels)) && selects(text(target['annotationSelector']), strings(object.metadata.annotations));
}

/** Whether an object is, or ever was, the one a patch names. */
export function sameObject(patch: KubeObject, { object, was }: Res): boolean {
  if (patch.apiVersion !== object.apiVersion) return false;
  const namespace = effectiveNamespace(patch);
  return [...was, { kind: object.kind, name: object.metadata.name, namespace: effectiveNamespace(object) }].some((each) => each.kind === patch.kind && each.name === patch.metadata.name && each.namespace === namespace);
}

type Requirement = (values: Readonly<Record<string, string>>) => boolean;

function selects(selector: string | undefined, values: Readonly<Record<string, string>>): boolean {
  if (selector === undefined || selector.trim() === '') return true;
  return requirements(selector)?.every((holds) => holds(values)) === true;
}

/** A selector as kubectl takes it: `a=b,c!=d,e in (f,g),h notin (i),j,!k`. */
function requirements(selector: string): readonly Requirement[] | undefined {
  const out: Requirement[] = [];
  for (const part of selector.split(/,(?![^(]*\))/).map((each) => each.trim())) {
    const set = /^([\w./-]+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(part);
    const pair = /^([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)$/.exec(part);
    const bare = /^(!?)\s*([\w./-]+)$/.exec(part);
    if (set !== null) {
      const [, key = '', operator, listed = ''] = set;
      const among = listed.split(',').map((each) => each.trim());
      out.push((values) => (values[key] !== undefined && among.includes(values[key])) === (operator === 'in'));
    } else if (pair !== null) {
      const [, key = '', operator, value = ''] = pair;
      out.push((values) => (values[key] === value) === (operator !== '!='));
    } else if (bare !== null) {
      const [, not, key = ''] = bare;
      out.push((values) => (values[key] === undefined) === (not === '!'));
    } else return undefined;
  }
  return out;
}
