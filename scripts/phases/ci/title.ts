/** A title that begins with the id of its story, as it is or as GitHub writes it when a change is taken back. */
const GOOD = /^(?:Revert ")?STORY(?:-[A-Z0-9]+){2,}: \S/;
const ALMOST = /^\W*(story(?:[-_][a-z0-9]+){2,})\b/i;

/** What is wrong with the title of a pull request and what to write; undefined when nothing is. Bots have no stories. */
export function titleTrouble(title: string, author: string): { readonly because: string; readonly hint: string } | undefined {
  if (GOOD.test(title) || /^[\w-]+\[bot\]$/.test(author)) return undefined;
  const form = 'STORY-<AREA>-<NAME>: what it does';
  const id = ALMOST.exec(title)?.[1]?.toUpperCase().replaceAll('_', '-');
  if (id !== undefined && /^\W*STORY(?:-[A-Z0-9]+){2,}\s*$/.test(title)) return { because: 'it does not say what the change does', hint: `write "${id}: what it does"` };
  if (id !== undefined) return { because: 'its story id is not written as "STORY-<AREA>-<NAME>: "', hint: `begin with "${id}: "` };
  return { because: 'it does not begin with the id of a story', hint: `write "${form}", for example "STORY-NET-CILIUM-GATEWAY: create Gateway API manifests"` };
}
