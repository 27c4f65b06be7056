import { fc } from '../../fast-check.ts';
import { describe, expect, test } from 'vitest';
import { findChart, knownCharts, renderRelease } from '../../../lab/catalog/charts.ts';
import { digestOf, duration, mergeValues, selects } from '../../../lab/catalog/data.ts';
import { labDownloads } from '../../../lab/catalog/downloads.ts';
import { isObject, manifestObjects } from '../../../lab/catalog/install.ts';
import { decodeRelease, encodeRelease, type HelmRecord } from '../../../lab/catalog/release.ts';
import { podReadyMs } from '../../../lab/catalog/timings.ts';
import { createStore } from '../../../lab/kube/store.ts';
import { manualClock } from './rig.ts';

const PINS: readonly (readonly [chart: string, version: string, values: object, crds: number])[] = [
  ['cert-manager', 'v1.19.1', { crds: { enabled: true } }, 6], ['cert-manager', 'v1.19.1', {}, 0], ['external-secrets', '0.20.4', { installCRDs: true }, 23], ['external-secrets', '0.20.4', { installCRDs: false }, 0],
  ['victoria-metrics-operator-crds', '0.6.0', {}, 22], ['prometheus-operator-crds', '24.0.1', {}, 10], ['cloudnative-pg', '0.26.1', {}, 10], ['flux-operator', '0.49.0', {}, 4], ['flux-instance', '0.49.0', {}, 0], ['cilium', '1.18.3', {}, 0], ['coredns', '1.45.0', {}, 0], ['spegel', '0.4.0', {}, 0], ['volsync', '0.12.0', {}, 2], ['volsync', '0.12.0', { manageCRDs: false }, 0], ['snapshot-controller', '3.0.6', {}, 0], ['app-template', '4.4.0', {}, 0], ['openebs', '4.3.3', {}, 0], ['rook-ceph', 'v1.18.6', {}, 24], ['reloader', '2.2.5', {}, 0], ['plugin-barman-cloud', '0.3.1', {}, 1], ['dragonfly-operator', 'v1.3.0', {}, 1], ['strimzi-kafka-operator', '0.48.0', {}, 10], ['harbor', '1.18.0', {}, 0], ['victoria-metrics-operator', '0.55.3', { crds: { enabled: false } }, 0], ['victoria-logs-single', '0.11.12', {}, 0], ['fluent-bit', '0.54.0', {}, 0],
  ['gha-runner-scale-set-controller', '0.13.0', {}, 4], ['gha-runner-scale-set', '0.13.0', {}, 0], ['gitlab', '9.5.1', {}, 0], ['gitlab-runner', '0.82.0', {}, 0],
];
const render = (chart: string, version: string, values: object) => renderRelease({ name: chart, namespace: 'ns', chart: `oci://registry.example.test/${chart}`, version, values: { ...values } });

describe('charts', () => {
  test.each(PINS)('%s %s with %o brings %i CRDs', (chart, version, values, crds) => {
    expect(render(chart, version, values).objects.filter((object) => object.kind === 'CustomResourceDefinition')).toHaveLength(crds);
  });
  test.each(knownCharts().map((name) => [name]))('%s renders objects an API takes, and the same each time', (name) => {
    const version = PINS.find(([chart]) => chart === name)?.[1] ?? '';
    const once = render(name, version, {});
    expect(render(name, version, {}).objects).toEqual(once.objects);
    const store = createStore({ clock: manualClock() });
    store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ns' } });
    for (const object of once.objects) if (store.typeOf(object.apiVersion, object.kind)?.namespaced !== undefined) expect(store.apply({ ...object, metadata: { namespace: 'ns', ...object.metadata } }, { manager: 'helm', force: true }).created, `${object.kind}/${object.metadata.name}`).toBe(true);
  });
  test('CRD names are plural and group, and each has one stored version', () => {
    for (const [chart, version, values] of PINS) {
      for (const crd of render(chart, version, values).objects.filter((object) => object.kind === 'CustomResourceDefinition')) {
        const spec = crd.spec as { group: string; names: { plural: string }; versions: { storage: boolean; served: boolean }[] };
        expect(crd.metadata.name).toBe(`${spec.names.plural}.${spec.group}`);
        expect(spec.versions.filter((entry) => entry.storage)).toHaveLength(1);
        expect(spec.versions.some((entry) => entry.served)).toBe(true);
      }
    }
  });
  test('an unknown chart is named together with what there is', () => { expect(() => findChart('oci://x/nonsense', '1.0.0')).toThrow(/no chart nonsense \(asked for as oci:\/\/x\/nonsense\); lab\/catalog knows cilium, coredns/); });
  test('an unknown version is named', () => { expect(() => findChart('cilium/cilium', '9.9.9')).toThrow('cilium/cilium: version 9.9.9: not found'); });
  test('a change of values changes the pods, the same values do not', () => {
    const pod = (values: object): string => digestOf(render('coredns', '1.45.0', values).objects.find((object) => object.kind === 'Deployment')?.spec);
    expect(pod({ a: 1, b: 2 })).toBe(pod({ b: 2, a: 1 }));
    expect(pod({ a: 1 })).not.toBe(pod({ a: 2 }));
  });
  test('the agent takes longest of all that a node needs', () => { expect(podReadyMs('quay.io/cilium/cilium:v1.18.3')).toBeGreaterThan(podReadyMs('quay.io/cilium/cilium-envoy:v1')); });
});

