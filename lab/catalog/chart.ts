/** What the catalog knows of a chart, and building blocks the charts are written with. */
import type { KubeObject } from '../world/types.ts';
import { at, digestOf, plain, whole, type Plain } from './data.ts';

export interface ReleaseRequest {
  readonly name: string;
  readonly namespace: string;
  readonly chart: string;
  readonly version: string;
  readonly values: Plain;
}
export interface Chart {
  readonly name: string;
  /** Versions that are served; anything else is "not found", as at the real registry. */
  readonly serves: RegExp;
  readonly appVersion: (version: string) => string;
  /** Everything the templates render. */
  readonly render: (release: ReleaseRequest) => KubeObject[];
  /** Objects with a hook annotation: run after the rest, then removed. */
  readonly hooks?: (release: ReleaseRequest) => KubeObject[];
}

export type Labels = Readonly<Record<string, string>>;

/** Labels that charts put on everything they make. */
export function chartLabels(chart: Chart, release: ReleaseRequest, name: string, more: Labels = {}): Record<string, string> {
  return {
    'helm.sh/chart': `${chart.name}-${release.version}`, 'app.kubernetes.io/name': name,
    'app.kubernetes.io/instance': release.name, 'app.kubernetes.io/version': chart.appVersion(release.version),
    'app.kubernetes.io/managed-by': 'Helm', ...more,
  };
}

export interface Part {
  readonly release: ReleaseRequest;
  readonly name: string;
  readonly labels: Labels;
  readonly selector: Labels;
  readonly podLabels?: Labels;
  readonly image: string;
  readonly container: string;
  readonly replicas?: number;
  readonly ports?: Readonly<Record<string, number>>;
  readonly args?: readonly string[];
  readonly serviceAccount?: string;
  readonly hostNetwork?: boolean;
  /** Runs on nodes that are not ready yet, as a network plugin must. */
  readonly everywhere?: boolean;
  readonly priority?: string;
  readonly resources?: unknown;
  /** Secrets mounted as volumes: the pods do not start before they are there. */
  readonly secrets?: readonly string[];
  /** Values whose change restarts the pods; default: all of the release's. */
  readonly checksum?: unknown;
}

function podTemplate(part: Part): Plain {
  return {
    metadata: {
      labels: { ...part.selector, ...part.podLabels },
      annotations: { 'checksum/config': digestOf(part.checksum ?? part.release.values) },
    },
    spec: {
      ...(part.serviceAccount === undefined ? {} : { serviceAccountName: part.serviceAccount }),
      ...(part.hostNetwork === true ? { hostNetwork: true } : {}),
      ...(part.priority === undefined ? {} : { priorityClassName: part.priority }),
      ...(part.everywhere === true ? { tolerations: [{ operator: 'Exists' }] } : {}),
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{
        name: part.container, image: part.image, imagePullPolicy: 'IfNotPresent',
        ...(part.args === undefined ? {} : { args: [...part.args] }),
        ...(part.ports === undefined ? {} : { ports: Object.entries(part.ports).map(([name, containerPort]) => ({ name, containerPort, protocol: name.startsWith('udp') ? 'UDP' : 'TCP' })) }),
        ...(part.resources === undefined ? {} : { resources: part.resources }),
      }],
      ...(part.secrets === undefined ? {} : { volumes: part.secrets.map((secretName) => ({ name: secretName, secret: { secretName } })) }),
    },
  };
}

function workload(kind: 'Deployment' | 'DaemonSet', part: Part, spec: Plain): KubeObject {
  return {
    apiVersion: 'apps/v1', kind,
    metadata: { name: part.name, namespace: part.release.namespace, labels: { ...part.labels } },
    spec: { ...spec, selector: { matchLabels: { ...part.selector } }, template: podTemplate(part) },
  };
}
export function deployment(part: Part): KubeObject { return workload('Deployment', part, { replicas: part.replicas ?? 1 }); }
export function daemonSet(part: Part): KubeObject { return workload('DaemonSet', part, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 2 } } }); }

/** A Job that a chart runs as a hook. */
export function hookJob(part: Part, events: string): KubeObject {
  const template = podTemplate(part);
  return {
    apiVersion: 'batch/v1', kind: 'Job',
    metadata: {
      name: part.name, namespace: part.release.namespace, labels: { ...part.labels },
      annotations: { 'helm.sh/hook': events, 'helm.sh/hook-weight': '1', 'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded' },
    },
    spec: { backoffLimit: 4, template: { ...template, spec: { ...plain(template['spec']), restartPolicy: 'OnFailure' } } },
  };
}

export function service(release: ReleaseRequest, name: string, labels: Labels, selector: Labels, ports: Readonly<Record<string, number>>, spec: Plain = {}): KubeObject {
  return {
    apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: release.namespace, labels: { ...labels } },
    spec: {
      type: 'ClusterIP', selector: { ...selector }, ...spec,
      ports: Object.entries(ports).map(([port, number]) => ({ name: port, port: number, protocol: port.startsWith('udp') ? 'UDP' : 'TCP', targetPort: number })),
    },
  };
}

/** ServiceAccount with the ClusterRole and binding that go with it. */
export function account(release: ReleaseRequest, name: string, labels: Labels, rules: readonly Plain[]): KubeObject[] {
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: release.namespace, labels: { ...labels } } },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name, labels: { ...labels } }, rules: [...rules] },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name, labels: { ...labels } },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: release.namespace }],
    },
  ];
}
export function configMap(release: ReleaseRequest, name: string, labels: Labels, data: Record<string, string>): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: release.namespace, labels: { ...labels } }, data };
}
/** A ServiceMonitor over the services with these labels; it needs the Prometheus operator's CRDs. */
export function serviceMonitor(release: ReleaseRequest, name: string, labels: Labels, selector: Labels, port: string): KubeObject {
  return {
    apiVersion: 'monitoring.coreos.com/v1', kind: 'ServiceMonitor', metadata: { name, namespace: release.namespace, labels: { ...labels } },
    spec: { selector: { matchLabels: { ...selector } }, namespaceSelector: { matchNames: [release.namespace] }, endpoints: [{ port, path: '/metrics' }] },
  };
}

/** A value by dotted path, or what the chart has by default. */
export function flag(release: ReleaseRequest, path: string, otherwise: boolean): boolean {
  const value = at(release.values, path);
  return typeof value === 'boolean' ? value : otherwise;
}
export function count(release: ReleaseRequest, path: string, otherwise: number): number { return whole(at(release.values, path), otherwise); }
export function word(release: ReleaseRequest, path: string, otherwise: string): string {
  const value = at(release.values, path);
  return typeof value === 'string' && value !== '' ? value : otherwise;
}
