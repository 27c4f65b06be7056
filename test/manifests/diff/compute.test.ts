import { applyPatch, type StructuredPatch } from 'diff';
import { fc } from '../../fast-check.ts';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../scripts/config/cluster.ts';
import { clusterDiff } from '../../../scripts/manifests/diff/compute.ts';
import type { ObjectDiff } from '../../../scripts/manifests/diff/model.ts';
import { isMajor } from '../../../scripts/manifests/diff/releases.ts';
import type { Built, Release, Settings, Texts, Tree, Unit } from '../../../scripts/manifests/model.types.ts';
import { stableYaml } from '../../../scripts/manifests/stable/yaml.ts';
import { docs, ks, thing, type Files } from '../stable/rig.ts';
import { dangers, diffOf, fates, told, why } from './rig.ts';

const TEXTS: Texts = { root: '/', memory: {}, text: () => undefined, kind: () => 'directory', entries: () => [], documents: () => undefined, spot: ({ file }) => ({ file, line: 1, column: 1, length: 1 }), spotIn: ({ file }) => ({ file, line: 1, column: 1, length: 1 }) };
const SETTINGS: Settings = { entries: new Map(), given: [], before: [], schemas: [], charts: [], items: undefined };

/** A tree of one unit with these objects. */
function treeWith(objects: readonly KubeObject[]): Tree {
  const built: Built[] = [];
  const unit: Unit = { namespace: 'flux-system', name: 'all', declared: undefined, parent: undefined, folder: 'all', objects: built, substitutes: false, variables: new Map(), uses: [], files: new Set(), broken: false, hides: false, suspended: false };
  for (const object of objects) built.push({ object, raw: object, origin: { source: { file: 'x.yaml', document: 0, at: [] }, edits: [] }, unit });
  return { name: 'one', entry: 'all', texts: TEXTS, settings: SETTINGS, units: [unit], objects: built, found: [] };
}

const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, fc.constantFrom('a', 'b\nc\n', 'yes', 1, 2, true, null), fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(fc.constantFrom('k', 'l', 'name'), tie('value'), { maxKeys: 3, noNullPrototype: true })),
})).value;
const object = fc.record({ kind: fc.constantFrom('ConfigMap', 'Service', 'Deployment', 'Foo'), name: fc.constantFrom('a', 'b', 'c', 'd'), namespace: fc.constantFrom('n', 'm'), spec: value })
  .map(({ kind, name, namespace, spec }): KubeObject => ({ apiVersion: kind === 'Foo' ? 'x.io/v1' : 'v1', kind, metadata: { name, namespace }, spec }));
const set = fc.uniqueArray(object, { maxLength: 12, selector: (each) => `${each.kind} ${each.metadata.namespace ?? ''}/${each.metadata.name}` });

const idOf = (each: KubeObject): string => `${each.kind} ${each.metadata.namespace ?? ''}/${each.metadata.name}`;

/** The text after a change, made of the text before and the lines of the change. */
function applied(before: string, diff: ObjectDiff): string | false {
  const count = (lines: readonly string[], mark: string): number => lines.filter((line) => line.startsWith(' ') || line.startsWith(mark)).length;
  const patch: StructuredPatch = {
    oldFileName: 'a', newFileName: 'b', oldHeader: undefined, newHeader: undefined,
    hunks: diff.hunks.map(({ from, to, lines }) => ({ oldStart: from, newStart: to, oldLines: count(lines, '-'), newLines: count(lines, '+'), lines: [...lines] })),
  };
  return applyPatch(before, patch);
}

