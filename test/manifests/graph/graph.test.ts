import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { buildTrees, entriesOf, readSettings, readTexts } from '../../../scripts/manifests/build/index.ts';
import { focused } from '../../../scripts/manifests/graph/focus.ts';
import { jsonOf } from '../../../scripts/manifests/graph/json.ts';
import { mermaidOf } from '../../../scripts/manifests/graph/mermaid.ts';
import { graphOf, type Graph, type Node } from '../../../scripts/manifests/graph/model.ts';
import { svgOf } from '../../../scripts/manifests/graph/svg.ts';
import { graphLines } from '../../../scripts/manifests/graph/text.ts';
import { timingOf } from '../../../scripts/manifests/graph/waves.ts';
import type { Release } from '../../../scripts/manifests/model.types.ts';
import { displayWidth } from '../../../scripts/terminal/width.ts';
import { createStyle } from '../../../scripts/terminal/style.ts';
import { docs, ks, thing, tree, type Files } from '../stable/rig.ts';

const OURS = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const after = (...names: readonly string[]): string => `dependsOn:\n${names.map((name) => `  - name: ${name}\n`).join('')}`;
const hr = (name: string, more = ''): string => thing('HelmRelease', name, `spec:\n  timeout: 7m\n  chart:\n    spec:\n      chart: ${name}\n      version: 1.2.3\n      sourceRef: {kind: HelmRepository, name: r}\n${more}`, 'helm.toolkit.fluxcd.io/v2');
const unit = (name: string, more = '', objects = thing('ConfigMap', name)): Files => ({ [`clusters/one/${name}.yaml`]: ks(name, `apps/${name}`, more), [`apps/${name}/all.yaml`]: objects });
const graph = async (...parts: readonly Files[]): Promise<Graph> => graphOf(await tree(Object.assign({}, ...parts)), []);
const waves = (of: Graph): readonly (readonly string[])[] => timingOf(of).waves.map((ids) => ids.map((id) => id.replace(/^\w+ \S+\//, '')).filter((name) => name !== 'flux-system').toSorted());
const text = (of: Graph, width = 80): readonly string[] => graphLines(of, timingOf(of), createStyle({ colour: false, width }));

describe('waves and the longest chain', () => {
  test('what waits comes after what it waits for; a parent that waits is Ready after what it applies', async () => {
    const of = await graph(
      unit('a', 'timeout: 1m'), unit('b', `timeout: 2m\n${after('a')}`), unit('c', 'timeout: 20m'), unit('d', `timeout: 3m\n${after('b', 'c')}`),
      { 'clusters/one/p.yaml': ks('p', 'groups/p', 'wait: true\ntimeout: 5m'), 'groups/p/x.yaml': ks('x', 'apps/a', `timeout: 4m\n${after('b')}`) }, unit('e', `timeout: 1m\n${after('p')}`),
    );
    expect(waves(of)).toEqual([['a', 'c', 'p'], ['b'], ['d', 'x'], ['e']]);
    const { longest, longestMs } = timingOf(of);
    expect(longest.map(({ id, timeoutMs }) => [id.split('/')[1], timeoutMs / 60_000])).toEqual([['c', 20], ['d', 3]]);
    expect(longestMs).toBe(23 * 60_000);
  });

  test('the chain goes through what a waiting parent applies, and through releases', async () => {
    const of = await graph(unit('a', 'timeout: 1m\nwait: true', hr('big')), { 'clusters/one/p.yaml': ks('p', 'groups/p', 'wait: true\ntimeout: 5m'), 'groups/p/x.yaml': ks('x', 'apps/a2', `timeout: 4m\n${after('a')}`), 'apps/a2/cm.yaml': thing('ConfigMap', 'y') }, unit('e', `timeout: 2m\n${after('p')}`));
    expect(timingOf(of).longest.map(({ id }) => id)).toEqual(['HelmRelease web/big', 'Kustomization flux-system/x', 'Kustomization flux-system/e']);
    expect(timingOf(of).longestMs).toBe(13 * 60_000);
  });

  test('a ring is told and ends nothing', async () => {
    const of = await graph(unit('a', after('c')), unit('b', after('a')), unit('c', after('b')), unit('d', after('c')));
    const { rings, wave } = timingOf(of);
    expect(rings.map((ring) => ring.map((id) => id.split('/')[1]).toSorted())).toEqual([['a', 'b', 'c']]);
    expect(wave.size).toBe(5);
    expect(text(of).join('\n')).toMatch(/✖ they wait for each other: (\w) → \w → \w → \1/);
  });

  test('what is waited for and is not there stands in the picture', async () => {
    const of = await graph(unit('a', after('nowhere')));
    expect(of.nodes.get('Kustomization flux-system/nowhere')).toMatchObject({ kind: 'missing' });
    expect(text(of)).toContain('  ✖ Kustomization flux-system/nowhere is waited for and is not there');
    expect(mermaidOf([{ graph: of, timing: timingOf(of) }])).toContain('{{"nowhere<br/>is not there"}}');
  });
});

describe('definitions', () => {
  const crd = (kind: string) => ({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${kind}s.x.io` }, spec: { group: 'x.io', names: { kind, plural: `${kind}s` } } });
  test('who uses a kind needs who brings it: a Kustomization, or a release by its chart', async () => {
    const built = await tree({ ...unit('crds', '', `${JSON.stringify(crd('Foo'))}\n`), ...unit('op', '', hr('operator')), ...unit('use', '', docs(thing('Foo', 'f', '', 'x.io/v1'), thing('Bar', 'b', '', 'x.io/v1'), thing('Bar', 'core', '', 'v1'))) });
    const declared = built.objects.find(({ object }) => object.kind === 'HelmRelease');
    if (declared === undefined) throw new Error('no release');
    const release: Release = { declared, name: 'operator', namespace: 'web', chart: { name: 'operator', url: undefined, version: '1.2.3' }, values: {}, rendered: [], crds: [crd('Bar')], unknown: undefined };
    const of = graphOf(built, [release]);
    expect(of.edges).toEqual([
      { from: 'Kustomization flux-system/use', to: 'Kustomization flux-system/crds', kind: 'definition', kinds: ['Foo'] },
      { from: 'Kustomization flux-system/use', to: 'HelmRelease web/operator', kind: 'definition', kinds: ['Bar'] },
    ]);
    expect(of.unseen).toEqual([]);
    expect(text(of).join('\n')).toContain('⎈ operator: Bar');
    expect(graphOf(built, []).unseen).toEqual(['HelmRelease web/operator']);
  });
});

describe('as text', () => {
  test('a tree with waves, timeouts and what each waits for', async () => {
    const of = await graph(unit('a', 'timeout: 90s', hr('web')), unit('b', `suspend: true\n${after('a')}`), { 'clusters/one/p.yaml': ks('p', 'groups/p', after('b')), 'groups/p/x.yaml': ks('x', 'apps/a2'), 'apps/a2/cm.yaml': thing('ConfigMap', 'y') });
    expect(text(of)).toEqual([
      'one  5 Kustomizations, 1 HelmRelease  clusters/one',
      '                 wave timeout',
      '  flux-system      1 5m',
      '  ├─ a             1 1m 30s',
      '  │  └─ ⎈ web      1 7m   web 1.2.3',
      '  ├─ b             2 10m  suspended, after a',
      '  └─ p             3 10m  after b',
      '     └─ x          3 10m',
      '',
      '  waves  what can begin together; each waits for something of the one before',
      '   1  flux-system, a', '   2  b', '   3  p, x', '',
      '  longest chain  21m 30s when everything takes as long as it may',
      '    a  1m 30s  by 1m 30s', '    b     10m  by 11m 30s', '    p     10m  by 21m 30s', '',
      '  ? which definitions 1 release brings is not known: their charts were not',
      '  looked into',
    ]);
  });

  test.each([40, 60, 80, 120])('our own clusters, within %i columns', async (width) => {
    for (const { graph: of } of await ours()) for (const line of text(of, width)) expect(displayWidth(line), line).toBeLessThanOrEqual(width);
  });

  test('FOCUS keeps what has to do with one, and says who was meant', async () => {
    const of = await graph(unit('a'), unit('b', after('a'), hr('web')), unit('c', after('b')), unit('d', after('a')), unit('e'));
    const names = (graphs: readonly Graph[]) => graphs.map((each) => [...each.nodes.values()].map((node) => node.name));
    expect(names(focused([of], 'b'))).toEqual([['flux-system', 'a', 'b', 'c', 'web']]);
    expect(names(focused([of], 'HelmRelease/web/web'))).toEqual([['flux-system', 'a', 'b', 'web']]);
    expect(names(focused([of, { ...of, nodes: new Map() }], 'web'))).toEqual([['flux-system', 'a', 'b', 'web']]);
    expect(() => focused([of], 'wab')).toThrow(expect.objectContaining({ exit: 'usage', hint: 'did you mean web?' }));
  });
});

describe('drawn', () => {
  test('Mermaid: boxes, arrows, and words that cannot break out', async () => {
    const of = await graph(unit('a', 'timeout: 1m', hr('web')), unit('b', after('a')), unit('c', after('a', 'b')));
    const evil: Node = { ...[...of.nodes.values()][0]!, id: 'x', name: 'x"]; click n0 "javascript:alert(1)"\n<b>' };
    expect(mermaidOf([{ graph: of, timing: timingOf(of) }])).toBe([
      'flowchart LR', '  n0["flux-system<br/>5m"]', '  n1["a<br/>1m · web 1.2.3"]', '  n2["b<br/>10m"]', '  n3["c<br/>10m"]', '  n1 --> n2', '  n2 --> n3',
      '  classDef longest stroke:#0969da,stroke-width:3px', '  class n1,n2,n3 longest', '',
    ].join('\n'));
    const drawn = mermaidOf([{ graph: { ...of, nodes: new Map([['x', evil]]), edges: [] }, timing: timingOf(of) }]);
    expect(drawn.split('\n')[1]).toBe('  n0["x#34;#93;#59; click n0 #34;javascript:alert#40;1#41;#34;#10;#60;b#62;<br/>5m"]');
  });

  test('Mermaid stays within what GitHub draws, and says what is left out', () => {
    const nodes = new Map(Array.from({ length: 700 }, (_, i): [string, Node] => [`k${i}`, { id: `k${i}`, kind: 'unit', namespace: 'n', name: `a-long-name-of-a-kustomization-${i}`, makes: '', timeoutMs: 60_000, parent: undefined, waitsFor: [], suspended: false, broken: false, built: undefined }]));
    const edges = Array.from({ length: 699 }, (_, i) => ({ from: `k${i + 1}`, to: `k${Math.floor(i / 2)}`, kind: 'dependsOn' as const, kinds: [] }));
    const of: Graph = { name: 'big', entry: 'big', nodes, edges, unseen: [] };
    const drawn = mermaidOf([{ graph: of, timing: timingOf(of) }]);
    expect(drawn.match(/-->/g)?.length).toBe(500);
    expect(drawn.split('\n')[1]).toBe('  %% left out, for GitHub draws no more: 199 of 699 arrows');
    expect(drawn.length).toBeLessThanOrEqual(50_000);
  });

  test('SVG: every Kustomization by name, nothing fetched, well formed, for light and dark', async () => {
    const clusters = await ours();
    const svg = svgOf(clusters);
    for (const { graph: of } of clusters) for (const node of of.nodes.values()) if (node.kind === 'unit') expect(svg).toContain(`>${node.name}</text>`);
    expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', '')).not.toMatch(/https?:|href|@import|url\((?!#)|<script|<image|<foreignObject/i);
    expect(svg).toContain('@media (prefers-color-scheme:dark)');
    expect(svg.match(/<title>/g)?.length).toBeGreaterThan(60);
    const open: string[] = [];
    for (const [, close, name = '', self] of svg.matchAll(/<(\/?)([a-zA-Z]+)[^>]*?(\/?)>/g)) {
      if (close === '/') expect(open.pop()).toBe(name);
      else if (self !== '/') open.push(name);
    }
    expect(open).toEqual([]);
    expect(svgOf(await ours())).toBe(svg);
  });

  test('SVG: names are text, whatever is in them', async () => {
    const of = await graph(unit('a'));
    const evil: Node = { ...[...of.nodes.values()][0]!, id: 'x', name: '</text><script>&"\u0000' };
    const svg = svgOf([{ graph: { ...of, nodes: new Map([['x', evil]]) }, timing: timingOf(of) }]);
    expect(svg).not.toContain('<script');
    expect(svg).toContain('&lt;/text&gt;&lt;script&gt;&amp;');
  });

  test('as data', async () => {
    const of = await graph(unit('a', 'timeout: 1m'), unit('b', after('a')));
    expect(jsonOf({ graph: of, timing: timingOf(of) })).toMatchObject({
      cluster: 'one', edges: [{ from: 'Kustomization flux-system/b', to: 'Kustomization flux-system/a', kind: 'dependsOn' }], longest: { seconds: 660 }, rings: [], unseen: [],
      waves: [['Kustomization flux-system/flux-system', 'Kustomization flux-system/a'], ['Kustomization flux-system/b']],
    });
  });
});

let cached: Promise<readonly { readonly graph: Graph; readonly timing: ReturnType<typeof timingOf> }[]> | undefined;
function ours(): NonNullable<typeof cached> {
  cached ??= (async () => {
    const texts = readTexts(OURS);
    const { settings } = readSettings(texts);
    return (await buildTrees(texts, settings, entriesOf(texts, settings))).map((each) => {
      const of = graphOf(each, []);
      return { graph: of, timing: timingOf(of) };
    });
  })();
  return cached;
}
