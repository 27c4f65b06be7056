import { isPlain, strings } from '../../build/data.ts';
import { isUnknown } from '../../build/unknown.ts';
import type { Found, Rule } from '../../model.types.ts';
import { oncePer } from '../../once.ts';
import { gvkOf } from '../../schemas/kinds.ts';
import { locatorOf } from '../../schemas/locate.ts';
import { schemasAt } from '../../schemas/look.ts';
import { ALERT_TEMPLATES, templateTrouble, VMALERT_TEMPLATES } from './go-template.ts';
import { groupsOf, knownText, nameOf, rulesOf } from './alerts.ts';
import { pieceAt } from './place.ts';
import { hasVictoria, queriesOf } from './queries/query.ts';

type Say = Omit<Found, 'rule'>;

export const ruleExpression: Rule = {
  id: 'rule-expression', severity: 'error',
  summary: 'The expressions of alerting and recording rules can be read, and their parts fit together',
  why: 'One rule that cannot be read keeps the operator from taking the whole object: none of its alerts is ever evaluated, and nobody is told.',
  async check(view) {
    const queries = queriesOf(view);
    const found: Say[] = [];
    for (const { built, rule, path, victoria, foreign } of rulesOf(view)) {
      const written = typeof rule['expr'] === 'number' ? String(rule['expr']) : knownText(rule['expr']);
      if (written === undefined || foreign) continue;
      const trouble = await queries.trouble(written, victoria ? { metricsql: true } : {});
      if (trouble === undefined) continue;
      const needle = pieceAt(written, trouble.at, trouble.needle);
      found.push({ built, path: [...path, 'expr'], ...(needle === undefined ? {} : { needle }), message: `the expression of ${nameOf(rule)}: ${trouble.message}`, hint: trouble.hint });
    }
    queries.keep();
    return found;
  },
};

/** Prometheus' durations; VictoriaMetrics reads fractions as well. */
const DURATION = /^(?:0|(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?)$/;
const VICTORIA_DURATION = /^(?:0|(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w|y))+)$/;

export const ruleDuration: Rule = {
  id: 'rule-duration', severity: 'error',
  summary: 'Durations of alerting and recording rules can be read',
  why: 'One that cannot be read keeps the operator from taking the whole object.',
  *check(view) {
    for (const { built, group, path, victoria } of groupsOf(view)) {
      const schema = locatorOf(view).find(gvkOf(built.object))?.schema();
      const fields = [
        ...['interval', 'query_offset', 'eval_offset', 'eval_delay'].map((field) => ({ at: [...path, field], value: group[field] })),
        ...(Array.isArray(group['rules']) ? group['rules'] : []).flatMap((rule: unknown, index) => (isPlain(rule) ? ['for', 'keep_firing_for'].map((field) => ({ at: [...path, 'rules', index, field], value: rule[field] })) : [])),
      ];
      for (const { at, value } of fields) {
        const written = knownText(value);
        if (written === undefined || (written !== '' && (victoria ? VICTORIA_DURATION : DURATION).test(written))) continue;
        // A schema with a pattern of its own has said so already.
        if (schemasAt(schema, at).some((each) => each['pattern'] !== undefined)) continue;
        yield { built, path: at, message: `${String(at.at(-1))} is ${JSON.stringify(written)}, which is no duration`, hint: `write it like 30s, 5m or ${victoria ? '1h30m' : '1h30m; the larger units come first'}` };
      }
    }
  },
};

export const ruleGroupTwice: Rule = {
  id: 'rule-group-twice', severity: 'error',
  summary: 'The groups of a rule object have different names',
  why: 'Names of groups are its keys: the API server refuses the object, or the operator takes one of the two.',
  *check(view) {
    const seen = new Map<unknown, Set<string>>();
    for (const { built, name, path } of groupsOf(view)) {
      if (name === undefined || isUnknown(name)) continue;
      const names = seen.get(built) ?? new Set();
      seen.set(built, names);
      if (names.has(name)) yield { built, path: [...path, 'name'], message: `the group ${name} is there twice`, hint: 'give one of them another name, or put their rules together' };
      names.add(name);
    }
  },
};

