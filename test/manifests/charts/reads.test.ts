import { describe, expect, test } from 'vitest';
import { readChart } from '../../../scripts/manifests/charts/chart.ts';
import { spoken } from '../../../scripts/manifests/build/data.ts';
import { TemplateError } from '../../../scripts/manifests/charts/template/lex.ts';
import { parseTemplate } from '../../../scripts/manifests/charts/template/parse.ts';
import { unreadValues } from '../../../scripts/manifests/charts/unread.ts';

type Files = Readonly<Record<string, string>>;

function chart(files: Files): ReturnType<typeof readChart> {
  return readChart(new Map(Object.entries({ 'Chart.yaml': 'apiVersion: v2\nname: toy\nversion: 1.0.0\n', ...files }).map(([path, text]) => [path, Buffer.from(text)])));
}
const unread = (files: Files, values: Record<string, unknown>): readonly string[] => unreadValues(chart(files), values).map(({ path }) => spoken(path));
const template = (text: string, more: Files = {}): Files => ({ 'templates/x.yaml': text, ...more });

const SET = { a: { b: { c: 1, d: 2 } }, list: [{ name: 'x' }], top: 'x', code: '{{ .Values.a.b.c }}' };

/** What each template leaves unread of SET. */
describe('a template reads', () => {
  test.each<readonly [string, string, readonly string[]]>([
    ['nothing', 'x: y', ['a', 'list', 'top', 'code']],
    ['one value', '{{ .Values.a.b.c }}', ['a.b.d', 'list', 'top', 'code']],
    ['through $', '{{ $.Values.a.b.c }}', ['a.b.d', 'list', 'top', 'code']],
    ['a map by printing it', '{{ toYaml .Values.a | nindent 2 }}', ['list', 'top', 'code']],
    ['a map inside of with', '{{ with .Values.a }}{{ .b.c }}{{ end }}', ['a.b.d', 'list', 'top', 'code']],
    ['a whole map inside of with', '{{ with .Values.a.b }}{{ toYaml . }}{{ end }}', ['list', 'top', 'code']],
    ['otherwise, outside of with', '{{ with .Values.none }}x{{ else }}{{ .Values.top }}{{ end }}', ['a', 'list', 'code']],
    ['keys and items of a range', '{{ range $key, $value := .Values.a.b }}{{ $key }}: {{ $value }}{{ end }}', ['list', 'top', 'code']],
    ['only that there are keys', '{{ range $key, $value := .Values.a }}{{ $key }}{{ end }}', ['a.b.c', 'a.b.d', 'list', 'top', 'code']],
    ['a key of every item', '{{ range .Values.a }}{{ .c }}{{ end }}', ['a.b.d', 'list', 'top', 'code']],
    ['items of a list', '{{ range .Values.list }}{{ .name }}{{ end }}', ['a', 'top', 'code']],
    ['by index', '{{ index .Values "a" "b" "c" }}', ['a.b.d', 'list', 'top', 'code']],
    ['by an index nobody knows', '{{ index .Values.a.b .Release.Name }}', ['list', 'top', 'code']],
    ['by get and dig and hasKey', '{{ get .Values "top" }}{{ dig "b" "c" "none" .Values.a }}{{ if hasKey .Values "list" }}x{{ end }}', ['a.b.d', 'code']],
    ['through variables', '{{ $values := .Values }}{{ $b := $values.a.b }}{{ $b.d }}', ['a.b.c', 'list', 'top', 'code']],
    ['through a variable set in a branch', '{{ $it := .Values.top }}{{ if .Release.IsInstall }}{{ $it = .Values.a.b.c }}{{ end }}{{ $it }}', ['a.b.d', 'list', 'code']],
    ['through a loop that goes down', '{{ $at := .Values }}{{ range $key := list "a" "b" "c" }}{{ $at = index $at $key }}{{ end }}{{ $at }}', []],
    ['a default', '{{ .Values.none | default .Values.a.b.c }}{{ coalesce .Values.top .Values.code }}', ['a.b.d', 'list']],
    ['and, or, ternary', '{{ if and .Values.top (or .Values.code .Values.list) }}{{ ternary .Values.a.b.c "x" true }}{{ end }}', ['a.b.d']],
    ['a chain behind parentheses', '{{ ((.Values.a).b).c }}', ['a.b.d', 'list', 'top', 'code']],
    ['everything by one include', '{{ include "all" . }}{{ define "all" }}{{ .Values.a.b.c }}{{ end }}', ['a.b.d', 'list', 'top', 'code']],
    ['a part by an include', '{{ include "part" .Values.a.b }}{{ define "part" }}{{ .d }}{{ end }}', ['a.b.c', 'list', 'top', 'code']],
    ['by an include of a dict', '{{ include "part" (dict "it" .Values.a "root" $) }}{{ define "part" }}{{ .it.b.c }}{{ .root.Values.top }}{{ end }}', ['a.b.d', 'list', 'code']],
    ['by an include of a list', '{{ include "part" (list . "top") }}{{ define "part" }}{{ index (index . 0).Values (index . 1) }}{{ end }}', ['a', 'list', 'code']],
    ['by an include whose name is put together', '{{ include (printf "toy.%s" "part") . }}{{ define "toy.part" }}{{ .Values.top }}{{ end }}{{ define "toy.other" }}{{ .Values.code }}{{ end }}', ['a', 'list', 'code']],
    ['by an include whose name nobody knows', '{{ include .Values.top . }}{{ define "toy.part" }}{{ .Values.code }}{{ end }}', ['a', 'list']],
    ['by a template action', '{{ template "part" .Values.a.b }}{{ define "part" }}{{ .c }}{{ end }}', ['a.b.d', 'list', 'top', 'code']],
    ['by a block', '{{ block "part" .Values.a.b }}{{ .c }}{{ end }}', ['a.b.d', 'list', 'top', 'code']],
    ['what a value that is a template reads', '{{ tpl .Values.code . }}', ['a.b.d', 'list', 'top']],
    ['what a constant that is a template reads', '{{ tpl "{{ .Values.top }}" . }}{{ "{{ .Values.code }}" }}', ['a.b.d', 'list']],
    ['what is merged', '{{ $all := merge (dict) .Values.a .Values }}{{ $all.b.c }}{{ $all.top }}', ['a.b.d', 'list', 'code']],
    ['what is put elsewhere by set', '{{ $_ := set .Values "moved" .Values.a }}{{ .Values.moved.b.c }}', ['a.b.d', 'list', 'top', 'code']],
    ['what is put in place of all values', '{{ $_ := set . "Values" (deepCopy (mergeOverwrite (deepCopy .Values.a) (omit .Values "a"))) }}{{ .Values.b.c }}', ['a.b.d', 'list', 'top', 'code']],
    ['everything, as methods of values do', '{{ .Values.AsMap | toJson }}', []],
    ['one of all, taken as a map', '{{ dig "a" "b" "c" "" .Values.AsMap }}', ['a.b.d', 'list', 'top', 'code']],
    ['everything, printed', '{{ toYaml .Values }}', []],
    ['nothing by a checksum of everything', '{{ toYaml .Values | sha256sum }}{{ .Values.top }}', ['a', 'list', 'code']],
    ['something by a checksum of a part', '{{ toYaml .Values.a | sha256sum }}', ['list', 'top', 'code']],
    ['in a comment: nothing', '{{/* .Values.top */}}{{- /* .Values.a */ -}}', ['a', 'list', 'top', 'code']],
    ['pick and omit', '{{ toYaml (pick .Values.a "b") }}{{ toYaml (omit .Values "top").list }}', ['top', 'code']],
    ['lists taken apart', '{{ range concat (list .Values.top) .Values.list }}{{ . }}{{ end }}{{ first (list .Values.code) }}', ['a']],
    ['emptiness of a map that is empty by itself', '{{ if .Values.a }}x{{ end }}', ['a.b.c', 'a.b.d', 'list', 'top', 'code']],
    ['in notes', 'x: y', ['a', 'list', 'top', 'code']],
  ])('%s: %s', (_, text, expected) => {
    expect(unread(template(text), SET)).toEqual(expected);
  });

  test('a template nobody can parse says nothing', () => {
    expect(unread(template('{{ if .Values.a }}'), SET)).toEqual([]);
  });
  test('notes and helpers are read as well', () => {
    expect(unread({ 'templates/NOTES.txt': '{{ .Values.top }}', 'templates/_helpers.tpl': '{{ define "x" }}{{ .Values.list }}{{ end }}', 'templates/y.yaml': '{{ include "x" . }}' }, SET)).toEqual(['a', 'code']);
  });
  test('a text of .Files that goes through tpl is a template', () => {
    expect(unread({ ...template('{{ tpl (.Files.Get "files/x.conf") . }}'), 'files/x.conf': 'x={{ .Values.top }}' }, SET)).toEqual(['a.b.d', 'list', 'code']);
  });
  test('braces of another language in values are no templates, unless they name values', () => {
    expect(unread(template('{{ tpl .Values.a . }}'), { a: 'rate {{ $labels.x | humanize', b: 1 })).toEqual(['b']);
    expect(unread(template('{{ tpl .Values.a . }}'), { a: '{{ if .Values.b', b: 1, c: 1 })).toEqual([]);
  });
});

