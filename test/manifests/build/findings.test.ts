import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BUILD_RULES, buildTree, readSettings, readTexts } from '../../../scripts/manifests/build/index.ts';
import { locate } from '../../../scripts/manifests/findings/locate.ts';

/** What building finds wrong, each at its file, line and column. */

const KS = `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: app
  namespace: flux-system
spec:
  path: ./app
  sourceRef:
    kind: GitRepository
    name: flux-system
`;
const FILL = `${KS}  postBuild:
    substituteFrom:
      - kind: ConfigMap
        name: settings
`;
const SETTINGS = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  namespace: flux-system\ndata:\n  NAME: one\n';
const MAP = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\n';
const WEB = 'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n';
const list = (...lines: readonly string[]): string => `resources:\n${lines.map((line) => `  - ${line}\n`).join('')}`;

async function found(files: Readonly<Record<string, string>>, given = ''): Promise<readonly string[]> {
  const texts = readTexts(join(import.meta.dirname, 'nowhere'), new Map(Object.entries({ 'cluster/ks.yaml': KS, '.manifests.yaml': given, ...files })));
  const tree = await buildTree(texts, readSettings(texts).settings, { name: 'one', folder: 'cluster' });
  return tree.found.map((each) => { const { rule, severity, spot, message, hint } = locate(each, tree, BUILD_RULES.find(({ id }) => id === each.rule)?.severity ?? 'error'); return `${severity === 'error' ? '' : `${severity} `}${rule} ${spot.file}:${spot.line}:${spot.column} ${message} (${hint})`; });
}

