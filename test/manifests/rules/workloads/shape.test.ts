import { describe, expect, test } from 'vitest';
import { UNKNOWN } from '../../../../scripts/manifests/build/unknown.ts';
import { podClass } from '../../../../scripts/manifests/rules/workloads/classes.ts';
import { resources } from '../../../../scripts/manifests/rules/workloads/resources.ts';
import { duplicateEntry, namedPort, statefulService, volumeMount, workloadSelector } from '../../../../scripts/manifests/rules/workloads/shape.ts';
import type { Rule } from '../../../../scripts/manifests/model.types.ts';
import { finds, type Parts } from '../../index/rig.ts';

const pod = (spec: string): string => `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {template: {metadata: {labels: {app: web}}, spec: ${spec}}}\n`;
const box = (fields: string): string => pod(`{containers: [{name: web, ${fields}}]}`);
const C = 'Deployment web spec.template.spec.containers.0';

const FINDS: readonly (readonly [Rule, string, Parts | string, string])[] = [
  [duplicateEntry, 'containers', pod('{containers: [{name: a}], initContainers: [{name: a}]}'), 'Deployment web spec.template.spec.initContainers.0.name: two containers of the pod are called a'],
  [duplicateEntry, 'volumes', pod('{containers: [], volumes: [{name: a}, {name: a}]}'), 'Deployment web spec.template.spec.volumes.1.name: two volumes of the pod are called a'],
  [duplicateEntry, 'mounts', box('volumeMounts: [{name: a, mountPath: /x}, {name: b, mountPath: /x}]'), `${C}.volumeMounts.1.mountPath: container web mounts two things at /x`],
  [duplicateEntry, 'port names', box('ports: [{name: a, containerPort: 1}, {name: a, containerPort: 2}]'), `${C}.ports.1.name: two ports of container web are called a`],
  [duplicateEntry, 'ports', box('ports: [{containerPort: 1}, {containerPort: 1, protocol: TCP}]'), `${C}.ports.1.containerPort: container web has port 1/TCP twice`],
  [duplicateEntry, 'variables', box('env: [{name: A, value: x}, {name: A, value: y}]'), `${C}.env.1.name: container web sets A twice`],
  [volumeMount, 'no such volume', pod('{containers: [{name: web, volumeMounts: [{name: dat, mountPath: /x}]}], volumes: [{name: data, emptyDir: {}}]}'), `${C}.volumeMounts.0.name: container web mounts dat, which is no volume of the pod`],
  [volumeMount, 'no such device', box('volumeDevices: [{name: disk, devicePath: /dev/x}]'), `${C}.volumeDevices.0.name: container web mounts disk, which is no volume of the pod`],
  [namedPort, 'a probe', box('ports: [{name: http, containerPort: 80}], livenessProbe: {httpGet: {port: htpp, path: /}}'), `${C}.livenessProbe.httpGet.port: livenessProbe of container web asks port htpp, which the container does not have`],
  [namedPort, 'a hook', box('lifecycle: {preStop: {tcpSocket: {port: http}}}'), `${C}.lifecycle.preStop.tcpSocket.port: preStop of container web asks port http, which the container does not have`],
  [workloadSelector, 'another label', 'apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: d, namespace: shop}\nspec: {selector: {matchLabels: {app: b}}, template: {metadata: {labels: {app: a}}}}', 'DaemonSet d spec.selector: the selector (app=b) does not hold for the labels of the template'],
  [statefulService, 'nobody makes it', 'apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db, namespace: shop}\nspec: {serviceName: db}', 'StatefulSet db spec.serviceName: nobody makes Service shop/db'],
  [podClass, 'a priority', pod('{containers: [], priorityClassName: high}'), 'Deployment web spec.template.spec.priorityClassName: nobody makes PriorityClass high'],
  [podClass, 'a runtime beside others', `${pod('{containers: [], runtimeClassName: nvidia}')}---\napiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: kata}`, 'Deployment web spec.template.spec.runtimeClassName: nobody makes RuntimeClass nvidia'],
  [resources, 'no quantity', box('resources: {requests: {memory: 128mi}}'), `${C}.resources.requests.memory: 128mi is no quantity: memory that container web asks for`],
  [resources, 'more than it may use', box('resources: {requests: {cpu: "2"}, limits: {cpu: 500m}}'), `${C}.resources.requests.cpu: container web asks for more cpu (2) than it may use (500m)`],
  [resources, 'thousandths of a byte', box('resources: {limits: {memory: 512m}}'), `${C}.resources.limits.memory: 512m of memory is a thousandth of 512 bytes`],
  [resources, 'below zero', box('resources: {limits: {cpu: -1}}'), `${C}.resources.limits.cpu: cpu of container web is below zero`],
  [resources, 'another kind', 'apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db, namespace: shop}\nspec: {resources: {requests: {memory: 2Gi}, limits: {memory: 1Gi}}}', 'Cluster db spec.resources.requests.memory: Cluster db asks for more memory (2Gi) than it may use (1Gi)'],
  [resources, 'a map of them', 'apiVersion: ceph.rook.io/v1\nkind: CephCluster\nmetadata: {name: c, namespace: shop}\nspec: {resources: {mon: {requests: {cpu: 1}, limits: {cpu: 500m}}}}', 'CephCluster c spec.resources.mon.requests.cpu: mon asks for more cpu (1) than it may use (500m)'],
  [resources, 'values of a release', 'apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: r, namespace: shop}\nspec: {values: {controller: {resources: {limits: {memory: 1 GB}}}}}', 'HelmRelease r spec.values.controller.resources.limits.memory: 1 GB is no quantity: memory that controller may use'],
];

