import type { Spot } from '../../config/source.ts';
import { placeOf, readable } from '../build/index.ts';
import type { Built, Finding, Found, Severity, Texts, Tree } from '../model.types.ts';
import type { RuleFacts, Told } from './report.ts';

/** `Kind namespace/name`, as a finding calls its object. */
export function objectName({ object }: Pick<Built, 'object'>): string {
  const { namespace, name } = object.metadata;
  return readable(`${object.kind} ${namespace === undefined || namespace === '' ? '' : `${namespace}/`}${name}`);
}

/** What a rule found, with its place looked up in the source. */
export function locate(found: Found, tree: Tree, severity: Severity): Finding {
  const { rule, built, message, hint, related = [], fix } = found;
  return {
    rule, severity: found.unknown === true ? 'unknown' : severity, clusters: [tree.name],
    object: built === undefined ? null : objectName(built),
    spot: spotOf(found, tree.texts), message: readable(message), hint: readable(hint),
    related: related.map(({ what, source }) => ({ what: readable(what), spot: tree.texts.spot(source) })),
    fix: fix ?? null,
  };
}

function spotOf({ built, path = [], key, needle, source, spot }: Found, texts: Texts): Spot {
  if (spot !== undefined) return spot;
  const part = key === true ? 'key' : 'value';
  if (source !== undefined) return needle === undefined ? texts.spot(source, part) : texts.spotIn(source, needle);
  if (built === undefined) throw new TypeError('a finding says neither object nor place');
  // What a chart makes is written nowhere in the tree: its release is.
  if (built.release !== undefined) return placeOf(texts, built.release, ['metadata', 'name']).spot;
  const place = placeOf(texts, built, path.length === 0 ? ['metadata', 'name'] : path, part);
  return needle === undefined ? place.spot : texts.spotIn(place.source, needle);
}

/** The same finding of several clusters as one, in the order of `clusters`; sorted by file, line, column, rule. */
export function merged(findings: readonly Finding[], clusters: readonly string[]): readonly Finding[] {
  const byWords = new Map<string, Finding>();
  for (const finding of findings) {
    const { rule, severity, object, spot, message, hint } = finding;
    const key = JSON.stringify([rule, severity, object, spot, message, hint]);
    const known = byWords.get(key);
    byWords.set(key, known === undefined ? finding : { ...known, clusters: clusters.filter((name) => known.clusters.includes(name) || finding.clusters.includes(name)), related: related(known, finding) });
  }
  return [...byWords.values()].toSorted(inOrder);
}

function related(a: Finding, b: Finding): Finding['related'] {
  const known = new Set(a.related.map((each) => JSON.stringify(each)));
  return [...a.related, ...b.related.filter((each) => !known.has(JSON.stringify(each)))];
}

export function inOrder(a: Finding, b: Finding): number {
  return compare(a.spot.file, b.spot.file) || a.spot.line - b.spot.line || a.spot.column - b.spot.column || compare(a.rule, b.rule) || compare(a.message, b.message) || compare(a.object ?? '', b.object ?? '') || compare(a.hint, b.hint);
}
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The finding with its line; of what nobody may read only what stands before it. */
export function withText<F extends Finding>(finding: F, texts: Texts, rules: ReadonlyMap<string, RuleFacts>): F & Pick<Told, 'text'> {
  const { file, line, column } = finding.spot;
  const text = line === 0 ? undefined : texts.text(file)?.split('\n')[line - 1]?.replace(/\r$/u, '');
  if (text === undefined) return { ...finding, text: null };
  if (rules.get(finding.rule)?.secret !== true) return { ...finding, text };
  return { ...finding, text: `${text.slice(0, column - 1)}${'•'.repeat(8)}`, spot: { ...finding.spot, length: 8 } };
}