const ROWS: readonly (readonly [what: string, files: Readonly<Record<string, string>>, said: string])[] = [
  ['a file that is not there', { 'app/kustomization.yaml': list('m.yml'), 'app/m.yaml': MAP }, 'resource-missing app/kustomization.yaml:2:5 m.yml is listed here, but there is no app/m.yml (did you mean m.yaml?)'],
  ['a folder that is not there', { 'app/kustomization.yaml': list('../base/x'), 'base/y/kustomization.yaml': list('m.yaml') }, 'resource-missing app/kustomization.yaml:2:5 ../base/x is listed here, but there is no base/x (did you mean ../base/y?)'],
  ['a path out of the repository', { 'app/kustomization.yaml': list('../../x.yaml') }, 'resource-outside app/kustomization.yaml:2:5 ../../x.yaml leads out of the repository'],
  ['an absolute path', { 'app/kustomization.yaml': list('/etc/passwd') }, 'resource-outside app/kustomization.yaml:2:5 /etc/passwd leads out of the repository'],
  ['an empty name', { 'app/kustomization.yaml': list('""') }, 'kustomization-value app/kustomization.yaml:2:5 each of resources is the path of a file or a folder'],
  ['a file that Flux leaves out', { 'app/kustomization.yaml': list('m.yaml'), 'app/m.yaml': MAP, '.sourceignore': '# not\n/app/m*\n' }, 'resource-missing app/kustomization.yaml:2:5 m.yaml is listed here, but Flux never sees it: .sourceignore:2 leaves it out of the source'],
  ['no YAML', { 'app/kustomization.yaml': list('m.yaml'), 'app/m.yaml': 'kind: a\n  b: c\n' }, 'yaml-syntax app/m.yaml:2:'],
  ['a key twice', { 'app/kustomization.yaml': list('m.yaml'), 'app/m.yaml': `${MAP}data:\n  a: b\n  a: c\n` }, 'duplicate-key app/m.yaml:7:3 this key is given twice'],
  ['no object', { 'app/kustomization.yaml': list('m.yaml'), 'app/m.yaml': `${MAP}---\nkind: ConfigMap\nmetadata: {}\n` }, 'not-an-object app/m.yaml:6:1 this is no Kubernetes object: it has no apiVersion and no metadata.name'],
  ['a folder without kustomization.yaml', { 'app/kustomization.yaml': list('sub'), 'app/sub/m.yaml': MAP }, 'kustomization-missing app/kustomization.yaml:2:5 app/sub has no kustomization.yaml'],
  ['two of them', { 'app/kustomization.yaml': list('sub'), 'app/sub/kustomization.yaml': list('m.yaml'), 'app/sub/kustomization.yml': list('m.yaml'), 'app/sub/m.yaml': MAP }, 'kustomization-twice app/sub/kustomization.yml:1:1 app/sub has kustomization.yaml and kustomization.yml'],
  ['an unknown field', { 'app/kustomization.yaml': 'resource:\n  - m.yaml\n', 'app/m.yaml': MAP }, 'kustomization-field app/kustomization.yaml:1:1 kustomize knows no field resource (did you mean resources?)'],
  ['an unknown field within one', { 'app/kustomization.yaml': `${list('m.yaml')}images:\n  - name: x\n    tag: y\n`, 'app/m.yaml': MAP }, 'kustomization-field app/kustomization.yaml:5:5 kustomize knows no field tag in images'],
  ['a list that is none', { 'app/kustomization.yaml': 'resources: m.yaml\n', 'app/m.yaml': MAP }, 'kustomization-value app/kustomization.yaml:1:12 resources must be a list (did you mean [m.yaml]?)'],
  ['a label that is a number', { 'app/kustomization.yaml': `${list('m.yaml')}labels:\n  - pairs:\n      a: 1\n`, 'app/m.yaml': MAP }, 'kustomization-value app/kustomization.yaml:5:10 the value of a must be text (put it in quotes)'],
  ['another version', { 'app/kustomization.yaml': `apiVersion: kustomize.config.k8s.io/v1\n${list('m.yaml')}`, 'app/m.yaml': MAP }, 'kustomization-value app/kustomization.yaml:1:13 the apiVersion of a Kustomization is kustomize.config.k8s.io/v1beta1'],
  ['nothing in it', { 'app/kustomization.yaml': list('sub'), 'app/sub/kustomization.yaml': 'kind: Kustomization\n' }, 'kustomization-value app/sub/kustomization.yaml:1:1 this kustomization.yaml says nothing'],
  ['a component among resources', { 'app/kustomization.yaml': list('../part'), 'part/kustomization.yaml': `kind: Component\n${list('m.yaml')}`, 'part/m.yaml': MAP }, 'component-kind app/kustomization.yaml:2:5 part is a Component and listed under resources (list it under components)'],
  ['a folder among components', { 'app/kustomization.yaml': 'components: [../part]\n', 'part/kustomization.yaml': list('m.yaml'), 'part/m.yaml': MAP }, 'component-kind app/kustomization.yaml:1:14 part is listed under components, but it is a Kustomization'],
  ['a component that is a file', { 'app/kustomization.yaml': 'components: [m.yaml]\n', 'app/m.yaml': MAP }, 'resource-missing app/kustomization.yaml:1:14 m.yaml is a file, a component is a folder'],
  ['a cycle', { 'app/kustomization.yaml': list('sub'), 'app/sub/kustomization.yaml': list('../../app') }, 'resource-cycle app/sub/kustomization.yaml:2:5 ../../app leads back to app, which led here'],
  ['an object twice', { 'app/kustomization.yaml': list('a.yaml', 'b.yaml'), 'app/a.yaml': MAP, 'app/b.yaml': `---\n${MAP}` }, 'resource-twice app/b.yaml:5:9 ConfigMap m is listed twice in one build'],
  ['two that become one', { 'app/kustomization.yaml': `namespace: x\n${list('a.yaml')}`, 'app/a.yaml': `${MAP}  namespace: a\n---\n${MAP}  namespace: b\n` }, 'resource-twice app/a.yaml:10:9 ConfigMap x/m is listed twice'],
  ['a patch for nothing', { 'app/kustomization.yaml': `${list('m.yaml')}patches:\n  - path: p.yaml\n`, 'app/m.yaml': WEB, 'app/p.yaml': WEB.replace('web', 'wep') }, 'patch-target app/p.yaml:4:9 there is no Deployment wep here to patch (did you mean web?)'],
  ['an inline patch for nothing, at its line', { 'app/kustomization.yaml': `${list('m.yaml')}patches:\n  - patch: |\n      apiVersion: apps/v1\n      kind: Deployment\n      metadata:\n        name: wep\n`, 'app/m.yaml': WEB }, 'patch-target app/kustomization.yaml:8:15 there is no Deployment wep here to patch'],
  ['a target for nothing', { 'app/kustomization.yaml': `${list('m.yaml')}patches:\n  - path: p.yaml\n    target:\n      kind: Deployment\n      name: wep\n`, 'app/m.yaml': WEB, 'app/p.yaml': WEB }, 'warning patch-unused app/kustomization.yaml:7:13 there is no Deployment wep here to patch (did you mean web?)'],
  ['a patch file that is not there', { 'app/kustomization.yaml': `${list('m.yaml')}patches:\n  - path: p.yaml\n`, 'app/m.yaml': WEB, 'app/patch.yaml': WEB }, 'resource-missing app/kustomization.yaml:4:11 p.yaml is the patch here, but there is no file app/p.yaml'],
  ['a patch that is none', { 'app/kustomization.yaml': `${list('m.yaml')}patches:\n  - path: p.yaml\n`, 'app/m.yaml': WEB, 'app/p.yaml': 'a: b\n' }, 'patch-invalid app/p.yaml:1:1 this is no patch: a piece of an object has apiVersion, kind and metadata.name'],
  ['a patch that cannot be read', { 'app/kustomization.yaml': `${list('m.yaml')}patches:\n  - patch: |\n      a: b\n      c: d: e\n`, 'app/m.yaml': WEB }, 'patch-invalid app/kustomization.yaml:6:7 this patch cannot be read'],
  ['an operation on nothing', { 'app/kustomization.yaml': `${list('m.yaml')}patches:\n  - target: {kind: Deployment}\n    patch: |\n      - op: test\n        path: /spec/replicas\n        value: 1\n      - op: remove\n        path: /spec/paused\n`, 'app/m.yaml': WEB }, 'patch-invalid app/kustomization.yaml:10:15 this operation cannot be applied to Deployment web: there is no /spec/paused to remove'],
  ['operations without a target', { 'app/kustomization.yaml': `${list('m.yaml')}patches:\n  - path: p.yaml\n`, 'app/m.yaml': WEB, 'app/p.yaml': '- {op: remove, path: /spec}\n' }, 'patch-target app/kustomization.yaml:4:5 operations need a target'],
  ['a target that is no pattern', { 'app/kustomization.yaml': `${list('m.yaml')}patches:\n  - path: p.yaml\n    target: {name: "(web"}\n`, 'app/m.yaml': WEB, 'app/p.yaml': WEB }, 'patch-invalid app/kustomization.yaml:5:20 (web is no regular expression'],
  ['a map patched into a list', { 'app/kustomization.yaml': `${list('m.yaml')}patches:\n  - path: p.yaml\n`, 'app/m.yaml': `${WEB}  list: [a]\n`, 'app/p.yaml': WEB.replace('replicas: 1', 'list: {a: b}') }, 'patch-invalid app/p.yaml:6:3 this patch cannot be merged into Deployment web: at list'],
  ['replicas of nothing', { 'app/kustomization.yaml': `${list('m.yaml')}replicas:\n  - name: wep\n    count: 2\n`, 'app/m.yaml': WEB }, 'patch-target app/kustomization.yaml:4:11 there is no Deployment, StatefulSet, ReplicaSet or ReplicationController wep'],
  ['a generator without a name', { 'app/kustomization.yaml': 'configMapGenerator:\n  - files: [a]\n' }, 'generator-invalid app/kustomization.yaml:2:5 a generator needs a name'],
  ['a generator without its file', { 'app/kustomization.yaml': 'configMapGenerator:\n  - name: x\n    files: [value.yaml]\n', 'app/values.yaml': 'a: b\n' }, 'resource-missing app/kustomization.yaml:3:13 value.yaml is named here, but there is no file app/value.yaml (did you mean values.yaml?)'],
  ['a generator with a key twice', { 'app/kustomization.yaml': 'configMapGenerator:\n  - name: x\n    literals: [a=b, a=c]\n' }, 'generator-invalid app/kustomization.yaml:3:21 the key a is given twice in ConfigMap x'],
  ['a generator that merges into nothing', { 'app/kustomization.yaml': 'configMapGenerator:\n  - name: x\n    behavior: merge\n' }, 'generator-invalid app/kustomization.yaml:3:15 there is no ConfigMap x here to merge'],
  ['configurations that are not there', { 'app/kustomization.yaml': `${list('m.yaml')}configurations: [config.yaml]\n`, 'app/m.yaml': MAP }, 'resource-missing app/kustomization.yaml:3:18 config.yaml is named here'],
  ['something from elsewhere', { 'app/kustomization.yaml': list('m.yaml', 'https://example.com/v2.0.0/x.yaml'), 'app/m.yaml': MAP }, 'warning resource-remote app/kustomization.yaml:3:5 https://example.com/v2.0.0/x.yaml is fetched from elsewhere at every build'],
  ['something from elsewhere that moves', { 'app/kustomization.yaml': list('m.yaml', 'https://github.com/some/app//deploy?ref=main'), 'app/m.yaml': MAP }, 'remote-pin app/kustomization.yaml:3:5 https://github.com/some/app//deploy?ref=main is fetched from elsewhere at every build, and not pinned'],
  ['something that is kustomize\'s own business', { 'app/kustomization.yaml': `${list('m.yaml')}replacements:\n  - source: {kind: ConfigMap, name: m}\n`, 'app/m.yaml': MAP }, 'unknown kustomize-needed app/kustomization.yaml:4:3 what this makes is not known: replacements, and kustomize is not here'],
  ['a path that is not there', { 'cluster/ks.yaml': KS.replace('./app', './ap'), 'app/m.yaml': MAP }, 'path-missing cluster/ks.yaml:7:9 ./ap is not there (did you mean app?)'],
  ['a path that is a file', { 'app': 'x' }, 'path-missing cluster/ks.yaml:7:9 ./app is a file, not a folder'],
  ['a variable without a value', { 'cluster/ks.yaml': FILL, 'cluster/s.yaml': SETTINGS, 'app/m.yaml': `${MAP}data:\n  a: x ${'${NAM}'} ${'${NAME}'}\n` }, 'variable-undefined app/m.yaml:6:8 the variable NAM has no value in Kustomization flux-system/app (did you mean NAME?)'],
  ['one in a block of text', { 'cluster/ks.yaml': FILL, 'cluster/s.yaml': SETTINGS, 'app/m.yaml': `${MAP}data:\n  a: |\n    one\n    two ${'${OTHER}'}\n` }, 'variable-undefined app/m.yaml:8:9 the variable OTHER has no value'],
  ['one in a key', { 'cluster/ks.yaml': FILL, 'cluster/s.yaml': SETTINGS, 'app/m.yaml': `${MAP}data:\n  ${'${OTHER}'}: x\n` }, 'variable-undefined app/m.yaml:6:3 the variable OTHER has no value'],
  ['one in a generated file', { 'cluster/ks.yaml': FILL, 'cluster/s.yaml': SETTINGS, 'app/kustomization.yaml': 'configMapGenerator:\n  - name: x\n    files: [values.yaml]\n', 'app/values.yaml': 'a:\n  b: ${OTHER}\n' }, 'variable-undefined app/values.yaml:2:6 the variable OTHER has no value'],
  ['one in a patch', { 'cluster/ks.yaml': FILL, 'cluster/s.yaml': SETTINGS, 'app/kustomization.yaml': `${list('m.yaml')}patches:\n  - path: p.yaml\n`, 'app/m.yaml': WEB, 'app/p.yaml': WEB.replace('replicas: 1', 'replicas: ${OTHER}') }, 'variable-undefined app/p.yaml:6:13 the variable OTHER has no value'],
  ['one in an inline patch', { 'cluster/ks.yaml': FILL, 'cluster/s.yaml': SETTINGS, 'app/kustomization.yaml': `${list('m.yaml')}patches:\n  - target: {kind: Deployment}\n    patch: |-\n      - op: replace\n        path: /spec/replicas\n        value: ${'${OTHER}'}\n`, 'app/m.yaml': WEB }, 'variable-undefined app/kustomization.yaml:8:16 the variable OTHER has no value'],
  ['an expression nobody understands', { 'cluster/ks.yaml': FILL, 'cluster/s.yaml': SETTINGS, 'app/m.yaml': `${MAP}data:\n  a: |\n    x="${'${list[@]}'}"\n` }, 'variable-expression app/m.yaml:7:8 Flux cannot read this expression: missing closing brace'],
  ['a value that breaks the text', { 'cluster/ks.yaml': FILL, 'cluster/s.yaml': SETTINGS.replace('one', '"a: b"'), 'app/m.yaml': `${MAP}data:\n  a: ${'${NAME}'}\n` }, 'substituted-yaml app/m.yaml:6:6 with its variables filled in this is no YAML any more'],
  ['a name that cannot be one', { 'cluster/ks.yaml': FILL, 'cluster/s.yaml': `${SETTINGS}  values.yaml: x\n`, 'app/m.yaml': MAP }, 'variable-name cluster/s.yaml:8:16 "values.yaml" cannot be the name of a variable'],
  ['a source with another name', { 'cluster/ks.yaml': FILL.replace('name: settings', 'name: setings'), 'cluster/s.yaml': SETTINGS, 'app/m.yaml': MAP }, 'substitute-from-missing cluster/ks.yaml:14:15 there is no ConfigMap flux-system/setings in the tree to take variables from (did you mean settings?)'],
  ['a source nobody here makes', { 'cluster/ks.yaml': FILL.replace('ConfigMap', 'Secret'), 'app/m.yaml': MAP }, 'unknown substitute-from-missing cluster/ks.yaml:14:15 there is no Secret flux-system/settings in the tree'],
];
test.each(ROWS)('%s', async (_, files, said) => {
  const all = await found(files);
  expect(all.filter((each) => each.startsWith(said))).toHaveLength(1);
  // What follows from it may be told as well, at another place; here nothing follows but what cannot be known without kustomize.
  expect(all.filter((each) => !each.startsWith(said) && !each.startsWith('unknown kustomize-needed'))).toEqual([]);
});