describe('a difference', () => {
  test('applied to the one side, it gives the other, object by object', () => {
    fc.assert(fc.property(set, set, (before, after) => {
      const { objects } = clusterDiff({ tree: treeWith(before), releases: [] }, { tree: treeWith(after), releases: [] }, new Set());
      const state = new Map(before.map((each) => [idOf(each), stableYaml(each)]));
      expect(new Set(objects.map((each) => each.id)).size).toBe(objects.length);
      for (const diff of objects) {
        const text = state.get(diff.id);
        expect(text === undefined).toBe(diff.how === 'added');
        const next = applied(text ?? '', diff);
        if (diff.how === 'removed') {
          expect(next).toBe('');
          state.delete(diff.id);
        } else state.set(diff.id, String(next));
      }
      expect(new Map([...state].toSorted())).toEqual(new Map(after.map((each): [string, string] => [idOf(each), stableYaml(each)]).toSorted()));
    }), { numRuns: 400 });
  });

  test('of a thing with itself is none', () => {
    fc.assert(fc.property(set, (objects) => {
      expect(clusterDiff({ tree: treeWith(objects), releases: [] }, { tree: treeWith(structuredClone(objects).toReversed()), releases: [] }, new Set()).objects).toEqual([]);
    }), { numRuns: 100 });
  });
});

const app = (files: Files, spec = ''): Files => ({ 'clusters/one/web.yaml': ks('web', 'apps/web', spec), ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`apps/web/${name}`, text])) });
const pvc = (more = ''): string => thing('PersistentVolumeClaim', 'data', `spec:\n  accessModes: [ReadWriteOnce]\n  resources:\n    requests:\n      storage: 1Gi\n${more}`);
const cm = (text = 'a'): string => thing('ConfigMap', 'x', `data:\n  k: ${text}\n`);

describe('what becomes of what is gone', () => {
  const rows: readonly (readonly [string, Files, Files, readonly string[], readonly string[]])[] = [
    ['pruned', app({ 'a.yaml': docs(pvc(), cm()) }), app({ 'a.yaml': cm() }), ['PersistentVolumeClaim web/data deleted: Kustomization flux-system/web prunes'], ['data PersistentVolumeClaim web/data: its volume goes with it']],
    ['kept by its annotation', app({ 'a.yaml': docs(pvc().replace('  namespace: web\n', '  namespace: web\n  annotations:\n    kustomize.toolkit.fluxcd.io/prune: disabled\n'), cm()) }), app({ 'a.yaml': cm() }), ['PersistentVolumeClaim web/data stays: kustomize.toolkit.fluxcd.io/prune: disabled'], []],
    ['suspended', app({ 'a.yaml': docs(pvc(), cm()) }, 'suspend: true'), app({ 'a.yaml': cm() }, 'suspend: true'), ['PersistentVolumeClaim web/data waits: Kustomization flux-system/web is suspended'], ['data PersistentVolumeClaim web/data: its volume goes with it, as soon as it goes on (Kustomization flux-system/web is suspended)']],
    ['a volume that is retained', { ...app({ 'a.yaml': docs(pvc('  storageClassName: slow\n'), cm()) }), 'clusters/one/sc.yaml': thing('StorageClass', 'slow', 'provisioner: p\nreclaimPolicy: Retain\n', 'storage.k8s.io/v1', '') }, { ...app({ 'a.yaml': cm() }), 'clusters/one/sc.yaml': thing('StorageClass', 'slow', 'provisioner: p\nreclaimPolicy: Retain\n', 'storage.k8s.io/v1', '') },
      ['PersistentVolumeClaim web/data deleted: Kustomization flux-system/web prunes'], ['outage PersistentVolumeClaim web/data: its claim on the volume is deleted; the volume stays (reclaimPolicy: Retain) and is bound to nothing']],
    ['with its Kustomization', { ...app({ 'a.yaml': pvc() }), 'clusters/one/cm.yaml': cm() }, { 'clusters/one/cm.yaml': cm() },
      ['Kustomization flux-system/web deleted: Kustomization flux-system/flux-system prunes', 'PersistentVolumeClaim web/data deleted: Kustomization flux-system/web is deleted with all it applied'], ['data PersistentVolumeClaim web/data: its volume goes with it']],
    ['left behind by its Kustomization', { ...app({ 'a.yaml': pvc() }, 'deletionPolicy: Orphan'), 'clusters/one/cm.yaml': cm() }, { 'clusters/one/cm.yaml': cm() },
      ['Kustomization flux-system/web deleted: Kustomization flux-system/flux-system prunes', 'PersistentVolumeClaim web/data stays: Kustomization flux-system/web is deleted and leaves what it applied (deletionPolicy: Orphan)'], []],
    ['a namespace, and what is in it', app({ 'a.yaml': docs(thing('Namespace', 'web', '', 'v1', ''), pvc(), cm()) }), app({ 'a.yaml': thing('ConfigMap', 'y') }),
      ['Namespace web deleted: Kustomization flux-system/web prunes', 'ConfigMap web/x deleted: Kustomization flux-system/web prunes', 'PersistentVolumeClaim web/data deleted: Kustomization flux-system/web prunes'],
      ['data Namespace web: everything in the namespace goes with it: 2 objects of this tree, 1 of them with data, and whatever else is there', 'data PersistentVolumeClaim web/data: its volume goes with it']],
    ['a definition, and all that is of it', app({ 'a.yaml': docs(thing('CustomResourceDefinition', 'foos.x.io', 'spec:\n  group: x.io\n  names: {kind: Foo, plural: foos}\n', 'apiextensions.k8s.io/v1', ''), thing('Foo', 'f', '', 'x.io/v1')) }), app({ 'a.yaml': thing('Foo', 'f', '', 'x.io/v1') }),
      ['CustomResourceDefinition foos.x.io deleted: Kustomization flux-system/web prunes'], ['data CustomResourceDefinition foos.x.io: every Foo in the cluster goes with it (1 of this tree)']],
    ['a StatefulSet', app({ 'a.yaml': docs(thing('StatefulSet', 's', 'spec:\n  volumeClaimTemplates: [{metadata: {name: d}}]\n', 'apps/v1'), cm()) }), app({ 'a.yaml': cm() }), ['StatefulSet web/s deleted: Kustomization flux-system/web prunes'], ['outage StatefulSet web/s: its pods stop; the claims of their volumes stay']],
    ['databases of an operator', app({ 'a.yaml': docs(thing('Cluster', 'db', '', 'postgresql.cnpg.io/v1'), cm()) }), app({ 'a.yaml': cm() }), ['Cluster web/db deleted: Kustomization flux-system/web prunes'], ['data Cluster web/db: its databases and their volumes go with it']],
  ];
  test.each(rows)('%s', async (_, before, after, fate, danger) => {
    const diff = await diffOf(before, after);
    expect(fates(diff)).toEqual(fate);
    expect(dangers(diff)).toEqual(danger);
  });

  test('where nothing is pruned it stays', async () => {
    const noPrune = (files: Files): Files => Object.fromEntries(Object.entries(app(files)).map(([file, text]) => [file, text.replace('prune: true', 'prune: false')]));
    expect(fates(await diffOf(noPrune({ 'a.yaml': docs(pvc(), cm()) }), noPrune({ 'a.yaml': cm() })))).toEqual(['PersistentVolumeClaim web/data stays: Kustomization flux-system/web does not prune']);
  });
});

