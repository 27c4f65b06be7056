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

const OBJECTS: readonly KubeObject[] = [
  { apiVersion: SOURCE, kind: 'GitRepository', metadata, spec: { interval: '10m', timeout: '60s', url: FIXTURE_URL, ref: { branch: 'main' } } },
  {
    apiVersion: KUSTOMIZE, kind: 'Kustomization', metadata,
    spec: {
      interval: '10m', retryInterval: '1m', timeout: '30m', prune: true, wait: true, path: './kubernetes/cluster', sourceRef: { kind: 'GitRepository', name: NAME, namespace: NAMESPACE },
      // Only a cluster that knows how its data begins gets any.
      dependsOn: [{ name: 'data-gate' }],
      postBuild: { substituteFrom: [{ kind: 'ConfigMap', name: 'cluster-settings' }, { kind: 'ConfigMap', name: 'platform-mode' }] },
    },
  },
];

export function fixtureController(cx: ControllerContext): Controller {
  return {
    name: 'fixture',
    keys: (event) => (dataOf(cx).on && isKind(event.object, 'apps/Deployment') && event.object.metadata.name === 'kustomize-controller' ? ['all'] : []),
    initial: () => ['all'],
    reconcile() {
      if (!dataOf(cx).on || !componentUp(cx, 'kustomize-controller')) return undefined;
      // Its kinds may be served a moment after its Deployment is up, of which no event tells.
      if (cx.store.typeOf(SOURCE, 'GitRepository') === undefined || cx.store.typeOf(KUSTOMIZE, 'Kustomization') === undefined) return SOON;
      // What is there stays as it is: somebody may have suspended it.
      for (const object of OBJECTS) if (cx.store.get(refOf(object)) === undefined) cx.store.apply(object, { manager: 'lab', force: true });
      return undefined;
    },
  };
}