test('an entry that is not there', async () => {
  const texts = readTexts(join(import.meta.dirname, 'nowhere'), new Map([['clusters/one/x.yaml', MAP]]));
  const tree = await buildTree(texts, readSettings(texts).settings, { name: 'two', folder: 'clusters/oen' });
  expect(tree.found).toMatchObject([{ rule: 'entry-missing', spot: { file: 'clusters/oen', line: 0 }, hint: 'did you mean one?' }]);
  expect(tree.units).toMatchObject([{ broken: true, objects: [] }]);
});

test('what is declared to be complete has no sources it does not know', async () => {
  expect(await found({ 'cluster/ks.yaml': FILL.replace('ConfigMap', 'Secret'), 'app/m.yaml': MAP }, 'given: [{apiVersion: v1, kind: Namespace, metadata: {name: x}}]\n')).toEqual([expect.stringContaining('substitute-from-missing cluster/ks.yaml:14:15')]);
});

test('a broken unit does not stop the others, and says that it is broken', async () => {
  const texts = readTexts(join(import.meta.dirname, 'nowhere'), new Map(Object.entries({ 'cluster/a.yaml': KS, 'cluster/b.yaml': KS.replace('name: app', 'name: other').replace('./app', './other'), 'app/kustomization.yaml': list('x.yaml', 'y.yaml'), 'app/y.yaml': MAP, 'other/m.yaml': MAP })));
  const tree = await buildTree(texts, readSettings(texts).settings, { name: 'one', folder: 'cluster' });
  expect(tree.units.map(({ name, broken, objects }) => [name, broken, objects.length])).toEqual([['flux-system', false, 2], ['app', true, 1], ['other', false, 1]]);
});

test('every rule of the build is met in a test here, or says why not', () => {
  const met = new Set([...ROWS.map(([, , said]) => said.replace(/^(?:unknown|warning) /, '').split(' ')[0]), 'entry-missing']);
  // Read by readSettings; files that cannot be read, and the real kustomize, are in tests of their own.
  const elsewhere = ['settings-invalid', 'file-unreadable', 'kustomize-failed'];
  expect(BUILD_RULES.map(({ id }) => id).filter((id) => !met.has(id) && !elsewhere.includes(id))).toEqual([]);
});
