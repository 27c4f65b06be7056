/**
 * Installing a chart: the one way both the stand-in helmfile (over the API it is given) and the lab's helm-controller
 * (over its store) do it, so that handing a release over from one to the other changes no object.
 */
import { loadAll } from 'js-yaml';
import type { KubeObject, Ref } from '../world/types.ts';
import { renderRelease } from './charts.ts';
import type { Chart, ReleaseRequest } from './chart.ts';
import { goDuration, groupOf, identity, isPlain, iso, refOf } from './data.ts';
import { yamlStream } from './downloads.ts';
import { encodeRelease, historyOf, releaseSecretName, type HelmRecord } from './release.ts';
import { kstatus } from '../flux/kstatus.ts';

/** The few things an installer needs of a cluster. Errors are the API's own. */
export interface ClusterAccess {
  get(ref: Ref): Promise<KubeObject | undefined>;
  list(apiVersion: string, kind: string, namespace: string, labelSelector: Readonly<Record<string, string>>): Promise<readonly KubeObject[]>;
  apply(object: KubeObject, options: { readonly manager: string; readonly force: boolean }): Promise<void>;
  delete(ref: Ref): Promise<void>;
  /** Scope of a kind; undefined when the API does not serve it. */
  namespaced(apiVersion: string, kind: string): Promise<boolean | undefined>;
}

/** Order in which Helm installs kinds; what is not named comes last. */
const ORDER = [
  'Namespace', 'NetworkPolicy', 'ResourceQuota', 'LimitRange', 'PodDisruptionBudget', 'ServiceAccount', 'Secret', 'ConfigMap', 'StorageClass', 'PersistentVolume', 'PersistentVolumeClaim',
  'CustomResourceDefinition', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding', 'Service', 'DaemonSet', 'Pod', 'ReplicaSet', 'Deployment', 'StatefulSet', 'Job', 'CronJob', 'Ingress',
];
export function installOrder(objects: readonly KubeObject[]): KubeObject[] {
  const rank = (object: KubeObject): number => { const index = ORDER.indexOf(object.kind); return index < 0 ? ORDER.length : index; };
  return objects.toSorted((a, b) => rank(a) - rank(b));
}

/** Marks an object as Helm does; ownership is read from these marks when another release wants it. */
export function helmOwned(object: KubeObject, release: { readonly name: string; readonly namespace: string }): KubeObject {
  return {
    ...object,
    metadata: {
      ...object.metadata, labels: { ...object.metadata.labels, 'app.kubernetes.io/managed-by': 'Helm' },
      annotations: { ...object.metadata.annotations, 'meta.helm.sh/release-name': release.name, 'meta.helm.sh/release-namespace': release.namespace },
    },
  };
}

/** Why Helm would refuse to take this object over, in Helm's words; undefined when it may. */
export function ownershipProblem(live: KubeObject, release: { readonly name: string; readonly namespace: string }): string | undefined {
  const wrong: string[] = [];
  const label = live.metadata.labels?.['app.kubernetes.io/managed-by'];
  if (label === undefined) wrong.push('label validation error: missing key "app.kubernetes.io/managed-by": must be set to "Helm"');
  else if (label !== 'Helm') wrong.push(`label validation error: key "app.kubernetes.io/managed-by" must equal "Helm": current value is "${label}"`);
  for (const [key, want] of [['meta.helm.sh/release-name', release.name], ['meta.helm.sh/release-namespace', release.namespace]] as const) {
    const have = live.metadata.annotations?.[key];
    if (have === undefined) wrong.push(`annotation validation error: missing key "${key}": must be set to "${want}"`);
    else if (have !== want) wrong.push(`annotation validation error: key "${key}" must equal "${want}": current value is "${have}"`);
  }
  if (wrong.length === 0) return undefined;
  return `${live.kind} "${live.metadata.name}" in namespace "${live.metadata.namespace ?? ''}" exists and cannot be imported into the current release: invalid ownership metadata; ${wrong.join('; ')}`;
}

export class HelmError extends Error {}

export interface Plan {
  readonly release: ReleaseRequest;
  readonly chart: Chart;
  readonly objects: readonly KubeObject[];
  readonly hooks: readonly KubeObject[];
  readonly history: readonly HelmRecord[];
  readonly record: HelmRecord;
  readonly gone: readonly Ref[];
  readonly action: 'install' | 'upgrade';
}

export interface InstallOptions {
  readonly manager: string;
  readonly nowMs: number;
  /** Put on every object, e.g. the helm-controller's own labels. */
  readonly originLabels?: Readonly<Record<string, string>>;
  readonly recordLabels?: Readonly<Record<string, string>>;
}

