import { get, isPlain, list, text, type Plain } from '../../build/data.ts';
import { isUnknown } from '../../build/unknown.ts';
import type { Path } from '../../../config/source.ts';
import type { Built, View } from '../../model.types.ts';
import { judgedAlone } from '../../view.ts';

/** One rule of a PrometheusRule or VMRule. */
export interface AlertingRule {
  readonly built: Built;
  readonly group: Plain;
  readonly groupPath: Path;
  readonly rule: Plain;
  readonly path: Path;
  readonly victoria: boolean;
  /** Its queries are of another language: logs, Graphite. */
  readonly foreign: boolean;
}

export interface RuleGroup { readonly built: Built; readonly group: Plain; readonly path: Path; readonly name: string | undefined; readonly victoria: boolean }

export function isRuleObject({ object }: Built): boolean {
  return (object.kind === 'PrometheusRule' && object.apiVersion.startsWith('monitoring.coreos.com/')) || (object.kind === 'VMRule' && object.apiVersion.startsWith('operator.victoriametrics.com/'));
}

/** Every group of alerting and recording rules of a view; each object speaks for itself. */
export function* groupsOf(view: View): Iterable<RuleGroup> {
  for (const built of judgedAlone(view)) {
    if (!isRuleObject(built)) continue;
    for (const [index, group] of list(get(built.object, 'spec', 'groups')).entries()) {
      if (isPlain(group)) yield { built, group, path: ['spec', 'groups', index], name: text(group['name']), victoria: built.object.kind === 'VMRule' };
    }
  }
}

export function* rulesOf(view: View): Iterable<AlertingRule> {
  for (const { built, group, path, victoria } of groupsOf(view)) {
    for (const [index, rule] of list(group['rules']).entries()) {
      if (!isPlain(rule)) continue;
      const type = text(rule['type']) ?? text(group['type']) ?? 'prometheus';
      yield { built, group, groupPath: path, rule, path: [...path, 'rules', index], victoria, foreign: type !== 'prometheus' };
    }
  }
}

/** A text that is there and known. */
export function knownText(value: unknown): string | undefined {
  return typeof value === 'string' && !isUnknown(value) ? value : undefined;
}

/** What people call a rule. */
export function nameOf(rule: Plain): string {
  return text(rule['alert']) ?? text(rule['record']) ?? 'a rule without a name';
}
