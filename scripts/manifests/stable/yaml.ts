import { DEFAULT_SCALAR_STYLE_RULES, dump, SCALAR_STYLE, type ScalarStyleRule } from 'js-yaml';

/** What says which thing this is comes first, in any map; then by name, so that two runs, two machines and two orders of writing give the same text. */
const FIRST = ['apiVersion', 'kind', 'metadata', 'name', 'namespace'];
const RANK: ReadonlyMap<string, number> = new Map(FIRST.map((key, index) => [key, index - FIRST.length]));

/** How two keys of a map stand to each other in stable YAML. */
export function keyOrder(a: string, b: string): number {
  return (RANK.get(a) ?? 0) - (RANK.get(b) ?? 0) || (a < b ? -1 : a > b ? 1 : 0);
}

/**
 * Lines are what people compare: a text of several is written as such, also where it holds tabs, for which the usual rules give it up.
 * What nobody sees (marks of direction, spaces without width) is written as an escape.
 */
const readable: ScalarStyleRule = (layout) => {
  const { value } = layout.node;
  if (INVISIBLE.test(value)) layout.style = SCALAR_STYLE.DOUBLE_QUOTED;
  else if ((layout.allowedStylesMask & (1 << SCALAR_STYLE.LITERAL_BLOCK)) !== 0 && !layout.isKey && value.includes('\n') && value.trim() !== '') layout.style = SCALAR_STYLE.LITERAL_BLOCK;
};
// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const INVISIBLE = /[\u007f-\u00a0\u00ad\u200b-\u200f\u2028-\u202f\u2066-\u2069\ufeff\ufffe\uffff]/u;
const RULES: readonly ScalarStyleRule[] = [readable, ...Object.values(DEFAULT_SCALAR_STYLE_RULES)];

/**
 * A plain value as YAML that is the same text wherever and whenever it is written: keys in one order, no line broken for being long,
 * texts of several lines as lines, and quotes around whatever any reader (YAML 1.1 too, as Kubernetes' own) would take for something else than text.
 */
export function stableYaml(value: unknown): string {
  const text = dump(value, { lineWidth: -1, noRefs: true, sortKeys: keyOrder, scalarStyleRules: RULES });
  // The mark after a text that ends in empty lines; a document that follows, or the end, says the same.
  const bare = text.endsWith('\n...\n') ? text.slice(0, -4) : text;
  // They stand in double quotes only: the rule above sees to it.
  return INVISIBLE.test(bare) ? bare.replaceAll(new RegExp(INVISIBLE, 'gu'), (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`) : bare;
}
