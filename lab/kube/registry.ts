/** The kinds an API server serves: the built-in ones, and those of Established CustomResourceDefinitions. */
import type { KubeObject, ResourceType } from '../world/types.ts';
import { at, isFields, textAt, textsAt } from '../world/value.ts';

/** One group per block: `Kind plural [Cluster] [status] [short=a,b]`. */
const BUILT_IN: readonly (readonly [group: string, versions: string, kinds: string])[] = [
  ['', 'v1', `
    Namespace namespaces Cluster status short=ns
    Node nodes Cluster status short=no
    Pod pods status short=po
    Service services status short=svc
    Endpoints endpoints short=ep
    ConfigMap configmaps short=cm
    Secret secrets
    Event events short=ev
    ServiceAccount serviceaccounts short=sa
    PersistentVolume persistentvolumes Cluster status short=pv
    PersistentVolumeClaim persistentvolumeclaims status short=pvc
    ResourceQuota resourcequotas status short=quota
    LimitRange limitranges short=limits
    ReplicationController replicationcontrollers status short=rc
    PodTemplate podtemplates`],
  ['apps', 'v1', `
    Deployment deployments status short=deploy
    DaemonSet daemonsets status short=ds
    StatefulSet statefulsets status short=sts
    ReplicaSet replicasets status short=rs
    ControllerRevision controllerrevisions`],
  ['batch', 'v1', `
    Job jobs status
    CronJob cronjobs status short=cj`],
  ['rbac.authorization.k8s.io', 'v1', `
    ClusterRole clusterroles Cluster
    ClusterRoleBinding clusterrolebindings Cluster
    Role roles
    RoleBinding rolebindings`],
  ['networking.k8s.io', 'v1', `
    NetworkPolicy networkpolicies short=netpol
    Ingress ingresses status short=ing
    IngressClass ingressclasses Cluster`],
  ['policy', 'v1', `
    PodDisruptionBudget poddisruptionbudgets status short=pdb`],
  ['storage.k8s.io', 'v1', `
    StorageClass storageclasses Cluster short=sc
    CSIDriver csidrivers Cluster
    CSINode csinodes Cluster
    VolumeAttachment volumeattachments Cluster status
    CSIStorageCapacity csistoragecapacities`],
  ['certificates.k8s.io', 'v1', `
    CertificateSigningRequest certificatesigningrequests Cluster status short=csr`],
  ['coordination.k8s.io', 'v1', `
    Lease leases`],
  ['apiextensions.k8s.io', 'v1', `
    CustomResourceDefinition customresourcedefinitions Cluster status short=crd,crds`],
  ['apiregistration.k8s.io', 'v1', `
    APIService apiservices Cluster status`],
  ['discovery.k8s.io', 'v1', `
    EndpointSlice endpointslices`],
  ['admissionregistration.k8s.io', 'v1', `
    MutatingWebhookConfiguration mutatingwebhookconfigurations Cluster
    ValidatingWebhookConfiguration validatingwebhookconfigurations Cluster
    ValidatingAdmissionPolicy validatingadmissionpolicies Cluster status
    ValidatingAdmissionPolicyBinding validatingadmissionpolicybindings Cluster`],
  ['scheduling.k8s.io', 'v1', `
    PriorityClass priorityclasses Cluster short=pc`],
  ['autoscaling', 'v2,v1', `
    HorizontalPodAutoscaler horizontalpodautoscalers status short=hpa`],
  ['events.k8s.io', 'v1', `
    Event events short=ev`],
];

function builtIn(): ResourceType[] {
  return BUILT_IN.flatMap(([group, versions, kinds]) => kinds.trim().split('\n').map((line): ResourceType => {
    const [kind = '', plural = '', ...words] = line.trim().split(' ');
    const [version = '', ...others] = versions.split(',');
    return {
      group, version, versions: others, kind, plural, singular: kind.toLowerCase(), namespaced: !words.includes('Cluster'), hasStatus: words.includes('status'),
      shortNames: words.flatMap((word) => (word.startsWith('short=') ? word.slice(6).split(',') : [])), columns: [],
    };
  }));
}

