import { describe, expect, test } from 'vitest';
import { diffMarkdown, MARKER, MOST } from '../../../scripts/manifests/diff/render-markdown.ts';
import { diffLines } from '../../../scripts/manifests/diff/render-text.ts';
import type { ClusterDiff, DiffReport, ObjectDiff } from '../../../scripts/manifests/diff/model.ts';
import { createStyle } from '../../../scripts/terminal/style.ts';
import { displayWidth } from '../../../scripts/terminal/width.ts';

const object = (id: string, more: Partial<ObjectDiff> = {}): ObjectDiff => ({
  id, kind: id.split(' ')[0] ?? '', apiVersion: 'v1', how: 'changed', unit: 'flux-system/web', release: null, movedFrom: null, renamedFrom: null, fate: null, suspended: false, dangers: [],
  why: [{ file: 'apps/web/a.yaml', line: 3, column: 5, gone: false, what: 'patch' }], hunks: [{ from: 3, to: 3, at: 'spec', lines: [' a: 1', '-b: 1', '+b: 2', ' c: 1'] }], added: 1, removed: 1, ...more,
});
const cluster = (name: string, objects: readonly ObjectDiff[], more: Partial<ClusterDiff> = {}): ClusterDiff => ({ name, entry: `clusters/${name}`, objects, releases: [], left: [], ...more });
const report = (clusters: readonly ClusterDiff[], more: Partial<DiffReport> = {}): DiffReport => ({ base: { name: 'main', commit: 'abcdef0123456789' }, head: { name: 'the working tree', commit: null }, files: ['a'], clusters, broken: [], rendered: false, ...more });
const plain = (width = 80) => createStyle({ colour: false, width });

describe('for people', () => {
  test('counts, what is dangerous, then each object with why; the same in all clusters told once', () => {
    const changed = object('Deployment web/app');
    const gone = object('PersistentVolumeClaim web/data', {
      how: 'removed', hunks: [{ from: 1, to: 0, at: '', lines: ['-kind: PersistentVolumeClaim'] }], added: 0, removed: 1, fate: { is: 'deleted', because: 'Kustomization flux-system/web prunes' },
      dangers: [{ kind: 'data', says: 'its volume goes with it', hint: 'keep it' }], why: [],
    });
    expect(diffLines(report([cluster('infra', [changed, gone]), cluster('apps', [changed])]), plain())).toEqual([
      'main (abcdef0) → the working tree  1 file', '',
      '  infra  1 changed, 1 removed  ✖ 1 to look at', '  apps   1 changed', '',
      '✖ data is lost  PersistentVolumeClaim web/data (infra): its volume goes with it', '          try   keep it', '',
      '~ Deployment web/app  flux-system/web', '  why   apps/web/a.yaml:3:5 (patch)', '  @@ spec @@', '   a: 1', '  -b: 1', '  +b: 2', '   c: 1', '',
      '- PersistentVolumeClaim web/data  infra, flux-system/web', '  note  deleted: Kustomization flux-system/web prunes', '  -kind: PersistentVolumeClaim',
    ]);
  });

  test('nothing is otherwise', () => {
    expect(diffLines(report([cluster('a', [])], { files: ['x', 'y'] }), plain()).at(-1)).toBe('✔ 2 files are otherwise, nothing of what the controllers apply is');
    expect(diffLines(report([], { files: [] }), plain()).at(-1)).toBe('✔ no file is otherwise');
  });

  test('what is new is folded, unless all is asked for', () => {
    const long = object('ConfigMap web/x', { how: 'added', hunks: [{ from: 0, to: 1, at: '', lines: Array.from({ length: 100 }, (_, i) => `+l${i}`) }] });
    expect(diffLines(report([cluster('a', [long])]), plain()).at(-1)).toBe('  … 70 lines more (--verbose)');
    expect(diffLines(report([cluster('a', [long])]), plain(), true).at(-1)).toBe('  +l99');
  });

  test('colour says what the marks say; no line obeys what is in an object', () => {
    const evil = object('ConfigMap web/x', { hunks: [{ from: 1, to: 1, at: '', lines: ['+a: \u001b[2J\u001b]0;x\u0007'] }] });
    const coloured = diffLines(report([cluster('a', [evil])]), createStyle({ colour: true, width: 80 })).join('\n');
    expect(coloured).toContain('\u001b[32m+a:');
    expect(coloured).not.toContain('\u001b[2J');
  });

  test('words stay within the width; lines of objects are as they are', () => {
    const wordy = object('Deployment web/app', { dangers: [{ kind: 'refused', says: 'a '.repeat(60).trim(), hint: 'b '.repeat(60).trim() }], why: [{ file: 'short.yaml', line: 1, column: 1, gone: true, what: 'patch' }] });
    for (const line of diffLines(report([cluster('a', [wordy])]), plain(50))) expect(displayWidth(line)).toBeLessThanOrEqual(50);
  });
});

