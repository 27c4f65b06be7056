import type { Difference } from './fingerprint.ts';

/** Gives a difference its reason, where a rebuild is expected to make it; or undefined. */
type Rule = (difference: Difference, all: readonly Difference[]) => string | undefined;

/** Marks those differences that are as they should be, each with why. What no rule knows stays unexplained. */
export function explain(differences: readonly Difference[]): readonly Difference[] {
  return differences.map((difference) => {
    const because = RULES.map((rule) => rule(difference, differences)).find((reason) => reason !== undefined);
    return because === undefined ? difference : { ...difference, because };
  });
}

/** `refs/heads/main@sha1:1678…` */
const COMMIT = /@(?:sha1|sha256):([0-9a-f]{40,64})$/;
const short = (revision: string): string => COMMIT.exec(revision)?.[1]?.slice(0, 10) ?? revision;

/** Somebody pushed while the rehearsal ran: every Kustomization of that source went from the same commit to the same commit. */
const repositoryWentOn: Rule = (difference, all) => {
  if (difference.kind !== 'changed' || difference.field !== 'revision' || (difference.section !== 'sources' && difference.section !== 'kustomizations')) return undefined;
  if (!COMMIT.test(difference.before) || !COMMIT.test(difference.after)) return undefined;
  const moved = all.some((source) => source.section === 'sources' && source.field === 'revision' && source.before === difference.before && source.after === difference.after);
  return moved ? `the repository went on from ${short(difference.before)} to ${short(difference.after)} while the rehearsal ran` : undefined;
};

const FRESH = 'fresh';
const RESTORE = 'restore';
/** Data that had begun fresh is restored now, by another folder of the tree (DATA_MODE). */
function byDataMode(difference: Difference): boolean {
  if (difference.section !== 'kustomizations' || difference.field !== 'path' || difference.kind !== 'changed') return false;
  const [before, after] = [difference.before.split('/'), difference.after.split('/')];
  return before.length === after.length && before.every((part, n) => part === after[n] || (part === FRESH && after[n] === RESTORE));
}
const dataMode: Rule = (difference, all) => {
  if (byDataMode(difference)) return 'its data began fresh then and is restored now';
  // What restores is applied by that Kustomization too.
  const own = difference.section === 'kustomizations' && difference.field === 'objects' && all.some((other) => other.key === difference.key && byDataMode(other));
  return own ? 'what restores its data is among its objects now' : undefined;
};

const RULES: readonly Rule[] = [repositoryWentOn, dataMode];
