import { describe, expect, test } from 'vitest';
import { UNKNOWN } from '../../../../scripts/manifests/build/unknown.ts';
import { operatorReference } from '../../../../scripts/manifests/rules/workloads/operators.ts';
import { scrapeTarget } from '../../../../scripts/manifests/rules/workloads/scrapes.ts';
import { accessMode, claimShared, storageClass, volumeClaim } from '../../../../scripts/manifests/rules/workloads/storage.ts';
import type { Rule } from '../../../../scripts/manifests/model.types.ts';
import { finds, type Parts } from '../../index/rig.ts';

const FAST = 'apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: fast}\nprovisioner: openebs.io/local\n---\n';
const claim = (spec: string, name = 'data'): string => `apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n---\n`;
const web = (volumes: string, more = ''): string => `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {${more} template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, ports: [{name: metrics, containerPort: 1}]}], volumes: [${volumes}]}}}\n---\n`;
const MOUNT = '{name: data, persistentVolumeClaim: {claimName: data}}';
const stateful = (template: string): string => `apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db, namespace: shop}\nspec: {volumeClaimTemplates: [{metadata: {name: data}, spec: ${template}}]}\n---\n`;
const service = 'apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop, labels: {app: web}}\nspec: {ports: [{name: http, port: 80}]}\n---\n';
const monitor = (spec: string): string => `apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: m, namespace: shop}\nspec: ${spec}\n---\n`;
const pods = (spec: string): string => `apiVersion: operator.victoriametrics.com/v1beta1\nkind: VMPodScrape\nmetadata: {name: m, namespace: shop}\nspec: ${spec}\n---\n`;
const WEB = 'selector: {matchLabels: {app: web}}';

const FINDS: readonly (readonly [Rule, string, Parts | string, string])[] = [
  [storageClass, 'a claim', FAST + claim('{storageClassName: fats}'), 'PersistentVolumeClaim data spec.storageClassName: nobody makes StorageClass fats'],
  [storageClass, 'a template of claims', FAST + stateful('{storageClassName: fats}'), 'StatefulSet db spec.volumeClaimTemplates.0.spec.storageClassName: nobody makes StorageClass fats'],
  [storageClass, 'a volume of its own', FAST + web('{name: x, ephemeral: {volumeClaimTemplate: {spec: {storageClassName: fats}}}}'), 'Deployment web spec.template.spec.volumes.0.ephemeral.volumeClaimTemplate.spec.storageClassName: nobody makes StorageClass fats'],
  [storageClass, 'a database', `${FAST}apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db, namespace: shop}\nspec: {storage: {storageClass: fats}}`, 'Cluster db spec.storage.storageClass: nobody makes StorageClass fats'],
  [storageClass, 'a pool of Kafka', `${FAST}apiVersion: kafka.strimzi.io/v1beta2\nkind: KafkaNodePool\nmetadata: {name: p, namespace: shop}\nspec: {storage: {type: jbod, volumes: [{id: 0, type: persistent-claim, class: fats}]}}`, 'KafkaNodePool p spec.storage.volumes.0.class: nobody makes StorageClass fats'],
  [operatorReference, 'the cluster of a backup', 'apiVersion: postgresql.cnpg.io/v1\nkind: ScheduledBackup\nmetadata: {name: b, namespace: shop}\nspec: {cluster: {name: db}}', 'ScheduledBackup b spec.cluster.name: nobody makes Cluster shop/db'],
  [operatorReference, 'the cluster of a topic', 'apiVersion: kafka.strimzi.io/v1beta2\nkind: KafkaTopic\nmetadata: {name: t, namespace: shop, labels: {strimzi.io/cluster: k}}', 'KafkaTopic t metadata.labels.strimzi.io/cluster: nobody makes Kafka shop/k'],
  [operatorReference, 'the archive of a database', 'apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db, namespace: shop}\nspec: {plugins: [{name: barman, parameters: {barmanObjectName: backups}}]}', 'Cluster db spec.plugins.0.parameters.barmanObjectName: nobody makes ObjectStore shop/backups'],
  [accessMode, 'no mode', claim('{accessModes: [ReadWriteOne]}'), 'PersistentVolumeClaim data spec.accessModes.0: ReadWriteOne is no access mode'],
  [accessMode, 'for many nodes', FAST + claim('{accessModes: [ReadWriteMany], storageClassName: fast}'), 'PersistentVolumeClaim data spec.accessModes.0: storage class fast (openebs.io/local) gives a volume to one node at a time, not ReadWriteMany'],
  [volumeClaim, 'nobody', web(MOUNT), 'Deployment web spec.template.spec.volumes.0.persistentVolumeClaim.claimName: nobody makes claim shop/data'],
  [volumeClaim, 'filled from nothing', claim('{dataSourceRef: {apiGroup: volsync.backube, kind: ReplicationDestination, name: r}}'), 'PersistentVolumeClaim data spec.dataSourceRef.name: nobody makes ReplicationDestination shop/r, which the claim is filled from'],
  [claimShared, 'two pods', claim('{accessModes: [ReadWriteOnce]}') + web(MOUNT, 'replicas: 2,'), 'Deployment web spec.template.spec.volumes.0.persistentVolumeClaim.claimName: 2 pods mount claim data, which is for one node (ReadWriteOnce)'],
  [scrapeTarget, 'no Service', service + monitor('{selector: {matchLabels: {app: wev}}}'), 'ServiceMonitor m spec.selector: no Service of shop has app=wev'],
  [scrapeTarget, 'no port', service + monitor(`{${WEB}, endpoints: [{port: metrics}]}`), 'ServiceMonitor m spec.endpoints.0.port: no Service it selects has a port metrics'],
  [scrapeTarget, 'of another namespace', service + monitor(`{${WEB}, namespaceSelector: {matchNames: [other]}}`), 'ServiceMonitor m spec.selector: no Service of other has app=web'],
  [scrapeTarget, 'no pods', web('') + pods('{selector: {matchLabels: {app: wev}}}'), 'VMPodScrape m spec.selector: no Pod of shop has app=wev'],
  [scrapeTarget, 'no port of pods', web('') + pods(`{${WEB}, podMetricsEndpoints: [{port: metric}]}`), 'VMPodScrape m spec.podMetricsEndpoints.0.port: no Pod it selects has a port metric'],
];

