import { listed, meant } from '../config/words.ts';
import { Failure } from '../engine/failure.ts';
import { BUILD_RULES } from './build/rules.ts';
import type { RuleFacts } from './findings/report.ts';
import { SILENCE_RULES } from './findings/silence.ts';
import type { Rule, Texts } from './model.types.ts';
import { GROUPS } from './rules/index.ts';

/** Every rule with its group: what building tells, the rules proper, and what is wrong with silences. */
export function allRules(): readonly RuleFacts[] {
  return [
    ...BUILD_RULES.map((rule) => factsOf(rule, 'build')),
    ...Object.entries(GROUPS).flatMap(([group, rules]) => rules.map((rule) => factsOf(rule, group))),
    ...SILENCE_RULES.map((rule) => factsOf(rule, 'silences')),
  ];
}

function factsOf({ id, severity, summary, why, secret }: Omit<Rule, 'check'>, group: string): RuleFacts {
  const sentence = (text: string): string => text.replace(/\.$/u, '');
  return { id, group, severity, summary: sentence(summary), why: sentence(why), secret: secret === true };
}

export interface Only {
  /** The rules to ask, those of the build and of silences apart. */
  readonly rules: readonly Rule[];
  /** Whether a finding is told. */
  readonly tells: (rule: string, file: string) => boolean;
  /** The rules whose findings are told. */
  readonly facts: readonly RuleFacts[];
}

/**
 * What ONLY means: ids of rules, groups, and paths of the tree, with commas. What building finds is always told, as everything else stands on it, unless
 * rules of the build itself are named. Throws a Failure (64) for a word that is none of them.
 */
export function readOnly(words: readonly string[], texts: Texts): Only {
  const all = allRules();
  const groups = [...new Set(all.map((rule) => rule.group))];
  const chosen = new Set<string>();
  const paths: string[] = [];
  for (const word of words) {
    const path = word.replace(/^\.\//u, '').replace(/\/$/u, '');
    if (groups.includes(word)) for (const rule of all) { if (rule.group === word) chosen.add(rule.id); } else if (all.some((rule) => rule.id === word)) chosen.add(word);
    else if (texts.kind(path) !== undefined) paths.push(path);
    else throw new Failure({ exit: 'usage', what: `ONLY cannot be "${word}"`, because: 'it is no rule, no group of rules, and no path of the tree', hint: meant(word, [...all.map(({ id }) => id), ...groups], `the groups are ${listed(groups)}; task manifests:rules lists the rules`) });
  }
  const always = (rule: RuleFacts): boolean => rule.group === 'silences' || (rule.group === 'build' && !all.some((each) => each.group === 'build' && chosen.has(each.id)));
  const facts = chosen.size === 0 ? all : all.filter((rule) => chosen.has(rule.id) || always(rule));
  const told = new Set(facts.map((rule) => rule.id));
  return {
    facts, rules: Object.values(GROUPS).flat().filter((rule) => told.has(rule.id)),
    tells: (rule, file) => told.has(rule) && (paths.length === 0 || paths.some((path) => file === path || file.startsWith(`${path}/`))),
  };
}