describe('what changes', () => {
  const stateful = (size: string): string => thing('StatefulSet', 's', `spec:\n  volumeClaimTemplates:\n    - metadata: {name: d}\n      spec: {resources: {requests: {storage: ${size}}}}\n`, 'apps/v1');
  test('a field that can be set once is refused, or made anew by force', async () => {
    const diff = await diffOf(app({ 'a.yaml': stateful('1Gi') }), app({ 'a.yaml': stateful('2Gi') }));
    expect(dangers(diff)).toEqual(['refused StatefulSet web/s: spec.volumeClaimTemplates of a StatefulSet cannot be changed: the API refuses it, and nothing more of Kustomization flux-system/web is applied until it is undone']);
    const forced = await diffOf(app({ 'a.yaml': pvc('  storageClassName: a\n') }, 'force: true'), app({ 'a.yaml': pvc('  storageClassName: b\n') }, 'force: true'));
    expect(dangers(forced)).toEqual(['data PersistentVolumeClaim web/data: spec.storageClassName of a PersistentVolumeClaim cannot be changed: it is deleted and made anew, for force is on, and what is stored goes with it']);
  });

  test('a claim that another Kustomization takes over', async () => {
    const other = { 'clusters/one/other.yaml': ks('other', 'apps/other'), 'apps/other/cm.yaml': thing('ConfigMap', 'y') };
    const diff = await diffOf({ ...app({ 'a.yaml': docs(pvc(), cm()) }), ...other }, { ...app({ 'a.yaml': cm() }), ...other, 'apps/other/pvc.yaml': pvc() });
    expect(told(diff)).toEqual(['~ PersistentVolumeClaim web/data']);
    expect(diff.objects[0]).toMatchObject({ movedFrom: 'flux-system/web', unit: 'flux-system/other', hunks: [] });
    expect(dangers(diff)).toEqual(['data PersistentVolumeClaim web/data: it moves to Kustomization flux-system/other: flux-system/web deletes it if it comes first']);
  });

  test('a generated name that follows its content is one change', async () => {
    const generated = (text: string): Files => app({ 'kustomization.yaml': 'namespace: web\nresources: [a.yaml]\nconfigMapGenerator:\n  - name: conf\n    files: [app.conf]\n', 'app.conf': text, 'a.yaml': thing('Pod', 'p', 'spec:\n  volumes:\n    - name: c\n      configMap: {name: conf}\n') });
    const diff = await diffOf(generated('a\n'), generated('b\n'));
    expect(diff.objects.map(({ how, id, renamedFrom }) => [how, id.replace(/-\w{10}$/, '-HASH'), renamedFrom?.replace(/-\w{10}$/, '-HASH') ?? null])).toEqual([['changed', 'ConfigMap web/conf-HASH', 'ConfigMap web/conf-HASH'], ['changed', 'Pod web/p', null]]);
  });

  test('values of a Secret are compared and never shown', async () => {
    const secret = (password: string): Files => app({ 's.yaml': thing('Secret', 's', `stringData:\n  password: ${password}\n  user: app\n`) });
    const diff = await diffOf(secret('hunter2hunter2'), secret('correct-horse'));
    expect(JSON.stringify(diff)).not.toMatch(/hunter2|correct-horse/);
    expect(diff.objects[0]?.hunks.flatMap((hunk) => hunk.lines).filter((line) => !line.startsWith(' '))).toEqual(["-  password: '**masked** (before)'", "+  password: '**masked** (after)'"]);
  });

  test('what cannot be built on a side is left out, with all below it, and named', async () => {
    const child = { 'apps/web/ks.yaml': ks('child', 'apps/child'), 'apps/child/cm.yaml': cm() };
    const diff = await diffOf({ ...app({ 'a.yaml': pvc() }), ...child }, { ...app({ 'a.yaml': pvc(), 'kustomization.yaml': 'resources: [a.yaml, gone.yaml]\n' }), 'apps/child/cm.yaml': cm() });
    expect([told(diff), diff.left]).toEqual([[], ['flux-system/child', 'flux-system/web']]);
  });
});