describe('whether a map is empty', () => {
  test('is not changed by a key in one that has others of its own', () => {
    expect(unread(template('{{ if .Values.a }}x{{ end }}', { 'values.yaml': 'a: {own: 1}' }), { a: { typo: 1 } })).toEqual(['a.typo']);
    expect(unread(template('{{ if .Values.a }}x{{ end }}', { 'values.yaml': 'a: {}' }), { a: { typo: 1 } })).toEqual([]);
  });
});

describe('charts in a chart', () => {
  const CHILD = { 'charts/child/Chart.yaml': 'apiVersion: v2\nname: child\nversion: 1.0.0\n', 'charts/child/templates/x.yaml': '{{ .Values.size }}{{ .Values.global.domain }}' };
  const meta = (dependency: string): Files => ({ 'Chart.yaml': `apiVersion: v2\nname: toy\nversion: 1.0.0\ndependencies:\n  - ${dependency}\n` });
  test('values below its name, and global ones', () => {
    expect(unread({ ...CHILD, ...meta('{name: child, version: 1.0.0}') }, { child: { size: 1, sise: 1, global: { domain: 'x' } }, global: { domain: 'x', other: 1 }, size: 1 })).toEqual(['child.sise', 'global.other', 'size']);
  });
  test('an alias, a condition, tags', () => {
    expect(unread({ ...CHILD, ...meta('{name: child, alias: other, version: 1.0.0, condition: "other.enabled,global.other", tags: [back]}') }, { other: { size: 1, enabled: true }, child: { size: 1 }, global: { other: true }, tags: { back: true, front: true } })).toEqual(['child', 'tags.front']);
  });
  test('what is imported from it', () => {
    const files = { ...CHILD, ...meta('{name: child, version: 1.0.0, import-values: [data, {child: inner, parent: mine}]}'), ...template('{{ .Values.one }}{{ .Values.mine.two }}') };
    expect(unread(files, { child: { exports: { data: { one: 1, other: 1 } }, inner: { two: 2, three: 3 } } })).toEqual(['child.exports.data.other', 'child.inner.three']);
  });
  test('one that is not listed, and templates the parent has of it', () => {
    expect(unread({ ...CHILD, ...template('{{ include "lib" .Subcharts.child }}'), 'charts/child/templates/_lib.tpl': '{{ define "lib" }}{{ .Values.inner }}{{ end }}' }, { child: { inner: 1, outer: 1 } })).toEqual(['child.outer']);
  });
});

