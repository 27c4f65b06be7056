import type { Built } from '../model.types.ts';
import { groupOf, kindKey } from '../index/read.ts';
import { id } from '../../health/objects.ts';

/** One object of one side, and what applies it. */
export interface Held { readonly built: Built; readonly key: string; /** `namespace/name` of the Kustomization, and of the release when a chart made it. */ readonly holder: string }

/** The same thing on both sides, or what only one of them has. */
export interface Pair { readonly before: Held | undefined; readonly after: Held | undefined }

/** Who it is to the API, whatever version it is written in. */
export function keyOf({ object }: Built): string {
  return id(kindKey(groupOf(object.apiVersion), object.kind), object.metadata.name, object.metadata.namespace);
}

export function holderOf(built: Built): string {
  const unit = `${built.unit.namespace}/${built.unit.name}`;
  return built.release === undefined ? unit : `${unit} ${keyOf(built.release)}`;
}

/** kustomize's hash of what a generated ConfigMap or Secret holds. */
const HASH = /-[2456789bcdfghkmt]{10}$/;
const unhashed = (name: string): string | undefined => (HASH.test(name) ? name.replace(HASH, '') : undefined);

/**
 * Holds two sets of objects against each other: the same name at the same holder first, then at another, then what a generator
 * made of the same entry under the name of its content. Every object is in exactly one pair; in the order of the second, what is gone where it stood. Pure.
 */
export function pairsOf(before: readonly Built[], after: readonly Built[]): readonly Pair[] {
  const gone = new Map<string, Held[]>();
  const put = (key: string, held: Held): void => { (gone.get(key) ?? gone.set(key, []).get(key) ?? []).push(held); };
  const old = before.map((built): Held => ({ built, key: keyOf(built), holder: holderOf(built) }));
  for (const held of old) put(held.key, held);
  const partner = new Map<Built, Held>();
  const take = (key: string, fits: (held: Held) => boolean): Held | undefined => {
    const list = gone.get(key) ?? [];
    const index = list.findIndex(fits);
    return index < 0 ? undefined : list.splice(index, 1)[0];
  };
  const now = after.map((built): Held => ({ built, key: keyOf(built), holder: holderOf(built) }));
  const match = (find: (held: Held) => Held | undefined): void => {
    for (const held of now) {
      if (partner.has(held.built)) continue;
      const found = find(held);
      if (found !== undefined) partner.set(held.built, found);
    }
  };
  match((held) => take(held.key, (each) => each.holder === held.holder));
  match((held) => take(held.key, () => true));
  const left = new Map<string, Held[]>();
  for (const held of [...gone.values()].flat()) {
    const base = generatedKey(held);
    if (base !== undefined) (left.get(base) ?? left.set(base, []).get(base) ?? []).push(held);
  }
  match((held) => {
    const base = generatedKey(held);
    const found = base === undefined ? undefined : left.get(base)?.shift();
    if (found !== undefined) take(found.key, (each) => each === found);
    return found;
  });
  return inOrder(old, now, partner, new Set([...gone.values()].flat()));
}

function generatedKey({ built, holder }: Held): string | undefined {
  const { object } = built;
  const base = object.kind === 'ConfigMap' || object.kind === 'Secret' ? unhashed(object.metadata.name) : undefined;
  return base === undefined ? undefined : `${holder} ${id(object.kind, base, object.metadata.namespace)}`;
}

/** The order of the second list; what is gone follows what stood before it. */
function inOrder(old: readonly Held[], now: readonly Held[], partner: ReadonlyMap<Built, Held>, gone: ReadonlySet<Held>): readonly Pair[] {
  const heads: Pair[] = [];
  const behind = new Map<Held, Pair[]>();
  let last: Held | undefined;
  for (const held of old) {
    if (!gone.has(held)) { last = held; continue; }
    const pair: Pair = { before: held, after: undefined };
    if (last === undefined) heads.push(pair);
    else (behind.get(last) ?? behind.set(last, []).get(last) ?? []).push(pair);
  }
  return [...heads, ...now.flatMap((held): readonly Pair[] => {
    const before = partner.get(held.built);
    return [{ before, after: held }, ...(before === undefined ? [] : behind.get(before) ?? [])];
  })];
}
