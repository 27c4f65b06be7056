import { describe, expect, test } from 'vitest';
import { atLeast } from '../../../../scripts/manifests/schemas/installed.ts';
import { fateOf } from '../../../../scripts/manifests/schemas/fates.ts';
import { isServed } from '../../../../scripts/manifests/schemas/kinds.ts';
import { asks, scratch, view } from './rig.ts';

const object = (apiVersion: string, kind: string, more = ''): string => `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: x}\n${more}`;
const flux = (version: string): string => `---\napiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {name: flux}\nspec: {distribution: {version: ${version}}}\n`;
const on = (kubernetes: string | undefined, tree: string) => view({ tree, ...(kubernetes === undefined ? {} : { settings: { kubernetes } }) });

describe('api-removed', () => {
  test.each([
    ['1.34.4', object('policy/v1beta1', 'PodDisruptionBudget'), ['PodDisruptionBudget x apiVersion: PodDisruptionBudget in policy/v1beta1 is gone since Kubernetes 1.25 | write apiVersion: policy/v1; an empty selector means every pod of the namespace now']],
    // What every cluster has left behind needs no version to be said.
    [undefined, object('extensions/v1beta1', 'Ingress'), ['Ingress x apiVersion: Ingress in extensions/v1beta1 is gone since Kubernetes 1.22 | write apiVersion: networking.k8s.io/v1; a path has a pathType, and its backend is service.name and service.port']],
    [undefined, object('policy/v1beta1', 'PodSecurityPolicy'), ['PodSecurityPolicy x apiVersion: PodSecurityPolicy in policy/v1beta1 is gone since Kubernetes 1.25 | remove it; Pod Security Admission took its place: labels on the namespace']],
    // Not gone yet there.
    ['1.24.0', object('policy/v1beta1', 'PodDisruptionBudget'), []],
    [undefined, object('flowcontrol.apiserver.k8s.io/v1beta3', 'FlowSchema'), []],
    ['1.34.4', object('helm.toolkit.fluxcd.io/v2beta2', 'HelmRelease') + flux('2.9.x'), ['HelmRelease x apiVersion: HelmRelease in helm.toolkit.fluxcd.io/v2beta2 is gone since Flux 2.8 | write apiVersion: helm.toolkit.fluxcd.io/v2']],
    ['1.34.4', object('helm.toolkit.fluxcd.io/v2beta2', 'HelmRelease') + flux('2.7.5'), []],
    ['1.34.4', object('helm.toolkit.fluxcd.io/v2beta2', 'HelmRelease'), []],
    ['1.34.4', object('apps/v1', 'Deployment'), []],
  ])('Kubernetes %s: %s', async (kubernetes, tree, says) => {
    expect(await asks('api-removed', on(kubernetes, tree))).toEqual(says);
  });

  test('a chart\'s version counts for what it serves', async () => {
    const store = object('external-secrets.io/v1beta1', 'ClusterSecretStore');
    const before = (version: string) => view({ tree: store, settings: { before: [{ name: 'external-secrets', namespace: 'external-secrets', chart: 'external-secrets/external-secrets', version, crdsOnly: false, source: { file: 'helmfile.yaml', document: 0, at: [] } }] } });
    expect(await asks('api-removed', before('0.20.4'))).toEqual(['ClusterSecretStore x apiVersion: ClusterSecretStore in external-secrets.io/v1beta1 is gone since external-secrets 0.17 | write apiVersion: external-secrets.io/v1']);
    expect(await asks('api-removed', before('0.15.0'))).toEqual([]);
    expect(await asks('api-deprecated', before('0.15.0'))).toEqual([]);
    expect(await asks('api-deprecated', before('0.16.1'))).toEqual(['ClusterSecretStore x apiVersion: ClusterSecretStore in external-secrets.io/v1beta1 is deprecated and goes with external-secrets 0.17 | write apiVersion: external-secrets.io/v1']);
  });

  test('the version alone is mended where all else fits the new one', async () => {
    using own = scratch();
    own.write('policy/poddisruptionbudget_v1.json', JSON.stringify({ properties: { spec: { additionalProperties: false, properties: { minAvailable: { type: 'integer' } } } } }));
    const of = (spec: string) => view({ tree: object('policy/v1beta1', 'PodDisruptionBudget', spec), settings: { schemas: [own.path] } });
    expect((await asks('api-removed', of('spec: {minAvailable: 1}\n')))[0]).toMatch(/ \[policy\/v1beta1 -> policy\/v1\]$/);
    expect((await asks('api-removed', of('spec: {minAvailable: 1, old: 1}\n')))[0]).not.toMatch(/ \[/);
  });
});

describe('api-deprecated', () => {
  test.each([
    ['a version of Flux nobody knows', object('source.toolkit.fluxcd.io/v1beta2', 'GitRepository'), ['GitRepository x apiVersion: GitRepository in source.toolkit.fluxcd.io/v1beta2 is deprecated and goes with Flux 2.8 | write apiVersion: source.toolkit.fluxcd.io/v1']],
    ['one that is gone is told by the other rule', object('source.toolkit.fluxcd.io/v1beta2', 'GitRepository') + flux('2.8.1'), []],
    ['Cilium', object('cilium.io/v2alpha1', 'CiliumBGPPeeringPolicy'), ['CiliumBGPPeeringPolicy x apiVersion: CiliumBGPPeeringPolicy in cilium.io/v2alpha1 is deprecated since Cilium 1.18 | write apiVersion: cilium.io/v2; it became CiliumBGPClusterConfig, CiliumBGPPeerConfig and CiliumBGPAdvertisement']],
    ['a kind of it that has no other version', object('cilium.io/v2alpha1', 'CiliumL2AnnouncementPolicy'), []],
  ])('%s', async (_, tree, says) => {
    expect(await asks('api-deprecated', on('1.34.4', tree))).toEqual(says);
  });

  test('a definition says it of its own versions', async () => {
    const crd = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.example.com}
spec:
  group: example.com
  names: {kind: Gadget, plural: gadgets}
  versions:
    - {name: v1, served: true, schema: {openAPIV3Schema: {type: object}}}
    - {name: v1beta1, served: true, deprecated: true, schema: {openAPIV3Schema: {type: object}}}
    - {name: v1alpha1, served: false, schema: {openAPIV3Schema: {type: object}}}
---
`;
    expect(await asks('api-deprecated', view(crd + object('example.com/v1beta1', 'Gadget')))).toEqual(['Gadget x apiVersion: Gadget in example.com/v1beta1 is deprecated, says the definition in tree.yaml | write apiVersion: example.com/v1 [example.com/v1beta1 -> example.com/v1]']);
    expect(await asks('api-deprecated', view(crd + object('example.com/v1', 'Gadget')))).toEqual([]);
    expect(await asks('api-unknown', view(crd + object('example.com/v1alpha1', 'Gadget')))).toEqual(['Gadget x apiVersion: the definition of Gadget in tree.yaml does not serve v1alpha1 | write apiVersion: example.com/v1 and example.com/v1beta1']);
    expect(await asks('api-unknown', view(crd + object('example.com/v3', 'Gadget')))).toHaveLength(1);
    expect(await asks('api-unknown', view(crd + object('example.com/v1beta1', 'Gadget')))).toEqual([]);
  });
});

describe('api-unknown', () => {
  test.each([
    [object('v1', 'Deployment'), ['Deployment x apiVersion: Kubernetes has no Deployment in v1 | write apiVersion: apps/v1']],
    [object('apps/v1', 'Deploymet'), ['Deploymet x kind: Kubernetes has no kind Deploymet in apps/v1 | did you mean Deployment (apps/v1)?']],
    [object('networking.k8s.io/v2', 'Ingress'), ['Ingress x apiVersion: Kubernetes has no Ingress in networking.k8s.io/v2 | write apiVersion: networking.k8s.io/v1']],
    [object('autoscaling/v3', 'HorizontalPodAutoscaler'), ['HorizontalPodAutoscaler x apiVersion: Kubernetes has no HorizontalPodAutoscaler in autoscaling/v3 | write apiVersion: autoscaling/v1 and autoscaling/v2']],
    // Others' groups say nothing without their definitions; what was removed is told by api-removed.
    [object('example.com/v1', 'Deploymet'), []],
    [object('batch/v1beta1', 'CronJob'), []],
    [object('batch/v1', 'CronJob'), []],
  ])('%s', async (tree, says) => {
    expect(await asks('api-unknown', on('1.34.4', tree))).toEqual(says);
  });

  test('a kind a newer Kubernetes has is known by its schema', async () => {
    using own = scratch();
    own.write('newthing-apps-v1.json', '{}');
    expect(await asks('api-unknown', view({ tree: object('apps/v1', 'NewThing'), settings: { schemas: [own.path] } }))).toEqual([]);
  });
});

test('no table contradicts another: what is gone or deprecated is in no list of what is served, but Endpoints', () => {
  for (const [api, kind] of [['policy/v1beta1', 'PodDisruptionBudget'], ['autoscaling/v2beta2', 'HorizontalPodAutoscaler'], ['storage.k8s.io/v1beta1', 'CSIStorageCapacity'], ['networking.k8s.io/v1beta1', 'Ingress']] as const) {
    const [group = '', version = ''] = api.split('/');
    expect(fateOf({ group, version, kind })).toBeDefined();
    expect(isServed({ group, version, kind })).toBe(false);
  }
});

test('versions are compared by their numbers, and an open end counts as the newest', () => {
  expect([atLeast('2.9.x', '2.8'), atLeast('2.x', '2.9'), atLeast('v1.10.0', '1.9'), atLeast('1.24.0', '1.25'), atLeast('0.17.0', '0.17'), atLeast('1.2.0-rc.1', '1.2')]).toEqual([true, true, true, false, true, true]);
});
