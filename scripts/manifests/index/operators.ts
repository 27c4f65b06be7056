import type { KubeObject } from '../../config/cluster.ts';
import { at, items, kindKey, text } from './read.ts';

/** Pods an operator runs for an object: the labels by which they are told apart. There are always others beside them. */
export interface OperatorPods { readonly labels: Readonly<Record<string, string | undefined>>; readonly ports: Readonly<Record<string, number>> }

/** What an operator is known to make of an object, in the object's namespace. Names that begin with the object's own are not ruled out, unless it makes nothing else. */
export interface Brings {
  readonly pods: readonly OperatorPods[];
  readonly services: readonly string[];
  readonly secrets: readonly string[];
  /** What else it makes is called like this. */
  readonly names?: RegExp;
  /** It makes nothing else. */
  readonly only?: true;
}

const brings = (parts: Partial<Brings>): Brings => ({ pods: [], services: [], secrets: [], ...parts });
type Table = Readonly<Record<string, (object: KubeObject) => Brings>>;

const PART = 'app.kubernetes.io/part-of';
const NAME = 'app.kubernetes.io/name';
const INSTANCE = 'app.kubernetes.io/instance';
const MANAGED = 'app.kubernetes.io/managed-by';
const COMPONENT = 'app.kubernetes.io/component';

/** VictoriaMetrics' operator names and labels all its kinds alike: api/operator/v1beta1 and v1, SelectorLabels and PrefixedName. */
const victoria = (...parts: readonly (readonly [name: string, port: number])[]) => (object: KubeObject): Brings => brings({
  pods: parts.map(([name, port]) => ({ labels: { [NAME]: name, [INSTANCE]: object.metadata.name, [COMPONENT]: 'monitoring', 'managed-by': 'vm-operator' }, ports: { http: port } })),
  services: parts.map(([name]) => `${name}-${object.metadata.name}`),
});

/** VolSync's movers: controllers/utils, label app.kubernetes.io/created-by. */
const mover = (): Brings => brings({ pods: [{ labels: { 'app.kubernetes.io/created-by': 'volsync' }, ports: {} }] });

