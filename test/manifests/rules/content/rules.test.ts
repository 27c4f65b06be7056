import { describe, expect, test } from 'vitest';
import { ALERT_TEMPLATES, templateTrouble, VMALERT_TEMPLATES } from '../../../../scripts/manifests/rules/content/go-template.ts';
import { asks, view } from '../schemas/rig.ts';

const rules = (...list: readonly string[]): string => group(`[${list.map((each) => `{${each}}`).join(', ')}]`);
const group = (list: string, kind = 'PrometheusRule', more = ''): string => `apiVersion: ${kind === 'VMRule' ? 'operator.victoriametrics.com/v1beta1' : 'monitoring.coreos.com/v1'}\nkind: ${kind}\nmetadata: {name: r}\nspec:\n  groups:\n    - {name: g, ${more}rules: ${list}}\n`;

describe('rule-expression', () => {
  test.each([
    [rules('alert: A, expr: "up == 0"'), []],
    [rules('alert: A, expr: "sum(up"'), ['PrometheusRule r spec.groups[0].rules[0].expr <sum(up>: the expression of A: the query ends too early | ( is not closed']],
    [rules('alert: A, expr: "rate(up) > 0"'), ['PrometheusRule r spec.groups[0].rules[0].expr <up>: the expression of A: rate() takes a range vector, and up is an instant vector | give it a range: [5m]']],
    [rules('record: a, expr: 1'), []],
    [group('[{alert: A, expr: "rate(up) > 0 default 1"}]', 'VMRule'), []],
    [group('[{alert: A, expr: "rte(up)"}]', 'VMRule'), ['VMRule r spec.groups[0].rules[0].expr <rte>: the expression of A: neither PromQL nor MetricsQL has a function rte | did you mean rate?']],
    // LogsQL is another language.
    [group('[{alert: A, expr: "_time:5m error | stats count() c"}]', 'VMRule', 'type: vlogs, '), []],
  ])('%s', async (tree, says) => { expect(await asks('rule-expression', view(tree))).toEqual(says); });

  test('where VictoriaMetrics evaluates them, rules for Prometheus may be MetricsQL', async () => {
    const tree = rules('alert: A, expr: "rate(up) > 0"');
    expect(await asks('rule-expression', view(`${tree}---\n${group('[]', 'VMRule')}`))).toEqual([]);
  });

  test('a value only the cluster knows is not read', async () => {
    const base = view(rules('alert: A, expr: up'));
    const [built] = base.all;
    if (built === undefined) throw new Error('no object');
    const object = { ...built.object, spec: { groups: [{ name: 'g', rules: [{ alert: 'A', expr: 'up > \uE0F0N\uE0F1 (' }] }] } };
    expect(await asks('rule-expression', { ...base, all: [{ ...built, object }] })).toEqual([]);
  });
});

test.each([
  ['rule-duration', rules('alert: A, expr: up, for: 5 minutes'), ['PrometheusRule r spec.groups[0].rules[0].for: for is "5 minutes", which is no duration | write it like 30s, 5m or 1h30m; the larger units come first']],
  ['rule-duration', rules('alert: A, expr: up, for: 30m1h'), ['PrometheusRule r spec.groups[0].rules[0].for: for is "30m1h", which is no duration | write it like 30s, 5m or 1h30m; the larger units come first']],
  ['rule-duration', rules('alert: A, expr: up, for: 1h30m, keep_firing_for: 5m'), []],
  ['rule-duration', group('[]', 'VMRule', 'interval: 1.5m, '), []],
  ['rule-duration', group('[]', 'PrometheusRule', 'interval: 1.5m, '), ['PrometheusRule r spec.groups[0].interval: interval is "1.5m", which is no duration | write it like 30s, 5m or 1h30m; the larger units come first']],
  ['rule-twice', rules('alert: A, expr: up, labels: {severity: warning}', 'alert: A, expr: up > 1, labels: {severity: critical}'), []],
  ['rule-twice', rules('alert: A, expr: up', 'alert: A, expr: up > 1'), ['PrometheusRule r spec.groups[0].rules[1].alert: A is there twice with the same labels | remove one of them, or tell them apart by a label']],
  ['rule-twice', rules('record: a, expr: up', 'record: a, expr: up > 1'), ['PrometheusRule r spec.groups[0].rules[1].record: a is there twice with the same labels | remove one of them, or tell them apart by a label']],
  ['rule-group-twice', `${rules('alert: A, expr: up')}    - {name: g, rules: []}\n`, ['PrometheusRule r spec.groups[1].name: the group g is there twice | give one of them another name, or put their rules together']],
  ['rule-form', rules('alert: A, record: a, expr: up'), ['PrometheusRule r spec.groups[0].rules[0].record: A has both alert and record | keep one of them; make a second rule for the other']],
  ['rule-form', rules('expr: up'), ['PrometheusRule r spec.groups[0].rules[0]: a rule has neither alert nor record | name it: alert: Name, or record: level:metric:operation']],
  ['rule-form', rules('record: a, expr: up, for: 5m'), ['PrometheusRule r spec.groups[0].rules[0].for: the recording rule a has for, which only alerts have | remove for']],
  ['rule-form', rules('record: "a{b}", expr: up'), ['PrometheusRule r spec.groups[0].rules[0].record: "a{b}" is no name of a metric | name it like level:metric:operation; labels go into labels, the query into expr']],
  ['rule-form', rules('alert: A, expr: up, labels: {"a b": c}'), ['PrometheusRule r spec.groups[0].rules[0].labels["a b"]: "a b" is no name of a label | use letters, digits and "_"']],
  ['rule-form', rules('alert: A, expr: up, labels: {a.b-c: d}'), []],
  ['rule-template', rules('alert: A, expr: up, annotations: {summary: "{{ $labels.pod }} is at {{ $value | humanize }}"}'), []],
  ['rule-template', rules('alert: A, expr: up, annotations: {summary: "{{ $lables.pod }}"}'), ['PrometheusRule r spec.groups[0].rules[0].annotations.summary <$lables.pod>: summary of A: the template has no variable $lables | did you mean $labels?']],
  ['rule-template', rules('alert: A, expr: up, annotations: {summary: "{{ $labels.pod }"}'), ['PrometheusRule r spec.groups[0].rules[0].annotations.summary <{{ $labels.pod }>: summary of A: a {{ is not closed | close it with }} on the same line, and every quote in it']],
  ['rule-template', rules('alert: A, expr: up, annotations: {summary: "{{ $activeAt }}"}'), ['PrometheusRule r spec.groups[0].rules[0].annotations.summary <$activeAt>: summary of A: the template has no variable $activeAt | there are $labels, $value, $externalLabels, $externalURL']],
  ['rule-template', group('[{alert: A, expr: up, annotations: {summary: "{{ $activeAt }}"}}]', 'VMRule'), []],
])('%s: %s', async (rule, tree, says) => { expect(await asks(rule, view(tree))).toEqual(says); });

