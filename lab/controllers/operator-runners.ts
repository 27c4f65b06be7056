/** What the controller of GitHub's runners makes of a scale set: a listener, and as many runners as are to wait for jobs. */
import type { ControllerContext, KubeObject } from '../world/types.ts';
import { at, list, plain, podReady, refOf, sha256, text, whole, type Plain } from '../catalog/data.ts';
import { making } from './made.ts';
import type { OperatorKind } from './operator-kinds.ts';

const API = 'actions.github.com/v1alpha1';
const of = (set: KubeObject, component: string): Record<string, string> => ({
  'app.kubernetes.io/part-of': 'gha-runner-scale-set', 'app.kubernetes.io/component': component, 'actions.github.com/scale-set-name': set.metadata.name, 'actions.github.com/scale-set-namespace': set.metadata.namespace ?? '',
});
/** The real one draws names; here the same set of the same cluster has the same, so that two worlds can be compared. */
const drawn = (cx: ControllerContext, set: KubeObject, what: string): string => sha256(`${cx.cluster} ${set.metadata.name} ${what}`).slice(0, 5);

function listener(set: KubeObject, cx: ControllerContext): KubeObject {
  const own = plain(at(set.spec, 'listenerTemplate.spec'));
  const [container] = list(own['containers']).map(plain);
  return {
    apiVersion: 'v1', kind: 'Pod', metadata: { name: `${set.metadata.name}-${drawn(cx, set, 'listener')}-listener`, labels: of(set, 'runner-scale-set-listener') },
    spec: { ...own, serviceAccountName: 'default', containers: [{ ...container, name: 'listener', image: 'ghcr.io/actions/gha-runner-scale-set-controller:0.13.0', command: ['/ghalistener'], ports: [{ name: 'metrics', containerPort: 8080, protocol: 'TCP' }] }] },
  };
}

/** A runner with its own volumes: for each that is made with the pod, a claim of the pod's name and the volume's. */
function runner(set: KubeObject, cx: ControllerContext, n: number): readonly KubeObject[] {
  const name = `${set.metadata.name}-${drawn(cx, set, 'set')}-runner-${drawn(cx, set, String(n))}`;
  const pod = plain(at(set.spec, 'template.spec'));
  const volumes = list(pod['volumes']).map(plain);
  const claims = volumes.flatMap((volume): KubeObject[] => (volume['ephemeral'] === undefined ? [] : [{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: `${name}-${String(volume['name'])}`, labels: of(set, 'runner') }, spec: plain(at(volume, 'ephemeral.volumeClaimTemplate.spec')) }]));
  const mounted = volumes.map((volume) => (volume['ephemeral'] === undefined ? volume : { name: volume['name'], persistentVolumeClaim: { claimName: `${name}-${String(volume['name'])}` } }));
  return [...claims, { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { ...of(set, 'runner'), 'actions-ephemeral-runner': 'True' } }, spec: { ...pod, volumes: mounted } }];
}
const runners = (set: KubeObject, cx: ControllerContext): readonly KubeObject[] => Array.from({ length: whole(at(set.spec, 'minRunners'), 0) }, (_, n) => runner(set, cx, n)).flat();

function counted(set: KubeObject, cx: ControllerContext): Plain {
  const pods = runners(set, cx).filter(({ kind }) => kind === 'Pod').map((pod) => ({ ...pod, metadata: { ...pod.metadata, namespace: set.metadata.namespace ?? '' } }));
  const running = pods.map((pod) => cx.store.get(refOf(pod))).filter((pod) => pod !== undefined && podReady(pod)).length;
  return { currentRunners: pods.length, pendingEphemeralRunners: pods.length - running, runningEphemeralRunners: running, failedEphemeralRunners: 0 };
}

const scaleSet = making({
  apiVersion: API, kind: 'AutoscalingRunnerSet', operator: { 'app.kubernetes.io/name': 'gha-rs-controller' },
  lacks(set, cx) {
    const secret = text(at(set.spec, 'githubConfigSecret')) ?? '';
    return cx.store.get({ apiVersion: 'v1', kind: 'Secret', name: secret, namespace: set.metadata.namespace ?? '' }) === undefined ? `failed to get kubernetes secret: "${secret}" not found` : undefined;
  },
  make: (set, cx) => [listener(set, cx), ...runners(set, cx)],
  done: counted,
});

export const RUNNER_KINDS: readonly OperatorKind[] = [scaleSet];
