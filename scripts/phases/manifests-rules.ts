import { meant } from '../config/words.ts';
import { Failure } from '../engine/failure.ts';
import type { Json, Style } from '../engine/outcome.ts';
import { columns, wrap } from '../health/layout.ts';
import type { RuleFacts } from '../manifests/findings/report.ts';
import { allRules } from '../manifests/only.ts';
import type { Action } from './task.ts';

/** Every rule of manifests:validate, by group; one of them in full. */
const manifestsRules: Action = async (cx) => {
  const rules = allRules();
  const wanted = cx.variables['RULE'];
  const json = (rule: RuleFacts): Json => ({ id: rule.id, group: rule.group, severity: rule.severity, summary: rule.summary, why: rule.why });
  if (wanted !== undefined && wanted !== '') {
    const rule = rules.find(({ id }) => id === wanted);
    if (rule === undefined) throw new Failure({ exit: 'usage', what: `there is no rule ${wanted}`, hint: meant(wanted, rules.map(({ id }) => id), 'task manifests:rules lists them') });
    return { exit: 'done', result: json(rule), render: (style) => inFull(rule, style) };
  }
  return { exit: 'done', result: rules.map(json), render: (style) => table(rules, style) };
};
export default manifestsRules;

function table(rules: readonly RuleFacts[], style: Style): readonly string[] {
  const wide = Math.max(...rules.map(({ id }) => columns(id)));
  const beside = 4 + wide + 2;
  const lines: string[] = [];
  for (const [group, own] of Map.groupBy(rules, (rule) => rule.group)) {
    lines.push(...(lines.length === 0 ? [] : ['']), style.bold(group));
    for (const { id, severity, summary, why } of own) {
      const sign = severity === 'error' ? style.red('✖') : style.yellow('!');
      const [room, indent] = style.width - beside < 30 ? [style.width - 6, 6] : [style.width - beside, beside];
      const text = [...wrap(summary, room), ...wrap(why, room).map((line) => style.dim(line))];
      if (indent === 6) lines.push(`  ${sign} ${style.cyan(id)}`, ...text.map((line) => `      ${line}`));
      else lines.push(...text.map((line, index) => (index === 0 ? `  ${sign} ${style.cyan(id)}${' '.repeat(wide - columns(id) + 2)}${line}` : `${' '.repeat(indent)}${line}`)));
    }
  }
  return [...lines, '', ...wrap(`${rules.length} rules; ✖ is an error (exit 1), ! a warning (exit 0). Any of them says "could not be checked" where it cannot know (exit 2).`, style.width).map((line) => style.dim(line))];
}

function inFull({ id, group, severity, summary, why }: RuleFacts, style: Style): readonly string[] {
  const part = (label: string, text: string): readonly string[] => wrap(text, style.width - 12).map((line, index) => `  ${style.dim((index === 0 ? label : '').padEnd(10))}${line}`);
  return [
    `${severity === 'error' ? style.red('✖') : style.yellow('!')} ${style.bold(id)}  ${severity}, group ${group}`,
    ...part('holds', summary), ...part('otherwise', why),
    ...(group === 'silences' ? [] : part('silence', `# manifests:ignore ${id}: why it is right here`)),
    ...part('only this', `task manifests:validate ONLY=${id}`),
  ];
}