const OPERATORS: Table = {
  // cloudnative-pg: pkg/utils/labels_annotations.go, pkg/specs/pods.go, docs/src/applications.md
  'postgresql.cnpg.io/Cluster': ({ metadata: { name } }) => brings({
    pods: [{ labels: { 'cnpg.io/cluster': name, 'cnpg.io/podRole': 'instance', 'cnpg.io/instanceName': undefined, 'cnpg.io/instanceRole': undefined, role: undefined }, ports: { postgresql: 5432, metrics: 9187, status: 8000 } }],
    services: ['rw', 'ro', 'r'].map((role) => `${name}-${role}`),
    secrets: ['app', 'superuser', 'ca', 'server', 'replication'].map((role) => `${name}-${role}`),
  }),
  'postgresql.cnpg.io/Pooler': ({ metadata: { name } }) => brings({ pods: [{ labels: { 'cnpg.io/poolerName': name, 'cnpg.io/podRole': 'pooler' }, ports: { pgbouncer: 5432, metrics: 9127 } }], services: [name] }),
  // strimzi: operator-common Labels.java, cluster-operator KafkaResources.java
  'kafka.strimzi.io/Kafka': ({ metadata: { name } }) => brings({
    pods: ['kafka', 'entity-operator', 'kafka-exporter', 'cruise-control'].map((part) => ({
      labels: { 'strimzi.io/cluster': name, 'strimzi.io/kind': 'Kafka', 'strimzi.io/name': `${name}-${part}`, [NAME]: part, [INSTANCE]: name, [MANAGED]: 'strimzi-cluster-operator', [PART]: `strimzi-${name}` }, ports: {},
    })),
    services: [`${name}-kafka-bootstrap`, `${name}-kafka-brokers`],
    secrets: [`${name}-cluster-ca-cert`, `${name}-clients-ca-cert`],
  }),
  'kafka.strimzi.io/KafkaConnect': ({ metadata: { name } }) => brings({ pods: [{ labels: { 'strimzi.io/cluster': name, 'strimzi.io/kind': 'KafkaConnect', 'strimzi.io/name': `${name}-connect` }, ports: {} }], services: [`${name}-connect-api`] }),
  'kafka.strimzi.io/KafkaUser': (object) => brings({ secrets: [object.metadata.name], only: true }),
  // Its pods are those of its Kafka.
  'kafka.strimzi.io/KafkaNodePool': () => brings({ only: true }),
  'operator.victoriametrics.com/VMAgent': victoria(['vmagent', 8429]),
  'operator.victoriametrics.com/VMAlert': victoria(['vmalert', 8080]),
  'operator.victoriametrics.com/VMAlertmanager': victoria(['vmalertmanager', 9093]),
  'operator.victoriametrics.com/VMAuth': victoria(['vmauth', 8427]),
  'operator.victoriametrics.com/VMSingle': victoria(['vmsingle', 8429]),
  'operator.victoriametrics.com/VMCluster': victoria(['vmselect', 8481], ['vminsert', 8480], ['vmstorage', 8482]),
  'operator.victoriametrics.com/VLogs': victoria(['vlogs', 9428]),
  'operator.victoriametrics.com/VLSingle': victoria(['vlsingle', 9428]),
  'operator.victoriametrics.com/VLCluster': victoria(['vlselect', 9471], ['vlinsert', 9481], ['vlstorage', 9491]),
  'operator.victoriametrics.com/VLAgent': victoria(['vlagent', 9429]),
  'operator.victoriametrics.com/VTSingle': victoria(['vtsingle', 10_428]),
  'operator.victoriametrics.com/VMUser': ({ metadata: { name } }) => brings({ secrets: [`vmuser-${name}`], only: true }),
  // dragonfly-operator: internal/resources/resources.go and const.go
  'dragonflydb.io/Dragonfly': (object) => brings({
    pods: [{ labels: { app: object.metadata.name, [PART]: 'dragonfly', [NAME]: 'dragonfly', role: undefined }, ports: { redis: 6379, admin: 9999 } }],
    services: [object.metadata.name, ...names(at(object['spec'], 'serviceSpec', 'name'))],
  }),
  // keycloak: operator/src/main/java/org/keycloak/operator/Constants.java
  'k8s.keycloak.org/Keycloak': ({ metadata: { name } }) => brings({
    pods: [{ labels: { app: 'keycloak', [MANAGED]: 'keycloak-operator', [INSTANCE]: name }, ports: { http: 8080, https: 8443, management: 9000 } }], services: [`${name}-service`, `${name}-discovery`], secrets: [`${name}-initial-admin`],
  }),
  // prometheus-operator: pkg/prometheus/common.go, pkg/alertmanager/operator.go
  'monitoring.coreos.com/Prometheus': ({ metadata: { name } }) => brings({ pods: [{ labels: { [NAME]: 'prometheus', [INSTANCE]: name, prometheus: name, [MANAGED]: 'prometheus-operator', 'operator.prometheus.io/name': name }, ports: { web: 9090 } }], services: ['prometheus-operated'] }),
  'monitoring.coreos.com/Alertmanager': ({ metadata: { name } }) => brings({ pods: [{ labels: { [NAME]: 'alertmanager', [INSTANCE]: name, alertmanager: name, [MANAGED]: 'prometheus-operator' }, ports: { web: 9093 } }], services: ['alertmanager-operated'] }),
  // grafana-operator: controllers/model/utils.go, controllers/model/resources
  'grafana.integreatly.org/Grafana': ({ metadata: { name } }) => brings({ pods: [{ labels: { app: name }, ports: { 'grafana-http': 3000 } }], services: [`${name}-service`], secrets: [`${name}-admin-credentials`] }),
  // flux2: manifests/bases and install.yaml; flux-operator applies the same
  'fluxcd.controlplane.io/FluxInstance': (object) => {
    const listed = items(at(object['spec'], 'components')).map(String);
    const components = listed.length > 0 ? listed : ['source-controller', 'kustomize-controller', 'helm-controller', 'notification-controller'];
    return brings({
      pods: components.map((app) => ({ labels: { app, [PART]: 'flux', [COMPONENT]: app }, ports: { 'http-prom': 8080, healthz: 9440 } })),
      services: ['source-controller', 'source-watcher', 'notification-controller', 'webhook-receiver'],
    });
  },
  // rook: what it makes is called after rook, Ceph or its drivers; the drivers' pods carry no label of the cluster
  ...Object.fromEntries(['CephCluster', 'CephFilesystem', 'CephObjectStore', 'CephObjectStoreUser', 'CephNFS'].map((kind) => [`ceph.rook.io/${kind}`, () => brings({ pods: [{ labels: {}, ports: {} }], names: /rook|ceph|rbd|csi/ })])),
  // cilium, istio, envoy and the rest each name the Service of a Gateway their own way
  'gateway.networking.k8s.io/Gateway': (object) => brings({ services: [`cilium-gateway-${object.metadata.name}`, `${object.metadata.name}-${text(at(object['spec'], 'gatewayClassName')) ?? ''}`] }),
  'volsync.backube/ReplicationSource': mover,
  'volsync.backube/ReplicationDestination': mover,
};