describe('downloads', () => {
  const FILE = 'https://raw.githubusercontent.com/kubernetes-sigs/gateway-api/v1.4.0/config/crd/standard/gateway.networking.k8s.io_httproutes.yaml';
  test('one file holds one CRD of the Gateway API at that version', () => {
    const [crd, ...more] = manifestObjects(labDownloads([FILE]).get(FILE) ?? '');
    expect(more).toEqual([]);
    expect(crd).toMatchObject({ metadata: { name: 'httproutes.gateway.networking.k8s.io', annotations: { 'gateway.networking.k8s.io/bundle-version': 'v1.4.0', 'gateway.networking.k8s.io/channel': 'standard' } } });
  });
  test.each([['standard', 6], ['experimental', 12]])('the %s install file holds %i', (channel, count) => {
    const url = `https://github.com/kubernetes-sigs/gateway-api/releases/download/v1.4.0/${channel}-install.yaml`;
    expect(manifestObjects(labDownloads([url]).get(url) ?? '').filter(isObject)).toHaveLength(count);
  });
  test.each(['https://example.test/x.yaml', FILE.replace('httproutes', 'nonsense')])('%s is refused by name', (url) => { expect(() => labDownloads([url])).toThrow(`serves nothing for ${url}`); });
});

describe('release records', () => {
  test('come back from their Secret as they went in', () => {
    fc.assert(fc.property(fc.record({
      name: fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/), namespace: fc.constant('ns'), revision: fc.integer({ min: 1, max: 99 }), status: fc.constantFrom('deployed', 'superseded', 'failed'), description: fc.string(), firstDeployed: fc.string(), lastDeployed: fc.string(),
      chart: fc.record({ name: fc.string(), version: fc.string(), appVersion: fc.string() }), values: fc.dictionary(fc.string().filter((key) => key !== '__proto__'), fc.jsonValue()), manifest: fc.string(), labels: fc.constant({ extra: 'label' }),
    }), (given) => {
      const record: HelmRecord = JSON.parse(JSON.stringify(given));
      expect(decodeRelease(encodeRelease(record, 0))).toEqual(record);
    }), { numRuns: 50 });
  });
  test('something else is refused', () => { expect(() => decodeRelease({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } })).toThrow('Secret x holds no release'); });
});

describe('small rules', () => {
  test.each([['90s', 90_000], ['1h30m', 5_400_000], ['500ms', 500], ['nonsense', -1], [5, -1], [undefined, -1]])('duration %s is %i ms', (text, ms) => { expect(duration(text, -1)).toBe(ms); });
  test.each([
    [{ matchLabels: { a: 'b' } }, true], [{ matchLabels: { a: 'c' } }, false], [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['x', 'b'] }] }, true], [{ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['b'] }] }, false],
    [{ matchExpressions: [{ key: 'z', operator: 'DoesNotExist' }] }, true], [{ matchExpressions: [{ key: 'z', operator: 'Exists' }] }, false], [undefined, false],
  ])('selector %o on a=b is %s', (selector, expected) => { expect(selects(selector, { a: 'b' })).toBe(expected); });
  test('values merge as Helm merges them', () => { expect(mergeValues({ a: { b: 1, c: 2 }, l: [1, 2], gone: 1 }, { a: { c: 3 }, l: [9], gone: null })).toEqual({ a: { b: 1, c: 3 }, l: [9] }); });
});