describe('templates', () => {
  test.each([
    'plain text', '{{ $value }}', '{{- $labels.a -}} {{/* a remark */}}', '{{ if gt $value 1.0 }}a{{ else if eq $labels.a "b" }}c{{ else }}d{{ end }}', '{{ range query "up" }}{{ .Labels.job }}: {{ .Value | humanize }}{{ end }}',
    '{{ with query (printf "up{job=%q}" $labels.job) }}{{ . | first | value | humanizePercentage }}{{ end }}', '{{ $x := 1 }}{{ $x }}', '{{ range $i, $e := query "up" }}{{ $i }}{{ break }}{{ end }}', '{{ define "a" }}x{{ end }}{{ template "a" . }}',
    '{{ printf "%.2f" $value }}', '{{ `}}` }}', '{{ $labels.a | reReplaceAll "(.*)" "$1" }}', '{{ $externalLabels.cluster }}', '{{ (index (query "x") 0).Value }}',
  ])('%s is read', (text) => { expect(templateTrouble(text, ALERT_TEMPLATES)).toBeUndefined(); });

  test.each([
    ['{{ end }}', '{{ end }} closes nothing'], ['{{ if $value }}a', '{{ if $value }} has no {{ end }}'], ['{{ else }}', '{{ else }} stands in no if, with or range'], ['{{ }}', 'an action says nothing'],
    ['{{ humanise $value }}', 'the template knows no function humanise'], ['{{ $value | }}', 'nothing stands behind a |'], ['{{ | humanize }}', 'nothing stands before a |'], ['{{ (printf "a" }}', 'a ( is not closed'],
    ['{{ if }}a{{ end }}', 'if says nothing about what'], ['{{ range query "up" }}{{ $x := 1 }}{{ end }}{{ $x }}', 'the template has no variable $x'], ['{{ break }}', '{{ break }} stands in no range'], ['{{ labels.pod }}', 'the template knows no function labels'],
    ['{{ $value ! }}', '"!" is no part of an action'], ['{{ "a }}', 'a {{ is not closed'],
  ])('%s is refused', (text, says) => { expect(templateTrouble(text, VMALERT_TEMPLATES)?.message).toBe(says); });
});

describe('data-parses', () => {
  const map = (key: string, value: string, more = ''): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c${more}}\ndata:\n  ${key}: |\n${value.replaceAll(/^/gm, '    ')}\n`;
  test.each([
    [map('values.yaml', 'a: 1\nb: [x]'), []],
    [map('values.yaml', 'a: 1\nb: [x'), /values\.yaml is no YAML: /],
    [map('values.yaml', 'a: 1\na: 2'), /^ConfigMap c data\["values\.yaml"\] <a: 2>: values\.yaml is no YAML: the key a is there twice in one map \| /],
    [map('app.json', '{"a": 1,}'), []],
    [map('app.json', '{"a": 1 // why\n}'), []],
    [map('app.json', '{"a": 1\n "b": 2}'), /^ConfigMap c data\["app\.json"\] <"b": 2}>: app\.json is no JSON: /],
    // Tags only the reader of the file knows, and what is filled in first.
    [map('configuration.yaml', 'a: !secret b\nc: !include d.yaml'), []],
    [map('values.yaml', '{{ if .x }}\na: 1\n{{ end }}'), []],
    [map('app.conf', '{ not [ json'), []],
    [map('empty.yaml', ''), []],
  ])('%s', async (tree, says) => {
    const found = await asks('data-parses', view(tree));
    if (Array.isArray(says)) expect(found).toEqual(says);
    else expect(found).toEqual([expect.stringMatching(says)]);
  });

  test('nothing of a Secret is shown', async () => {
    expect(await asks('data-parses', view('apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {c.json: "{\\"pin\\": 42"}\n'))).toEqual(['Secret s stringData["c.json"]: c.json is no JSON: expected \',\' or \'}\' after property value | mend it, or give the key another ending']);
  });
});