/** Every built-in kind, in the order discovery lists them. */
export const BUILT_IN_TYPES: readonly ResourceType[] = builtIn();
export const CRD_API = 'apiextensions.k8s.io/v1';
export const CRD_KIND = 'CustomResourceDefinition';

/** `apps/v1` of a type in a version (its own one when none is named). */
export const apiVersionOf = (type: Pick<ResourceType, 'group' | 'version'>, version: string = type.version): string => (type.group === '' ? version : `${type.group}/${version}`);
/** All served versions, the stored one first. */
export const servedVersions = (type: ResourceType): readonly string[] => [type.version, ...type.versions];

/** Is the condition there and True? */
export function conditionTrue(object: KubeObject, type: string): boolean {
  const list = object.status?.['conditions'];
  return Array.isArray(list) && list.some((entry: unknown) => isFields(entry) && entry['type'] === type && entry['status'] === 'True');
}

/** What a CustomResourceDefinition makes the API serve; undefined while it is not Established, or serves no version. */
export function typeOfCrd(crd: KubeObject): ResourceType | undefined {
  return conditionTrue(crd, 'Established') ? declaredType(crd) : undefined;
}

/** What a CustomResourceDefinition asks for, Established or not. */
export function declaredType(crd: KubeObject): ResourceType | undefined {
  const raw = at(crd, 'spec', 'versions');
  const served = (Array.isArray(raw) ? raw : []).filter(isFields).filter((version) => version['served'] === true);
  const stored = served.find((version) => version['storage'] === true) ?? served[0];
  const kind = textAt(crd, 'spec', 'names', 'kind');
  const plural = textAt(crd, 'spec', 'names', 'plural');
  const version = textAt(stored, 'name');
  if (stored === undefined || kind === undefined || plural === undefined || version === undefined) return undefined;
  const columns = stored['additionalPrinterColumns'];
  return {
    group: textAt(crd, 'spec', 'group') ?? '', kind, plural, version, versions: served.flatMap((entry) => (entry === stored || typeof entry['name'] !== 'string' ? [] : [entry['name']])),
    singular: textAt(crd, 'spec', 'names', 'singular') ?? kind.toLowerCase(), shortNames: textsAt(crd, 'spec', 'names', 'shortNames'),
    namespaced: textAt(crd, 'spec', 'scope') !== 'Cluster', hasStatus: isFields(at(stored, 'subresources', 'status')),
    columns: (Array.isArray(columns) ? columns : []).filter(isFields).map((column) => ({ name: String(column['name']), type: String(column['type']), jsonPath: String(column['jsonPath']) })),
  };
}

const BUILT_IN_GROUPS = new Set(BUILT_IN_TYPES.map((type) => type.group));
/** Kinds of CRDs have no strategic merge and no merge keys of their own. */
export const isBuiltIn = (type: Pick<ResourceType, 'group'>): boolean => BUILT_IN_GROUPS.has(type.group);

/** The kinds served now, by several ways to ask. */
export interface Registry {
  all(): readonly ResourceType[];
  byKind(apiVersion: string, kind: string): ResourceType | undefined;
  byPlural(group: string, version: string, plural: string): ResourceType | undefined;
}

/** A registry over the CRDs as they are now. */
export function createRegistry(crds: Iterable<KubeObject>): Registry {
  const types: ResourceType[] = [...BUILT_IN_TYPES];
  for (const crd of crds) {
    const type = typeOfCrd(crd);
    if (type !== undefined) types.push(type);
  }
  const kinds = new Map<string, ResourceType>();
  const plurals = new Map<string, ResourceType>();
  for (const type of types) {
    for (const version of servedVersions(type)) {
      kinds.set(`${apiVersionOf(type, version)} ${type.kind}`, type);
      plurals.set(`${apiVersionOf(type, version)} ${type.plural}`, type);
    }
  }
  return {
    all: () => types,
    byKind: (apiVersion, kind) => kinds.get(`${apiVersion} ${kind}`),
    byPlural: (group, version, plural) => plurals.get(`${apiVersionOf({ group, version })} ${plural}`),
  };
}
