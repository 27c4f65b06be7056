/** The lab's own hand: brings its data sets into a cluster whose Flux runs, when they were asked for (`lab data`), through Flux like everything else. */
import { FIXTURE_URL } from '../../world/data.ts';
import type { ControllerContext, KubeObject } from '../../world/types.ts';
import { componentUp, KUSTOMIZE, SOURCE } from '../flux/common.ts';
import { isKind, type Controller } from '../runtime.ts';
import { refOf } from '../../catalog/data.ts';
import { dataOf } from './memory.ts';

const NAME = 'lab-fixture';
const NAMESPACE = 'flux-system';
const SOON = 1_000;
const metadata = { name: NAME, namespace: NAMESPACE, labels: { 'app.kubernetes.io/managed-by': 'lab', 'app.kubernetes.io/part-of': NAME } };

/** Operators the data sets need, by the Flux Kustomization that brings each: a platform that has one of its own brings it under the same name. */
const OPERATORS: Readonly<Record<string, string>> = { 'volsync': 'volsync', 'cloudnative-pg': 'cloudnative-pg-operator', 'barman-cloud': 'cloudnative-pg-barman' };
const GATE = 'data-gate';

function kustomization(name: string, path: string): KubeObject {
  return {
    apiVersion: KUSTOMIZE, kind: 'Kustomization', metadata: { ...metadata, name },
    spec: {
      interval: '10m', retryInterval: '1m', timeout: '30m', prune: true, wait: true, path, sourceRef: { kind: 'GitRepository', name: NAME, namespace: NAMESPACE },
      // Only a cluster that knows how its data begins gets any.
      dependsOn: [{ name: GATE }],
      postBuild: { substituteFrom: [{ kind: 'ConfigMap', name: 'cluster-settings' }, { kind: 'ConfigMap', name: 'platform-mode' }] },
    },
  };
}

/** What is brought: the data sets, and those operators nobody else brings. Asked when the gate is there, before which the tree's own operators are. */
function objects(cx: ControllerContext): readonly KubeObject[] {
  const others = (name: string): boolean => {
    const found = cx.store.get({ apiVersion: KUSTOMIZE, kind: 'Kustomization', name, namespace: NAMESPACE });
    return found !== undefined && !found.metadata.labels?.['kustomize.toolkit.fluxcd.io/name']?.startsWith(NAME);
  };
  return [
    { apiVersion: SOURCE, kind: 'GitRepository', metadata, spec: { interval: '10m', timeout: '60s', url: FIXTURE_URL, ref: { branch: 'main' } } },
    ...Object.entries(OPERATORS).filter(([, name]) => !others(name)).map(([folder]) => kustomization(`${NAME}-${folder}`, `./kubernetes/operators/${folder}`)),
    kustomization(NAME, './kubernetes/cluster'),
  ];
}

export function fixtureController(cx: ControllerContext): Controller {
  return {
    name: 'fixture',
    keys: (event) => (dataOf(cx).on && ((isKind(event.object, 'apps/Deployment') && event.object.metadata.name === 'kustomize-controller') || (isKind(event.object, 'kustomize.toolkit.fluxcd.io/Kustomization') && event.object.metadata.name === GATE)) ? ['all'] : []),
    initial: () => ['all'],
    reconcile() {
      if (!dataOf(cx).on || !componentUp(cx, 'kustomize-controller')) return undefined;
      // Its kinds may be served a moment after its Deployment is up, of which no event tells.
      if (cx.store.typeOf(SOURCE, 'GitRepository') === undefined || cx.store.typeOf(KUSTOMIZE, 'Kustomization') === undefined) return SOON;
      if (cx.store.get({ apiVersion: KUSTOMIZE, kind: 'Kustomization', name: GATE, namespace: NAMESPACE }) === undefined) return undefined;
      // What is there stays as it is: somebody may have suspended it.
      for (const object of objects(cx)) if (cx.store.get(refOf(object)) === undefined) cx.store.apply(object, { manager: 'lab', force: true });
      return undefined;
    },
  };
}