describe('why', () => {
  test('the patch, the variable, the line of a file of values, the kustomization that takes it in', async () => {
    const files = (patch: string, host: string, level: string, resources = ''): Files => ({
      'clusters/one/vars.yaml': thing('ConfigMap', 'vars', `data:\n  SIZE: "1"\n  HOST: ${host}\n`, 'v1', 'flux-system'),
      ...app({
        'kustomization.yaml': `namespace: web\nresources:\n  - d.yaml\n${resources}patches:\n  - path: patch.yaml\nconfigMapGenerator:\n  - name: values\n    files: [values.yaml]\n    options: {disableNameSuffixHash: true}\n`,
        'd.yaml': thing('Deployment', 'd', 'spec:\n  replicas: 1\n  template:\n    spec:\n      hostname: ${HOST}\n      nodeName: n${SIZE}\n', 'apps/v1'),
        'patch.yaml': thing('Deployment', 'd', `spec:\n  replicas: ${patch}\n`, 'apps/v1'), 'values.yaml': `# Values.\na: 1\nlog:\n  level: ${level}\n`, 'extra.yaml': thing('Service', 'extra'),
      }, 'postBuild:\n  substituteFrom:\n    - kind: ConfigMap\n      name: vars'),
    });
    const base = files('2', 'a.example', 'info');
    const of = async (after: Files, id: string): Promise<readonly string[]> => why((await diffOf(base, after)).objects.find((each) => each.id === id));
    expect(await of(files('3', 'a.example', 'info'), 'Deployment web/d')).toEqual(['apps/web/patch.yaml:7:13 (patch)']);
    expect(await of(files('2', 'b.example', 'info'), 'Deployment web/d')).toEqual(['clusters/one/vars.yaml:8:9 (variable HOST)']);
    expect(await of(files('2', 'a.example', 'debug'), 'ConfigMap web/values')).toEqual(['apps/web/values.yaml:4:3']);
    expect(await of(files('2', 'a.example', 'info', '  - extra.yaml\n'), 'Service web/extra')).toEqual(['apps/web/kustomization.yaml (kustomization)']);
    const { 'apps/web/extra.yaml': _gone, ...without } = files('2', 'a.example', 'info');
    expect((await diffOf(base, without)).objects).toEqual([]);
  });

  test('a field that is gone, where it was; an object that is gone, the file that is', async () => {
    const before = app({ 'a.yaml': docs(thing('ConfigMap', 'x', 'data:\n  a: "1"\n  b: "2"\n')), 'b.yaml': thing('Service', 's') });
    const { 'apps/web/b.yaml': _gone, ...rest } = before;
    const diff = await diffOf(before, { ...rest, 'apps/web/a.yaml': thing('ConfigMap', 'x', 'data:\n  a: "1"\n') });
    expect(diff.objects.map((each) => [each.id, why(each)])).toEqual([['ConfigMap web/x', ['apps/web/a.yaml:8:6 (before)']], ['Service web/s', ['apps/web/b.yaml:1:1 (before)']]]);
  });
});