describe('for a comment', () => {
  test('a table on top, what is dangerous, charts, and each object to unfold', () => {
    const markdown = diffMarkdown(report([cluster('infra', [object('Deployment web/app', { dangers: [{ kind: 'refused', says: 'it cannot', hint: 'do not' }] })], { releases: [{ id: 'HelmRelease web/app', how: 'changed', before: { chart: 'app', version: '1.0.0' }, after: { chart: 'app', version: '2.0.0' }, major: true, values: [{ path: '.a', before: '1', after: null }], unknown: null }] }), cluster('apps', [])]));
    expect(markdown).toBe([
      MARKER, '### What changes in the clusters', '', '<code>main (abcdef0)</code> → <code>the working tree</code>, 1 file', '',
      '| cluster | added | changed | removed | to look at |', '|---|--:|--:|--:|--:|', '| infra | 0 | 1 | 0 | **1** |', '| apps | 0 | 0 | 0 |  |', '',
      '> [!CAUTION]', '> - **Deployment web/app** (infra), refused: it cannot. Do not.', '',
      '| release | chart | values |', '|---|---|---|', '| ~ web/app (infra) | app 1.0.0 → 2.0.0 **major** | <code>.a</code> <code>1</code> → gone |', '',
      '<details>', '<summary>~ Deployment <b>web/app</b> (infra) · flux-system/web · +1 −1 · <b>look at this</b></summary>', '', '- why: <code>apps/web/a.yaml:3:5 (patch)</code>', '',
      '```diff', '@@ spec @@', ' a: 1', '-b: 1', '+b: 2', ' c: 1', '```', '', '</details>', '',
    ].join('\n'));
  });

  test('nothing in an object ends its block, calls anybody or becomes a mark', () => {
    const markdown = diffMarkdown(report([cluster('a', [object('ConfigMap web/@org|<b>*x*', { hunks: [{ from: 1, to: 1, at: '', lines: ['+```', '+</details>', '+````` x'] }] })])]));
    expect(markdown).toContain('``````diff\n');
    expect(markdown).toContain('<b>web/&#64;org&#124;&#60;b&#62;&#42;x&#42;</b>');
  });

  test.each([1, 30, 400, 5_000])('%i large objects fit, and what is left out is said', (count) => {
    const objects = Array.from({ length: count }, (_, i) => object(`ConfigMap web/c${i}`, { hunks: [{ from: 1, to: 1, at: '', lines: Array.from({ length: 60 }, (_line, j) => `+${'ä'.repeat(40)} ${i} ${j}`) }] }));
    const last = object('PersistentVolumeClaim web/last', { how: 'removed', dangers: [{ kind: 'data', says: 'its volume goes with it', hint: 'keep it' }] });
    const markdown = diffMarkdown(report([cluster('a', [...objects, last])]));
    expect(Buffer.byteLength(markdown)).toBeLessThanOrEqual(MOST);
    // What is dangerous is never what is left out.
    expect(markdown).toContain('<b>web/last</b>');
    expect(markdown.match(/<details>/g)?.length).toBe(markdown.match(/<\/details>/g)?.length);
    if (count > 1) expect(markdown).toMatch(/> \[!NOTE\]\n> More than a comment can hold: .* left out here\. All of it: <code>task manifests:diff<\/code>\n$/);
  });

  test('thousands of dangers and releases do not push the table out', () => {
    const objects = Array.from({ length: 2_000 }, (_, i) => object(`PersistentVolumeClaim web/c${i}`, { dangers: [{ kind: 'data', says: `its volume goes with it ${'x'.repeat(100)}`, hint: 'keep it' }] }));
    const releases = Array.from({ length: 2_000 }, (_, i) => ({ id: `HelmRelease web/r${i}`, how: 'changed' as const, before: { chart: 'a', version: '1' }, after: { chart: 'a', version: '2' }, major: false, unknown: null, values: Array.from({ length: 20 }, (_v, j) => ({ path: `.v${j}`, before: 'x'.repeat(120), after: 'y'.repeat(120) })) }));
    const markdown = diffMarkdown(report([cluster('a', objects, { releases })]));
    expect(Buffer.byteLength(markdown)).toBeLessThanOrEqual(MOST);
    expect(markdown.startsWith(MARKER)).toBe(true);
  });
});