/** Renders a release and compares with what is there, without writing. Throws ChartNotFound or HelmError. */
export async function planRelease(cluster: ClusterAccess, release: ReleaseRequest, options: InstallOptions): Promise<Plan> {
  const { chart, objects: rendered, hooks } = renderRelease(release);
  const history = historyOf(await cluster.list('v1', 'Secret', release.namespace, { owner: 'helm', name: release.name }), release.name);
  const deployed = history.findLast((entry) => entry.status === 'deployed');
  const last = history.at(-1);
  if (last !== undefined && last.status.startsWith('pending-')) throw new HelmError('another operation (install/upgrade/rollback) is in progress');
  const objects: KubeObject[] = [];
  for (const object of installOrder(rendered)) {
    const namespaced = await cluster.namespaced(object.apiVersion, object.kind);
    if (namespaced === undefined) throw new HelmError(`unable to build kubernetes objects from release manifest: resource mapping not found for name: "${object.metadata.name}" namespace: "${object.metadata.namespace ?? ''}" from "": no matches for kind "${object.kind}" in version "${object.apiVersion}"\nensure CRDs are installed first`);
    const { namespace: _given, ...metadata } = object.metadata;
    const placed: KubeObject = { ...object, metadata: { ...metadata, ...(namespaced ? { namespace: object.metadata.namespace ?? release.namespace } : {}), labels: { ...metadata.labels, ...options.originLabels } } };
    const live = await cluster.get(refOf(placed));
    const problem = live === undefined ? undefined : ownershipProblem(live, release);
    if (problem !== undefined) throw new HelmError(`unable to continue with ${deployed === undefined ? 'install' : 'update'}: ${problem}`);
    objects.push(helmOwned(placed, release));
  }
  const action = deployed === undefined ? 'install' : 'upgrade';
  const record: HelmRecord = {
    name: release.name, namespace: release.namespace, revision: (last?.revision ?? 0) + 1, status: action === 'install' ? 'pending-install' : 'pending-upgrade',
    description: action === 'install' ? 'Initial install underway' : 'Preparing upgrade', firstDeployed: deployed?.firstDeployed ?? iso(options.nowMs), lastDeployed: iso(options.nowMs),
    chart: { name: chart.name, version: release.version, appVersion: chart.appVersion(release.version) }, values: release.values,
    manifest: yamlStream(objects), labels: { ...options.recordLabels },
  };
  const kept = new Set(objects.map(identity));
  const gone = manifestObjects(deployed?.manifest ?? '').filter((object) => !kept.has(identity(object)) && object.metadata.annotations?.['helm.sh/resource-policy'] !== 'keep').map(refOf);
  return { release, chart, objects, hooks: hooks.map((hook) => ({ ...hook, metadata: { ...hook.metadata, namespace: release.namespace } })), history, record, gone, action };
}

/** Objects of a stored manifest. */
export function manifestObjects(manifest: string): KubeObject[] {
  const out: KubeObject[] = [];
  for (const document of loadAll(manifest)) if (isObject(document)) out.push(document);
  return out;
}
export function isObject(value: unknown): value is KubeObject {
  return isPlain(value) && typeof value['apiVersion'] === 'string' && typeof value['kind'] === 'string' && isPlain(value['metadata']) && typeof value['metadata']['name'] === 'string';
}

/** Writes the pending record and the objects. */
export async function applyPlan(cluster: ClusterAccess, plan: Plan, options: InstallOptions): Promise<void> {
  await writeRecord(cluster, plan.record, options);
  for (const object of plan.objects) await cluster.apply(object, { manager: options.manager, force: true });
  for (const ref of plan.gone) await cluster.delete(ref);
}

/** Ends an attempt: the record deployed (older ones superseded) or failed, with Helm's descriptions. */
export async function finishPlan(cluster: ClusterAccess, plan: Plan, options: InstallOptions, failure?: string): Promise<HelmRecord> {
  const title = plan.action === 'install' ? 'Install' : 'Upgrade';
  const record: HelmRecord = failure === undefined
    ? { ...plan.record, status: 'deployed', description: `${title} complete` }
    : { ...plan.record, status: 'failed', description: plan.action === 'install' ? `Release "${plan.record.name}" failed: ${failure}` : `Upgrade "${plan.record.name}" failed: ${failure}` };
  if (failure === undefined) {
    for (const old of plan.history) if (old.status === 'deployed') await writeRecord(cluster, { ...old, status: 'superseded' }, options);
  }
  await writeRecord(cluster, record, options);
  for (const old of plan.history.slice(0, -9)) await cluster.delete({ apiVersion: 'v1', kind: 'Secret', name: releaseSecretName(old.name, old.revision), namespace: old.namespace });
  return record;
}

async function writeRecord(cluster: ClusterAccess, record: HelmRecord, options: InstallOptions): Promise<void> {
  await cluster.apply(encodeRelease(record, options.nowMs), { manager: options.manager, force: true });
}

/** What is not ready yet of these objects, in the words a wait ends with; empty when all are. */
export async function unready(cluster: ClusterAccess, objects: readonly KubeObject[]): Promise<string[]> {
  const out: string[] = [];
  for (const object of objects) {
    const status = kstatus(await cluster.get(refOf(object)));
    if (status.status !== 'Current') out.push(`resource ${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name} not ready. status: ${status.status}, message: ${status.message}`);
  }
  return out;
}

/** How Helm says that a wait ran out. */
export function waitTimedOut(left: readonly string[], timeoutMs: number): string {
  return `${left.join('\n')}\ncontext deadline exceeded (after ${goDuration(timeoutMs)})`.trim();
}

/** Kinds a Helm test or a lab user may want to tell apart from custom resources. */
export function isCrd(object: KubeObject): boolean { return object.kind === 'CustomResourceDefinition' && groupOf(object.apiVersion) === 'apiextensions.k8s.io'; }
