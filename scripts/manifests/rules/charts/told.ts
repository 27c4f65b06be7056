import type { Found, Rule, View } from '../../model.types.ts';

/** A rule whose mistakes were found while the releases were read. */
export function toldBy(rule: Omit<Rule, 'check'>): Rule {
  return {
    ...rule,
    * check(view: View): Generator<Omit<Found, 'rule'>> {
      for (const { found = [] } of view.releases) for (const each of found) if (each.rule === rule.id) yield each;
    },
  };
}
