import { fc } from '../../fast-check.ts';
import { describe, expect, test } from 'vitest';
import { jsonPatch, PatchError } from '../../../scripts/manifests/build/json-patch.ts';
import { strategicMerge } from '../../../scripts/manifests/build/merge.ts';
import { MergeError, Unclear } from '../../../scripts/manifests/build/merge-lists.ts';
import { get } from '../../../scripts/manifests/build/data.ts';
import { writtenBy } from '../../../scripts/manifests/build/place.ts';

/** Merging patches: what must hold whatever they say. Equality with kustomize is in equality.test.ts. */

const name = fc.constantFrom('a', 'b', 'c', 'containers', 'env', 'name', 'ports', 'spec', 'template', '$patch', 'finalizers', 'metadata');
const json = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, fc.constantFrom(null, true, 1, 'x', 'delete', 'replace'), fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(name, tie('value'), { maxKeys: 4 })),
})).value;
const deployment = (spec: unknown, metadata: object = {}): Record<string, unknown> => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'w', ...metadata }, spec });
const plain = fc.dictionary(name.filter((each) => each !== '$patch'), json, { maxKeys: 4 });

describe('a strategic merge', () => {
  test('never breaks, and changes neither side in place', () => {
    fc.assert(fc.property(json, json, (one, other) => {
      const [below, over] = [deployment(one), deployment(other)];
      const before = JSON.stringify([below, over]);
      try { strategicMerge(below, over); } catch (error) { if (!(error instanceof MergeError) && !(error instanceof Unclear)) throw error; }
      expect(JSON.stringify([below, over])).toBe(before);
    }), { numRuns: 2_000 });
  });

  test('an empty patch changes nothing, and says so', () => {
    const clean = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (key, each: unknown) => (key === '$patch' ? undefined : each)) ?? 'null');
    fc.assert(fc.property(plain, (spec) => {
      const object = deployment(clean(spec));
      const { value, sets, moved } = strategicMerge(object, { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'w' } });
      expect({ value, sets, moved }).toEqual({ value: object, sets: [], moved: [] });
    }));
  });

  test('a second time it changes nothing more where no directive is in it', () => {
    const entry = fc.record({ name: fc.constantFrom('a', 'b', 'c'), image: fc.constantFrom('x', 'y') });
    const specs = fc.record({ replicas: fc.nat(3), template: fc.record({ spec: fc.record({ containers: fc.uniqueArray(entry, { selector: (each) => each.name, maxLength: 3 }) }) }) }, { requiredKeys: [] });
    fc.assert(fc.property(specs, specs, (one, other) => {
      const once = strategicMerge(deployment(one), deployment(other)).value;
      expect(strategicMerge(once, deployment(other)).value).toEqual(once);
    }));
  });

  test('who wrote a value can be told for every value of the result', () => {
    const entry = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), image: fc.constantFrom('x', 'y'), env: fc.uniqueArray(fc.record({ name: fc.constantFrom('A', 'B', 'C'), value: fc.constantFrom('1', '2') }), { selector: (each) => each.name, maxLength: 3 }) }, { requiredKeys: ['name'] });
    const specs = fc.record({ replicas: fc.nat(3), template: fc.record({ spec: fc.record({ containers: fc.uniqueArray(entry, { selector: (each) => each.name, maxLength: 4 }) }) }) }, { requiredKeys: ['template'] });
    fc.assert(fc.property(specs, specs, (one, other) => {
      const [below, over] = [deployment(one), deployment(other)];
      const { value, sets, moved } = strategicMerge(below, over);
      const origin = { source: { file: 'below', document: 0, at: [] }, edits: [{ by: 'patch' as const, source: { file: 'over', document: 0, at: [] }, sets, moved }] };
      for (const path of leaves(value, [])) {
        const { source } = writtenBy(origin, path);
        expect({ path, source, value: get(source.file === 'over' ? over : below, ...source.at) }).toEqual({ path, source, value: get(value, ...path) });
      }
    }), { numRuns: 300 });
  });
});

describe('operations', () => {
  const pointer = fc.array(fc.constantFrom('spec', 'a', 'b', '0', '1', '-', '-1', '~1', ''), { maxLength: 4 }).map((parts) => parts.map((part) => `/${part}`).join(''));
  const operation = fc.record({ op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'odd'), path: pointer, from: pointer, value: json });
  test('never break, and change nothing in place', () => {
    fc.assert(fc.property(json, fc.array(operation, { maxLength: 4 }), (value, operations) => {
      const before = JSON.stringify(value);
      try { jsonPatch({ spec: value }, operations); } catch (error) { if (!(error instanceof PatchError)) throw error; }
      expect(JSON.stringify(value)).toBe(before);
    }), { numRuns: 2_000 });
  });

  test('what moved in a list is still known to come from where it was', () => {
    const operations = [{ op: 'remove', path: '/l/0' }, { op: 'add', path: '/l/1', value: 'new' }, { op: 'add', path: '/l/-', value: 'last' }];
    const { value, sets, moved } = jsonPatch({ l: ['a', 'b', 'c', 'd'] }, operations);
    expect(value).toEqual({ l: ['b', 'new', 'c', 'd', 'last'] });
    const origin = { source: { file: 'o', document: 0, at: [] }, edits: [{ by: 'patch' as const, source: { file: 'p', document: 0, at: [] }, sets, moved }] };
    expect([0, 1, 2, 3, 4].map((index) => { const { source } = writtenBy(origin, ['l', index]); return `${source.file}${source.at.join('/')}`; })).toEqual(['ol/1', 'p1/value', 'ol/2', 'ol/3', 'p2/value']);
  });
});

function* leaves(value: unknown, path: readonly (string | number)[]): Generator<readonly (string | number)[]> {
  if (typeof value !== 'object' || value === null) { yield path; return; }
  for (const [key, each] of Object.entries(value)) yield* leaves(each, [...path, Array.isArray(value) ? Number(key) : key]);
}
