import { inWords, keyOf } from '../build/variants.ts';
import type { Found, Rule, View } from '../model.types.ts';
import { RULES as charts } from './charts/index.ts';
import { RULES as content } from './content/index.ts';
import { RULES as flux } from './flux/index.ts';
import { RULES as network } from './network/index.ts';
import { RULES as schemas } from './schemas/index.ts';
import { RULES as versions } from './versions/index.ts';
import { RULES as workloads } from './workloads/index.ts';

type Say = Omit<Found, 'rule'>;

/** A rule that is asked of the other ways a tree may be built as well; what it says there is told where it says it there alone. */
function everyWay(rule: Rule): Rule {
  return { ...rule, check: (view) => (view.variants === undefined ? rule.check(view) : inEveryWay(rule, view, view.variants)) };
}

async function inEveryWay(rule: Rule, view: View, variants: NonNullable<View['variants']>): Promise<readonly Say[]> {
  const first = [...await rule.check(view)];
  const told = new Set(first.map(keyOf));
  const others = await Promise.all(variants.map(async (variant) => [...await rule.check(variant)].filter((found) => !told.has(keyOf(found))).map((found) => inWords(found, variant.variant))));
  return [...first, ...others.flat()];
}

/** The rules by group, in the order they are told. ONLY= takes a group's name. */
export const GROUPS: Readonly<Record<string, readonly Rule[]>> = Object.fromEntries(Object.entries({ flux, versions, charts, schemas, workloads, network, content }).map(([group, rules]) => [group, rules.map(everyWay)]));

/** Every rule there is. */
export const RULES: readonly Rule[] = Object.values(GROUPS).flat();