const SILENT: readonly (readonly [Rule, string, Parts | string])[] = [
  [duplicateEntry, 'TCP and UDP of one number', box('ports: [{name: a, containerPort: 1}, {name: b, containerPort: 1, protocol: UDP}]')],
  [duplicateEntry, 'one volume at two places', box('volumeMounts: [{name: a, mountPath: /x}, {name: a, mountPath: /y}]')],
  [duplicateEntry, 'variables of a chart', { charts: { 'shop/web': box('env: [{name: A, value: x}, {name: A, value: y}]') } }],
  [duplicateEntry, 'names that are not known', box(`env: [{name: "${UNKNOWN}", value: x}, {name: "${UNKNOWN}", value: y}]`)],
  [volumeMount, 'a claim of a StatefulSet', 'apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db, namespace: shop}\nspec: {volumeClaimTemplates: [{metadata: {name: data}}], template: {spec: {containers: [{name: a, volumeMounts: [{name: data, mountPath: /x}]}]}}}'],
  [volumeMount, 'volumes that are not known', pod(`{containers: [{name: web, volumeMounts: [{name: a, mountPath: /x}]}], volumes: "${UNKNOWN}"}`)],
  [namedPort, 'its number', box('livenessProbe: {httpGet: {port: 80}}')],
  [namedPort, 'its name', box('ports: [{name: http, containerPort: 80}], readinessProbe: {tcpSocket: {port: http}}')],
  [namedPort, 'names that are not known', box(`ports: [{name: "${UNKNOWN}", containerPort: 80}], readinessProbe: {tcpSocket: {port: http}}`)],
  [workloadSelector, 'its own labels', 'apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: d, namespace: shop}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a, b: c}}}}'],
  [workloadSelector, 'labels that are not known', `apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: d, namespace: shop}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: "${UNKNOWN}"}}}}`],
  [statefulService, 'it is there', 'apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db, namespace: shop}\nspec: {serviceName: db}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: shop}'],
  [podClass, 'of Kubernetes', pod('{containers: [], priorityClassName: system-node-critical}')],
  [podClass, 'of a chart not here', { tree: pod('{containers: [], priorityClassName: high}'), charts: { 'other/x': undefined } }],
  [podClass, 'a runtime of the machines', pod('{containers: [], runtimeClassName: nvidia}')],
  [resources, 'as it should be', box('resources: {requests: {cpu: 100m, memory: 64Mi, nvidia.com/gpu: 1}, limits: {cpu: 1, memory: 1e9, nvidia.com/gpu: "1"}}')],
  [resources, 'not known', box(`resources: {requests: {cpu: "${UNKNOWN}", memory: 1Gi}, limits: {memory: "${UNKNOWN}"}}`)],
  [resources, 'a template of a chart', 'apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: r, namespace: shop}\nspec: {values: {resources: {limits: {memory: "{{ .Values.x }}"}}}}'],
  [resources, 'other lists called resources', 'apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: r, namespace: shop}\nspec: {resources: [a, b], x: {resources: {kind: y}}}'],
];

describe('what is wrong with a pod', () => {
  test.each(FINDS.map(([rule, what, parts, message]) => ({ rule, id: rule.id, what, parts, message })))('$id: $what', ({ rule, parts, message }) => {
    expect(finds(rule, parts)).toEqual([message]);
  });
  test.each(SILENT.map(([rule, what, parts]) => ({ rule, id: rule.id, what, parts })))('$id is silent: $what', ({ rule, parts }) => {
    expect(finds(rule, parts)).toEqual([]);
  });
});
