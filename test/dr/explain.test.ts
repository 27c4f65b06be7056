import { describe, expect, test } from 'vitest';
import { explain } from '../../scripts/dr/explain.ts';
import type { Difference } from '../../scripts/dr/fingerprint.ts';

const sha = (letter: string): string => `refs/heads/main@sha1:${letter.repeat(40)}`;
const difference = (over: Partial<Difference>): Difference => ({ section: 'kustomizations', key: 'flux-system/ledger', field: 'revision', kind: 'changed', before: sha('a'), after: sha('b'), ...over });
const source = difference({ section: 'sources', key: 'flux-system/flux-system' });
const path = difference({ field: 'path', before: './kubernetes/data/ledger/fresh', after: './kubernetes/data/ledger/restore' });
const reasons = (...differences: readonly Difference[]): readonly (string | undefined)[] => explain(differences).map(({ because }) => because);

describe('a difference is explained', () => {
  test('where the repository went on: the source and every Kustomization that followed it', () => {
    expect(reasons(source, difference({}))).toEqual(Array(2).fill('the repository went on from aaaaaaaaaa to bbbbbbbbbb while the rehearsal ran'));
  });
  test('where data that began fresh is restored, with the objects that restore it', () => {
    expect(reasons(path, difference({ field: 'objects', before: '6', after: '8' }))).toEqual(['its data began fresh then and is restored now', 'what restores its data is among its objects now']);
  });
});

describe('a difference stays unexplained', () => {
  test.each<readonly [string, readonly Difference[]]>([
    ['when only a Kustomization is at another commit', [difference({})]],
    ['when it went to another commit than its source', [source, difference({ after: sha('c') })].slice(1)],
    ['when a source went back to no commit', [difference({ section: 'sources', after: '' })]],
    ['when the path changed otherwise too', [{ ...path, after: './kubernetes/data/other/restore' }]],
    ['when restored data is fresh now', [{ ...path, before: path.after, after: path.before }]],
    ['when objects of another Kustomization changed', [difference({ key: 'flux-system/other', field: 'objects', before: '6', after: '8' })]],
    ['when a release has another version', [difference({ section: 'releases', field: 'version', before: '1.0.0', after: '1.0.1' })]],
    ['when something is gone', [difference({ kind: 'gone', field: '', after: '' })]],
  ])('%s', (_what, differences) => {
    expect(reasons(...differences)).toEqual(differences.map(() => undefined));
  });
});
