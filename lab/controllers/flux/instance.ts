/** The Flux operator: from a FluxInstance to Flux's CRDs, controllers, and the sync of the tree. */
import type { ControllerContext, KubeObject } from '../../world/types.ts';
import { at, conditionOf, goDuration, identity, isPlain, iso, list, plain, refOf, sha256, text, type Plain } from '../../catalog/data.ts';
import { fluxCrds } from '../../catalog/crd-tables.ts';
import { TIMES } from '../../catalog/timings.ts';
import { jsonPatch, strategicMerge } from '../../flux/merge.ts';
import { kstatus } from '../../flux/kstatus.ts';
import { readYaml } from '../../flux/kustomize.ts';
import { isKind, keyOf, splitKey, type Again, type Controller } from '../runtime.ts';
import { asked, deploymentUp, generationOf, handled, ready, setStatus, suspended, SOURCE, KUSTOMIZE } from './common.ts';

const INSTANCE = 'fluxcd.controlplane.io/v1';
/** Versions of a distribution's components, by its minor version. */
const DISTRIBUTIONS: Readonly<Record<string, { readonly version: string; readonly images: Readonly<Record<string, string>> }>> = {
  '2.9': {
    version: 'v2.9.5',
    images: {
      'source-controller': 'v1.9.5', 'kustomize-controller': 'v1.9.5', 'helm-controller': 'v1.6.0', 'notification-controller': 'v1.9.4', 'image-reflector-controller': 'v1.2.4',
      'image-automation-controller': 'v1.2.4', 'source-watcher': 'v2.2.3',
    },
  },
};

/** The newest version of a range such as `2.9.x` or `2.x` that the lab has; undefined when there is none. */
export function resolveDistribution(range: string): (typeof DISTRIBUTIONS)[string] | undefined {
  const wanted = range.replace(/^[v=~^]+/, '');
  return Object.entries(DISTRIBUTIONS).find(([minor, distribution]) => wanted === '*' || wanted === `${minor}.x` || wanted === `${minor}.*` || wanted === minor || wanted === '2.x' || wanted === '2.*' || `v${wanted}` === distribution.version)?.[1];
}

function componentObjects(component: string, namespace: string, version: string, image: string): KubeObject[] {
  const labels = { 'app.kubernetes.io/component': component, 'app.kubernetes.io/instance': namespace, 'app.kubernetes.io/part-of': 'flux', 'app.kubernetes.io/version': version, 'app.kubernetes.io/managed-by': 'flux-operator' };
  return [
    ...fluxCrds(component, { labels }),
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: component, namespace, labels } },
    ...(component === 'source-controller' || component === 'notification-controller' || component === 'source-watcher' ? [{
      apiVersion: 'v1', kind: 'Service', metadata: { name: component, namespace, labels: { ...labels, 'control-plane': 'controller' } },
      spec: { type: 'ClusterIP', selector: { app: component }, ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 'http' }] },
    }] : []),
    {
      apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: component, namespace, labels: { ...labels, 'control-plane': 'controller' } },
      spec: {
        replicas: 1, selector: { matchLabels: { app: component } },
        template: {
          metadata: { labels: { ...labels, app: component }, annotations: { 'prometheus.io/port': '8080', 'prometheus.io/scrape': 'true' } },
          spec: {
            serviceAccountName: component, priorityClassName: 'system-cluster-critical', nodeSelector: { 'kubernetes.io/os': 'linux' }, terminationGracePeriodSeconds: 10,
            securityContext: { fsGroup: 1337, seccompProfile: { type: 'RuntimeDefault' } },
            containers: [{
              name: 'manager', image: `${image}:${version}`, imagePullPolicy: 'IfNotPresent', args: ['--watch-all-namespaces=true', '--log-level=info', '--log-encoding=json', '--enable-leader-election', ...(component === 'kustomize-controller' || component === 'helm-controller' ? ['--requeue-dependency=5s'] : [])],
              ports: [{ containerPort: 8080, name: 'http-prom', protocol: 'TCP' }, { containerPort: 9440, name: 'healthz', protocol: 'TCP' }], resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '1000m', memory: '1Gi' } },
              securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsNonRoot: true, capabilities: { drop: ['ALL'] } },
            }],
          },
        },
      },
    },
  ];
}

function patched(object: KubeObject, patches: readonly Plain[]): KubeObject {
  let out = object;
  for (const entry of patches) {
    const target = plain(entry['target']);
    const fits = (field: string, value: string): boolean => target[field] === undefined || new RegExp(`^(?:${String(target[field])})$`).test(value);
    if (!fits('kind', out.kind) || !fits('name', out.metadata.name)) continue;
    const body = readYaml(text(entry['patch']) ?? '');
    out = Array.isArray(body) ? jsonPatch(out, body.filter(isPlain)) : isPlain(body) ? strategicMerge(out, body) : out;
  }
  return out;
}

function syncObjects(instance: KubeObject, sync: Plain, version: string): KubeObject[] {
  const namespace = instance.metadata.namespace ?? 'flux-system';
  const name = text(sync['name']) ?? namespace;
  const kind = text(sync['kind']) ?? 'GitRepository';
  const labels = { 'app.kubernetes.io/instance': namespace, 'app.kubernetes.io/part-of': 'flux', 'app.kubernetes.io/version': version, 'fluxcd.controlplane.io/name': instance.metadata.name, 'fluxcd.controlplane.io/namespace': namespace };
  const ref = text(sync['ref']) ?? '';
  return [
    {
      apiVersion: SOURCE, kind, metadata: { name, namespace, labels },
      spec: {
        interval: text(sync['interval']) ?? '1m', timeout: '60s', url: sync['url'], ref: kind === 'GitRepository' ? { name: ref } : { tag: ref },
        ...(sync['pullSecret'] === undefined || sync['pullSecret'] === '' ? {} : { secretRef: { name: sync['pullSecret'] } }), ...(sync['provider'] === undefined ? {} : { provider: sync['provider'] }),
      },
    },
    {
      apiVersion: KUSTOMIZE, kind: 'Kustomization', metadata: { name, namespace, labels },
      spec: { interval: '10m', retryInterval: '1m', path: sync['path'], prune: true, force: false, serviceAccountName: 'kustomize-controller', sourceRef: { kind, name } },
    },
  ];
}