describe('releases', () => {
  const hr = (version: string, values: string): string => thing('HelmRelease', 'app', `spec:\n  interval: 1h\n  chart:\n    spec:\n      chart: app\n      version: ${version}\n      sourceRef: {kind: HelmRepository, name: r}\n  values:\n${values}`, 'helm.toolkit.fluxcd.io/v2');
  const repository = thing('HelmRepository', 'r', 'spec:\n  url: https://charts.example\n', 'source.toolkit.fluxcd.io/v1');
  test('chart versions and values, with what they were', async () => {
    const diff = await diffOf(app({ 'a.yaml': docs(hr('1.9.0', '    replicas: 1\n    gone: x\n'), repository) }), app({ 'a.yaml': docs(hr('2.0.0', '    replicas: 2\n    new.key: [a]\n'), repository) }));
    expect(diff.releases).toEqual([{
      id: 'HelmRelease web/app', how: 'changed', before: { chart: 'app', version: '1.9.0' }, after: { chart: 'app', version: '2.0.0' }, major: true, unknown: 'charts were not asked for',
      values: [{ path: '.replicas', before: '1', after: '2' }, { path: '.gone', before: 'x', after: null }, { path: '["new.key"]', before: null, after: '["a"]' }],
    }]);
  });

  test('values out of a Secret are compared and never shown', async () => {
    const with_ = (password: string): Files => app({ 'a.yaml': docs(hr('1.0.0', '    a: 1\n').replace('  values:', '  valuesFrom:\n    - kind: Secret\n      name: v\n  values:'), repository, thing('Secret', 'v', `stringData:\n  values.yaml: |\n    db:\n      password: ${password}\n      user: app\n`)) });
    const diff = await diffOf(with_('hunter2hunter2'), with_('correct-horse'));
    expect(JSON.stringify(diff)).not.toMatch(/hunter2|correct-horse/);
    expect(diff.releases[0]?.values).toEqual([{ path: '.db.password', before: '**masked**', after: '**masked**' }]);
  });

  test('what a chart no longer renders is removed by Helm; why is the release\'s own', async () => {
    const rendered = (of: Tree): readonly Release[] => of.objects.filter((each) => each.object.kind === 'HelmRelease').map((declared) => {
      const { version } = (declared.object['spec'] as { readonly chart: { readonly spec: { readonly version: string } } }).chart.spec;
      const make = (kind: string, text: string): Built => { const made: KubeObject = { apiVersion: 'v1', kind, metadata: { name: 'app', namespace: 'web' }, data: text }; return { object: made, raw: made, unit: declared.unit, release: declared, origin: { source: declared.origin.source, edits: [], template: 'templates/x.yaml' } }; };
      return { declared, name: 'app', namespace: 'web', chart: { name: 'app', url: undefined, version }, values: {}, rendered: [make('ConfigMap', version), ...(version === '1.0.0' ? [make('PersistentVolumeClaim', 'x')] : [])], crds: [], unknown: undefined };
    });
    const diff = await diffOf(app({ 'a.yaml': hr('1.0.0', '    a: 1\n') }), app({ 'a.yaml': hr('1.1.0', '    a: 1\n') }), rendered);
    expect(told(diff)).toEqual(['~ HelmRelease web/app', '~ ConfigMap web/app', '- PersistentVolumeClaim web/app']);
    expect(fates(diff)).toEqual(['PersistentVolumeClaim web/app deleted: Helm removes what HelmRelease web/app no longer renders']);
    expect(diff.objects.map(why)).toEqual([['apps/web/a.yaml:11:16'], ['apps/web/a.yaml:11:16'], ['apps/web/a.yaml:11:16']]);
    expect(diff.releases[0]?.unknown).toBeNull();
  });

  test('what a chart takes out of a Secret is not shown in what it makes', async () => {
    const charts = (of: Tree): readonly Release[] => of.objects.filter((each) => each.object.kind === 'HelmRelease').map((declared) => {
      const made: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'app', namespace: 'web' }, data: { url: 'https://app:hunter2hunter2@db/', other: String(of.objects.length) } };
      return { declared, name: 'app', namespace: 'web', chart: { name: 'app', url: undefined, version: '1' }, values: {}, rendered: [{ object: made, raw: made, unit: declared.unit, release: declared, origin: { source: declared.origin.source, edits: [], template: 't' } }], crds: [], unknown: undefined };
    });
    const base = docs(hr('1.0.0', '    a: 1\n').replace('  values:', '  valuesFrom:\n    - kind: Secret\n      name: v\n  values:'), repository, thing('Secret', 'v', 'stringData:\n  values.yaml: |\n    password: hunter2hunter2\n'));
    const diff = await diffOf(app({ 'a.yaml': base }), app({ 'a.yaml': docs(base, cm()) }), charts);
    expect(told(diff)).toEqual(['+ ConfigMap web/x', '~ ConfigMap web/app']);
    expect(JSON.stringify(diff)).not.toContain('hunter2');
    expect(JSON.stringify(diff)).toContain('https://app:[redacted]@db/');
  });

  test('what could be rendered on one side only is held against nothing', async () => {
    const half = (of: Tree): readonly Release[] => of.objects.filter((each) => each.object.kind === 'HelmRelease').map((declared) => {
      const { version } = (declared.object['spec'] as { readonly chart: { readonly spec: { readonly version: string } } }).chart.spec;
      const made: KubeObject = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'app', namespace: 'web' } };
      const rendered: readonly Built[] | undefined = version === '1.0.0' ? [{ object: made, raw: made, unit: declared.unit, release: declared, origin: { source: declared.origin.source, edits: [], template: 't' } }] : undefined;
      return { declared, name: 'app', namespace: 'web', chart: { name: 'app', url: undefined, version }, values: {}, rendered, crds: [], unknown: rendered === undefined ? 'chart not at the pin' : undefined };
    });
    const diff = await diffOf(app({ 'a.yaml': hr('1.0.0', '    a: 1\n') }), app({ 'a.yaml': hr('1.1.0', '    a: 1\n') }), half);
    expect([told(diff), diff.releases.map(({ unknown }) => unknown)]).toEqual([['~ HelmRelease web/app'], ['chart not at the pin']]);
  });

  test.each([['1.2.3', '2.0.0', true], ['1.2.3', '1.3.0', false], ['v1.2.3', 'v1.2.4', false], ['0.4.0', '0.5.0', true], ['0.4.0', '0.4.9', false], ['2.0.0', '1.0.0', false], ['', '1.0.0', false]])('%s to %s: major %s', (before, after, major) => {
    expect(isMajor(before, after)).toBe(major);
  });
});
