import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CORE_SCHEMA, loadAll } from 'js-yaml';
import { expect, test } from 'vitest';
import { jsonSchema, versionsOf } from '../../../scripts/manifests/schemas/definitions.ts';
import { evaluate } from '../../../scripts/manifests/schemas/evaluate.ts';
import { conformityArgs, parseConformity } from '../../../scripts/tools/kubeconform.ts';
import { isObject } from '../../../scripts/manifests/build/data.ts';
import { realTool } from '../../real-tool.ts';
import { random, specimen, spoilt } from './specimen.ts';

const REFERENCE = join(import.meta.dirname, '../../../../shared/reference/charts');

/** A schema of one field `x` below spec, as a definition has it. */
const of = (x: object): ReturnType<typeof jsonSchema> => jsonSchema({ type: 'object', properties: { spec: { type: 'object', properties: { x } } } });
const says = (x: object, value: unknown): string => {
  const judged = evaluate(of(x), { apiVersion: 'a/v1', kind: 'B', metadata: { name: 'c', labels: {} }, spec: value === undefined ? {} : { x: value } });
  return judged.is === 'invalid' ? judged.troubles.map((each) => `${each.is} ${each.path.join('.')}`).join(', ') : judged.is;
};
const text = { type: 'string' };

test.each([
  ['fields nobody defined are refused', { type: 'object', properties: { a: text } }, { b: 1 }, 'extra spec.x'],
  ['unless they are kept', { 'type': 'object', 'properties': { a: text }, 'x-kubernetes-preserve-unknown-fields': true }, { a: 'x', b: 1 }, 'valid'],
  ['where those that are defined still count', { 'type': 'object', 'properties': { a: text }, 'x-kubernetes-preserve-unknown-fields': true }, { a: 1, b: 1 }, 'type spec.x.a'],
  ['a map of anything is a map', { type: 'object', additionalProperties: text }, { any: 'x' }, 'valid'],
  ['of that thing', { type: 'object', additionalProperties: text }, { any: 1 }, 'type spec.x.any'],
  ['an object without fields is left open', { type: 'object' }, { any: 1 }, 'valid'],
  ['a number or text', { 'x-kubernetes-int-or-string': true }, 80, 'valid'],
  ['a number or text, as text', { 'x-kubernetes-int-or-string': true }, 'http', 'valid'],
  ['and nothing else', { 'x-kubernetes-int-or-string': true }, true, 'form spec.x'],
  ['with conditions of its own', { 'x-kubernetes-int-or-string': true, 'anyOf': [{ type: 'integer' }, { type: 'string' }], 'pattern': '^[0-9]+%$' }, '5', 'pattern spec.x'],
  ['null where it may be', { type: 'string', nullable: true, enum: ['a'] }, null, 'valid'],
  ['null where it may not be', text, null, 'type spec.x'],
  ['null beside conditions', { type: 'object', nullable: true, properties: { a: text }, anyOf: [{ required: ['a'] }] }, null, 'valid'],
  ['conditions do not close an object', { type: 'object', properties: { a: text, b: text }, oneOf: [{ properties: { a: {} }, required: ['a'] }, { properties: { b: {} }, required: ['b'] }] }, { a: 'x' }, 'valid'],
  ['an object within an object needs what makes it one', { 'type': 'object', 'x-kubernetes-embedded-resource': true, 'properties': { spec: { type: 'object' } } }, { apiVersion: 'v1', kind: 'Pod', metadata: {} }, 'valid'],
  ['or it is none', { 'type': 'object', 'x-kubernetes-embedded-resource': true, 'properties': {} }, {}, 'missing spec.x'],
])('%s', (_, x, value, wanted) => { expect(says(x, value)).toBe(wanted); });

test('the root has apiVersion, kind and metadata whether its schema names them or not, and nothing else nobody defined', () => {
  const schema = jsonSchema({ type: 'object', properties: { spec: text } });
  expect(evaluate(schema, { apiVersion: 'a/v1', kind: 'B', metadata: { name: 'c' }, spec: 'x' })).toEqual({ is: 'valid' });
  expect(evaluate(schema, { apiVersion: 'a/v1', kind: 'B', metadata: { name: 'c' }, spex: 'x' }).is).toBe('invalid');
});

test('what a definition says of its versions', () => {
  const version = (name: string, more: object = {}): object => ({ name, served: true, schema: { openAPIV3Schema: { type: 'object' } }, ...more });
  const definition = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'x' }, spec: { group: 'example.com', names: { kind: 'X' }, versions: [version('v1'), version('v1beta1', { deprecated: true, deprecationWarning: 'use v1' }), version('v1alpha1', { served: false, schema: undefined })] } };
  expect(versionsOf(definition).map(({ version: name, served, deprecated, openAPI }) => [name, served, deprecated, openAPI !== undefined])).toEqual([['v1', true, undefined, true], ['v1beta1', true, 'use v1', true], ['v1alpha1', false, undefined, false]]);
  expect(versionsOf({ ...definition, kind: 'Other' })).toEqual([]);
});

test('definitions that real charts bring become schemas both read alike', { timeout: 120_000 }, (context) => {
  const tool = realTool('kubeconform');
  if (tool === undefined) return context.skip('skipped: no kubeconform on PATH, nor built by tools:install');
  if (!existsSync(REFERENCE)) return context.skip(`skipped: nothing at ${REFERENCE}`);
  const folder = mkdtempSync(join(tmpdir(), 'definitions-'));
  try {
    const next = random(11);
    const cases = globSync('**/crds/**/*.y?(a)ml', { cwd: REFERENCE }).flatMap((file) => {
      let documents: unknown[];
      try {
        documents = loadAll(readFileSync(join(REFERENCE, file), 'utf8'), { schema: CORE_SCHEMA });
      } catch {
        // A template of Helm, not YAML yet.
        return [];
      }
      return documents.filter(isObject).flatMap(versionsOf).flatMap(({ group, kind, version, openAPI }) => {
        if (openAPI === undefined) return [];
        const schema = jsonSchema(openAPI);
        mkdirSync(join(folder, group), { recursive: true });
        writeFileSync(join(folder, group, `${kind.toLowerCase()}_${version}.json`), JSON.stringify(schema));
        return Array.from({ length: 4 }, (_, index) => {
          const object = { ...specimen(schema, next) as object, apiVersion: `${group}/${version}`, kind, metadata: { name: 'x' } };
          return { object: index === 0 ? object : spoilt(object, next), schema };
        });
      });
    });
    expect(cases.length).toBeGreaterThan(20);
    const ran = spawnSync(tool, conformityArgs({ locations: [`${folder}/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json`], kubernetes: undefined, downloads: undefined }), { encoding: 'utf8', input: cases.map(({ object }) => JSON.stringify(object)).join('\n---\n'), maxBuffer: 256 * 1024 * 1024 });
    const told = parseConformity(ran.stdout, cases.length, ran.stderr);
    expect(told.filter(({ is }) => is === 'error')).toEqual([]);
    expect(cases.flatMap(({ object, schema }, index) => {
      const own = evaluate(schema, object).is;
      return own === 'undecided' || own === told[index]?.is ? [] : [`${JSON.stringify(object).slice(0, 200)}: ${own}, ${String(told[index]?.is)}`];
    })).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