const SILENT: readonly (readonly [Rule, string, Parts | string])[] = [
  [storageClass, 'there', FAST + claim('{storageClassName: fast}')],
  [storageClass, 'none at all', FAST + claim('{storageClassName: ""}')],
  [storageClass, 'of the distribution', FAST + claim('{storageClassName: local-path}')],
  [storageClass, 'a tree that makes none', claim('{storageClassName: anything}')],
  [storageClass, 'perhaps of a chart', { tree: FAST + claim('{storageClassName: longhorn}'), charts: { 'else/longhorn': undefined } }],
  [storageClass, 'not known', FAST + claim(`{storageClassName: "${UNKNOWN}"}`)],
  [operatorReference, 'there', 'apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db, namespace: shop}\n---\napiVersion: postgresql.cnpg.io/v1\nkind: Database\nmetadata: {name: b, namespace: shop}\nspec: {cluster: {name: db}}'],
  [operatorReference, 'perhaps of a chart', { tree: 'apiVersion: postgresql.cnpg.io/v1\nkind: Database\nmetadata: {name: b, namespace: shop}\nspec: {cluster: {name: db}}', charts: { 'shop/x': undefined } }],
  [operatorReference, 'not known', `apiVersion: postgresql.cnpg.io/v1\nkind: Database\nmetadata: {name: b, namespace: shop}\nspec: {cluster: {name: "${UNKNOWN}"}}`],
  [accessMode, 'as it should be', FAST + claim('{accessModes: [ReadWriteOnce], storageClassName: fast}')],
  [accessMode, 'for many nodes as a device', `${FAST.replace('openebs.io/local', 'rook.rbd.csi.ceph.com')}${claim('{accessModes: [ReadWriteMany], volumeMode: Block, storageClassName: fast}')}`],
  [volumeClaim, 'there', claim('{}') + web(MOUNT)],
  [volumeClaim, 'of a StatefulSet', stateful('{}') + web('{name: x, persistentVolumeClaim: {claimName: data-db-0}}')],
  [volumeClaim, 'in the place of a StatefulSet\'s own', 'apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db, namespace: shop}\nspec: {volumeClaimTemplates: [{metadata: {name: data}}], template: {spec: {containers: [], volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]}}}'],
  [volumeClaim, 'perhaps of a chart', { tree: web(MOUNT), charts: { 'shop/x': undefined } }],
  [volumeClaim, 'a snapshot, which is made while it runs', claim('{dataSourceRef: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: r}}')],
  [claimShared, 'one pod', claim('{accessModes: [ReadWriteOnce]}') + web(MOUNT)],
  [claimShared, 'for many nodes', claim('{accessModes: [ReadWriteMany]}') + web(MOUNT, 'replicas: 2,')],
  [scrapeTarget, 'there', service + monitor(`{${WEB}, endpoints: [{port: http}, {targetPort: 8080}]}`)],
  [scrapeTarget, 'anywhere', service.replace('namespace: shop', 'namespace: other') + monitor(`{${WEB}, namespaceSelector: {any: true}}`)],
  [scrapeTarget, 'perhaps of a chart', { tree: monitor(`{${WEB}}`), charts: { 'shop/x': undefined } }],
  [scrapeTarget, 'of Kubernetes', monitor('{selector: {matchLabels: {component: apiserver}}, namespaceSelector: {matchNames: [default]}}')],
  [scrapeTarget, 'pods of an operator', `apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db, namespace: shop}\n---\n${pods('{selector: {matchLabels: {cnpg.io/cluster: db}}, podMetricsEndpoints: [{port: metrics}]}')}`],
];

describe('volumes and metrics', () => {
  test.each(FINDS.map(([rule, what, parts, message]) => ({ rule, id: rule.id, what, parts, message })))('$id: $what', ({ rule, parts, message }) => {
    expect(finds(rule, parts)).toEqual([message]);
  });
  test.each(SILENT.map(([rule, what, parts]) => ({ rule, id: rule.id, what, parts })))('$id is silent: $what', ({ rule, parts }) => {
    expect(finds(rule, parts)).toEqual([]);
  });
  test('storage-class: values of a release whose chart is here', () => {
    expect(finds(storageClass, { tree: FAST, charts: { 'shop/r': '' }, values: { 'shop/r': { persistence: { storageClass: 'fats' } } } })).toEqual(['HelmRelease r spec.values.persistence.storageClass: nobody makes StorageClass fats']);
  });
});