describe('a schema', () => {
  const schema = (value: unknown): Files => ({ ...template('x'), 'values.schema.json': JSON.stringify(value) });
  test.each<readonly [string, unknown, readonly string[]]>([
    ['that names a value', { properties: { a: { type: 'string' } } }, ['b']],
    ['that names it in a branch, or by reference', { allOf: [{ properties: { a: {} } }], properties: { b: { $ref: '#/definitions/b' } }, definitions: { b: { properties: { c: { type: 'number' } } } } }, []],
    ['that names it by a pattern', { patternProperties: { '^[ab]$': {} } }, ['b.c']],
    ['that says nothing of it', { properties: { z: {} }, type: 'object' }, ['a', 'b']],
    ['that wants it', { required: ['a'] }, ['b']],
  ])('%s reads it', (_, value, expected) => {
    expect(unread(schema(value), { a: 'x', b: { c: 1 } })).toEqual(expected);
  });
});

describe('what is meant', () => {
  const hint = (values: string, set: Record<string, unknown>): string => unreadValues(chart(template('{{ .Values.reloader.deployment.replicas }}{{ .Values.service.port }}', { 'values.yaml': values })), set)[0]?.hint ?? '';
  test.each([
    [{ service: { prot: 1 } }, 'did you mean service.port?'],
    [{ replicas: 2 }, "did you mean reloader.deployment.replicas? Compare with the chart's own values: helm show values"],
    [{ nothingLikeIt: 2 }, 'remove it, or find the name the chart has for it: helm show values'],
  ])('%o', (set, expected) => {
    expect(hint('reloader: {deployment: {replicas: 1}}\nservice: {port: 80}', set)).toBe(expected);
  });
  test('keys for people and for anchors are left alone', () => {
    expect(unread(template('x'), { 'x-note': 1, _anchors: {}, '.common': 1 })).toEqual([]);
  });
});

test('a template that is broken is told from one that is not', () => {
  for (const good of ['{{- if (eq 1 2) -}}x{{- else if .a -}}y{{ else }}z{{ end }}', '{{ $x := `raw }}` }}', '{{ "a \\" }} b" }}', "{{ 'c' }}{{ 0x1F }}{{ -1.5e3 }}", '{{range $i, $e := .x}}{{break}}{{continue}}{{end}}', '{{/* {{ }} */}}']) expect(() => parseTemplate(good)).not.toThrow();
  for (const bad of ['{{ if }}{{ end }}', '{{ end }}', '{{ (x }}', '{{ "x }}', '{{ x', '{{ define x }}{{ end }}', '{{ | x }}', '{{ with .a }}']) expect(() => parseTemplate(bad)).toThrow(TemplateError);
});