export const ruleTwice: Rule = {
  id: 'rule-twice', severity: 'warning',
  summary: 'No rule of a group has the name and labels of another',
  why: 'Two rules that write the same series undo each other; two alerts that cannot be told apart are one to Alertmanager.',
  *check(view) {
    const seen = new Map<string, Set<string>>();
    const numbers = new Map<unknown, number>();
    for (const { built, rule, groupPath, path } of rulesOf(view)) {
      if (built.release !== undefined) continue;
      const name = knownText(rule['alert']) ?? knownText(rule['record']);
      const labels = strings(rule['labels']);
      if (name === undefined || isUnknown(rule['labels'])) continue;
      const number = numbers.get(built) ?? numbers.size;
      numbers.set(built, number);
      const group = `${number} ${groupPath.join('.')}`;
      const key = JSON.stringify([name, Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
      const known = seen.get(group) ?? new Set();
      seen.set(group, known);
      if (known.has(key)) yield { built, path: [...path, rule['alert'] === undefined ? 'record' : 'alert'], message: `${name} is there twice with the same labels`, hint: 'remove one of them, or tell them apart by a label' };
      known.add(key);
    }
  },
};

/** Since Prometheus 3 a name may hold nearly everything; these are never meant. */
const NAME = /^[^\s"'`{}()=,;]+$/;

export const ruleForm: Rule = {
  id: 'rule-form', severity: 'error',
  summary: 'A rule is either an alert or a recording, with what belongs to it',
  why: 'The operator refuses the whole object for one rule that is both, or neither, or has fields of the other.',
  *check(view) {
    for (const { built, rule, path } of rulesOf(view)) {
      const alert = rule['alert'] !== undefined && rule['alert'] !== '';
      const record = rule['record'] !== undefined && rule['record'] !== '';
      if (alert === record) {
        yield alert
          ? { built, path: [...path, 'record'], key: true, message: `${nameOf(rule)} has both alert and record`, hint: 'keep one of them; make a second rule for the other' }
          : { built, path, message: 'a rule has neither alert nor record', hint: 'name it: alert: Name, or record: level:metric:operation' };
        continue;
      }
      if (record) {
        const name = knownText(rule['record']);
        if (name !== undefined && !NAME.test(name)) yield { built, path: [...path, 'record'], message: `${JSON.stringify(name)} is no name of a metric`, hint: 'name it like level:metric:operation; labels go into labels, the query into expr' };
        for (const field of ['for', 'keep_firing_for', 'annotations']) if (rule[field] !== undefined) yield { built, path: [...path, field], key: true, message: `the recording rule ${name ?? ''} has ${field}, which only alerts have`, hint: `remove ${field}` };
      }
      for (const field of ['labels', 'annotations']) {
        const map = rule[field];
        for (const key of Object.keys(isPlain(map) ? map : {})) if (!isUnknown(key) && (!NAME.test(key) || key === '__name__')) yield { built, path: [...path, field, key], key: true, message: `${JSON.stringify(key)} is no name of a label`, hint: 'use letters, digits and "_"' };
      }
    }
  },
};

const templateOf = oncePer<ReturnType<typeof templateTrouble>>();

export const ruleTemplate: Rule = {
  id: 'rule-template', severity: 'error',
  summary: 'Templates in labels and annotations of alerts can be read',
  why: 'A template that cannot be read keeps the whole object from being taken, or shows its error instead of its words at the worst moment.',
  *check(view) {
    for (const { built, rule, path, victoria } of rulesOf(view)) {
      if (rule['alert'] === undefined) continue;
      const words = victoria || hasVictoria(view) ? VMALERT_TEMPLATES : ALERT_TEMPLATES;
      for (const field of ['labels', 'annotations']) {
        for (const [key, value] of Object.entries(strings(rule[field]))) {
          if (isUnknown(value) || !value.includes('{{')) continue;
          const trouble = templateOf(rule, `${words === VMALERT_TEMPLATES ? 'v' : 'p'} ${field}/${key}`, () => templateTrouble(value, words));
          if (trouble !== undefined) yield { built, path: [...path, field, key], needle: trouble.needle, message: `${key} of ${nameOf(rule)}: ${trouble.message}`, hint: trouble.hint };
        }
      }
    }
  },
};