function names(value: unknown): readonly string[] {
  const name = text(value);
  return name === undefined ? [] : [name];
}

/** Groups, or kinds of a group, that make no pods and no Services, and of Secrets only those they name (secrets.ts). */
const INERT: Readonly<Record<string, readonly string[] | 'all'>> = {
  'acme.cert-manager.io': 'all', 'autoscaling.k8s.io': 'all', 'bitnami.com': 'all', 'barmancloud.cnpg.io': 'all', 'cert-manager.io': 'all', 'cilium.io': 'all', 'crd.projectcalico.org': 'all', 'externaldns.k8s.io': 'all',
  'external-secrets.io': ['ExternalSecret', 'SecretStore', 'PushSecret'], 'gateway.envoyproxy.io': 'all', 'gateway.networking.k8s.io': 'all', 'gateway.networking.x-k8s.io': 'all', 'generators.external-secrets.io': 'all',
  'grafana.integreatly.org': 'all', 'groupsnapshot.storage.k8s.io': 'all', 'helm.toolkit.fluxcd.io': 'all', 'image.toolkit.fluxcd.io': 'all', 'k8s.cni.cncf.io': 'all', 'k8s.keycloak.org': ['KeycloakRealmImport'],
  'kafka.strimzi.io': ['KafkaTopic', 'KafkaConnector', 'KafkaRebalance'], 'keda.sh': 'all', 'kustomize.toolkit.fluxcd.io': 'all', 'longhorn.io': 'all', 'metallb.io': 'all',
  'monitoring.coreos.com': ['ServiceMonitor', 'PodMonitor', 'Probe', 'PrometheusRule', 'ScrapeConfig', 'AlertmanagerConfig'], 'networking.istio.io': 'all', 'nfd.k8s-sigs.io': 'all',
  'notification.toolkit.fluxcd.io': 'all', 'openebs.io': 'all',
  'operator.victoriametrics.com': ['VMServiceScrape', 'VMPodScrape', 'VMRule', 'VMProbe', 'VMNodeScrape', 'VMStaticScrape', 'VMScrapeConfig', 'VMAlertmanagerConfig'],
  'postgresql.cnpg.io': ['Backup', 'ScheduledBackup', 'Database', 'ImageCatalog', 'Publication', 'Subscription'], 'ceph.rook.io': ['CephBlockPool', 'CephFilesystemSubVolumeGroup'],
  'security.istio.io': 'all', 'snapshot.storage.k8s.io': 'all', 'source.extensions.fluxcd.io': ['ExternalArtifact'], 'source.toolkit.fluxcd.io': 'all', 'traefik.io': 'all', 'velero.io': 'all',
};

/** What an operator makes of an object; undefined for a kind nobody here knows. */
export function broughtBy(object: KubeObject, group: string): Brings | undefined {
  return OPERATORS[kindKey(group, object.kind)]?.(object);
}

/** Whether an object of this kind is only looked at by others, and makes nothing. */
export function isInert(group: string, kind: string): boolean {
  const kinds = INERT[group];
  return kinds === 'all' || (kinds?.includes(kind) ?? false);
}

/** Kinds of operators whose pods stand in the object itself, below these fields: as a Deployment has its own. */
export const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  'Pod': [], 'ReplicationController': ['spec', 'template'],
  'apps/Deployment': ['spec', 'template'], 'apps/StatefulSet': ['spec', 'template'], 'apps/DaemonSet': ['spec', 'template'], 'apps/ReplicaSet': ['spec', 'template'],
  'batch/Job': ['spec', 'template'], 'batch/CronJob': ['spec', 'jobTemplate', 'spec', 'template'],
  'argoproj.io/Rollout': ['spec', 'template'], 'keda.sh/ScaledJob': ['spec', 'jobTargetRef', 'template'],
};

/** Labels that Kubernetes' controllers add to the pods they make. */
export const ADDED_LABELS: Readonly<Record<string, readonly string[]>> = {
  'apps/Deployment': ['pod-template-hash'], 'apps/ReplicaSet': [], 'apps/StatefulSet': ['statefulset.kubernetes.io/pod-name', 'apps.kubernetes.io/pod-index', 'controller-revision-hash'],
  'apps/DaemonSet': ['controller-revision-hash', 'pod-template-generation'],
  'batch/Job': ['job-name', 'controller-uid', 'batch.kubernetes.io/job-name', 'batch.kubernetes.io/controller-uid'], 'batch/CronJob': ['job-name', 'controller-uid', 'batch.kubernetes.io/job-name', 'batch.kubernetes.io/controller-uid'],
  'argoproj.io/Rollout': ['rollouts-pod-template-hash'],
};