export function fluxInstanceController(cx: ControllerContext): Controller {
  const started = new Map<string, number>();
  return {
    name: 'flux-operator',
    keys(event) {
      if (isKind(event.object, 'fluxcd.controlplane.io/FluxInstance')) return [keyOf(event.object)];
      return isKind(event.object, 'apps/Deployment') ? instances(cx).map(keyOf) : [];
    },
    reconcile(key): Again {
      if (cx.store.typeOf(INSTANCE, 'FluxInstance') === undefined) return undefined;
      const instance = cx.store.get({ apiVersion: INSTANCE, kind: 'FluxInstance', ...splitKey(key) });
      if (instance === undefined || instance.metadata.deletionTimestamp !== undefined || suspended(instance)) return undefined;
      if (!deploymentUp(cx, { 'app.kubernetes.io/name': 'flux-operator' })) return undefined;
      return reconcileInstance(cx, instance, started);
    },
  };
}
function instances(cx: ControllerContext): readonly KubeObject[] { return cx.store.typeOf(INSTANCE, 'FluxInstance') === undefined ? [] : cx.store.list(INSTANCE, 'FluxInstance'); }

function reconcileInstance(cx: ControllerContext, instance: KubeObject, started: Map<string, number>): Again {
  const now = cx.clock.now();
  const namespace = instance.metadata.namespace ?? 'flux-system';
  const range = text(at(instance.spec, 'distribution.version')) ?? '';
  const distribution = resolveDistribution(range);
  if (distribution === undefined) {
    setStatus(cx, instance, handled(instance), [ready('False', 'BuildFailed', `no match found for semver: ${range} (the lab's catalog has ${Object.values(DISTRIBUTIONS).map((entry) => entry.version).join(', ')})`)]);
    return undefined;
  }
  const key = `${keyOf(instance)}|${generationOf(instance)}|${instance.metadata.annotations?.['reconcile.fluxcd.io/requestedAt'] ?? ''}`;
  const revision = `${distribution.version}@sha256:${sha256(distribution.version + JSON.stringify(instance.spec ?? {}))}`;
  const components = list(at(instance.spec, 'components')).map(String);
  const done = conditionOf(instance, 'Ready')?.['status'] === 'True' && instance.status?.['observedGeneration'] === generationOf(instance) && !asked(instance);
  if (!done && !started.has(key)) {
    started.set(key, now);
    setStatus(cx, instance, {}, [{ type: 'Reconciling', status: 'True', reason: 'Progressing', message: 'Reconciliation in progress' }, ready('Unknown', 'Progressing', 'Reconciliation in progress')]);
    return TIMES.fluxOperatorApply;
  }
  const since = started.get(key) ?? now;
  if (!done && now - since < TIMES.fluxOperatorApply) return since + TIMES.fluxOperatorApply - now;
  const registry = text(at(instance.spec, 'distribution.registry')) ?? 'ghcr.io/fluxcd';
  const unknown = components.find((component) => distribution.images[component] === undefined);
  if (unknown !== undefined) {
    setStatus(cx, instance, handled(instance), [ready('False', 'BuildFailed', `the lab's catalog has no Flux component ${unknown}`)]);
    return undefined;
  }
  const patches = list(at(instance.spec, 'kustomize.patches')).map(plain);
  const objects = components.flatMap((component) => componentObjects(component, namespace, distribution.images[component] ?? '', `${registry}/${component}`)).map((object) => patched(object, patches));
  for (const object of objects) cx.store.apply(object, { manager: 'flux-operator', force: true });
  const waiting = objects.map((object) => ({ object, status: kstatus(cx.store.get(refOf(object))) })).filter(({ status }) => status.status !== 'Current');
  if (waiting.length > 0) {
    const words = waiting.map(({ object, status }) => `${object.kind}/${namespace}/${object.metadata.name} status: '${status.status}'`);
    if (!done) setStatus(cx, instance, {}, [{ type: 'Reconciling', status: 'True', reason: 'Progressing', message: `Waiting for: [${words.join(', ')}]` }, ready('Unknown', 'Progressing', 'Reconciliation in progress')]);
    return TIMES.healthPoll;
  }
  const sync = at(instance.spec, 'sync');
  const synced = isPlain(sync) ? syncObjects(instance, sync, distribution.version) : [];
  for (const object of synced) cx.store.apply(object, { manager: 'flux-operator', force: true });
  if (done) return undefined;
  started.delete(key);
  setStatus(cx, instance, {
    ...handled(instance), lastAppliedRevision: revision, lastAttemptedRevision: revision,
    components: components.map((component) => ({ name: component, repository: `${registry}/${component}`, tag: distribution.images[component], digest: `sha256:${sha256(component)}` })),
    inventory: { entries: [...objects, ...synced].map((object) => ({ id: identity(object), v: object.apiVersion.split('/').at(-1) })) }, lastAppliedAt: iso(now),
  }, [ready('True', 'ReconciliationSucceeded', `Reconciliation finished in ${goDuration(now - since)}`)], ['Reconciling', 'Stalled']);
  return undefined;
}
