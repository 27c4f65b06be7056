/** Operators that make workloads of a custom resource and say that it is ready when those are: most of them, told by a table. */
import type { ControllerContext, KubeObject } from '../world/types.ts';
import { at, conditionOf, plain, refOf, whole, type Plain } from '../catalog/data.ts';
import { TIMES } from '../catalog/timings.ts';
import type { OperatorKind } from './operator-kinds.ts';

export interface Making {
  readonly apiVersion: string;
  readonly kind: string;
  /** Labels of the Deployment that does the work. */
  readonly operator: Readonly<Record<string, string>>;
  readonly afterMs?: number;
  /** Kind whose change makes this one be looked at again. */
  readonly dependsOn?: string;
  /** What is made for it, in the order it is made; owned by it. */
  make(object: KubeObject, cx: ControllerContext): readonly KubeObject[];
  /** Its status once all of that is available. */
  done(object: KubeObject, cx: ControllerContext): Plain;
  /** Its status until then. */
  open?(object: KubeObject, missing: readonly string[], cx: ControllerContext): Plain;
  /** What must be there first, in a sentence; undefined when it is. */
  lacks?(object: KubeObject, cx: ControllerContext): string | undefined;
}

/** The operator of a table's line. */
export function making(line: Making): OperatorKind {
  const { apiVersion, kind, operator, afterMs = TIMES.operatorStatus } = line;
  return {
    apiVersion, kind, operator, afterMs, ...(line.dependsOn === undefined ? {} : { dependsOn: line.dependsOn }),
    wokenBy: (object) => {
      const owner = object.metadata.ownerReferences?.find((each) => each.apiVersion === apiVersion && each.kind === kind);
      return owner === undefined ? undefined : `${object.metadata.namespace ?? ''}/${owner.name}`;
    },
    reconcile(cx, object) {
      const lacks = line.lacks?.(object, cx);
      if (lacks !== undefined) return { status: line.open?.(object, [lacks], cx), again: TIMES.dependencyRetry };
      const wanted = line.make(object, cx).map((made) => ownedBy(made, object));
      for (const made of wanted) cx.store.apply(made, { manager: `lab-${kind.toLowerCase()}`, force: true });
      const missing = wanted.filter((made) => !available(cx, made)).map((made) => `${made.kind} ${made.metadata.name}`);
      return missing.length > 0 ? { status: line.open?.(object, missing, cx), again: TIMES.databaseRetry } : { status: line.done(object, cx) };
    },
  };
}

function ownedBy(made: KubeObject, owner: KubeObject): KubeObject {
  return { ...made, metadata: { namespace: owner.metadata.namespace ?? '', ...made.metadata, ownerReferences: [{ apiVersion: owner.apiVersion, kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid ?? '', controller: true }] } };
}

/** Workloads are available when their pods are; everything else as soon as it is there. */
export function available(cx: ControllerContext, made: KubeObject): boolean {
  const live = cx.store.get(refOf(made));
  if (live === undefined) return false;
  switch (made.kind) {
    case 'Deployment': return conditionOf(live, 'Available')?.['status'] === 'True';
    case 'StatefulSet': return whole(live.status?.['readyReplicas'], 0) >= whole(at(live.spec, 'replicas'), 1);
    case 'DaemonSet': return whole(live.status?.['desiredNumberScheduled'], -1) === whole(live.status?.['numberReady'], 0);
    case 'Job': return conditionOf(live, 'Complete')?.['status'] === 'True';
    default: return true;
  }
}

export interface Pods { readonly name: string; readonly labels: Readonly<Record<string, string>>; readonly image: string; readonly replicas?: number; readonly container?: string; readonly ports?: Readonly<Record<string, number>>; readonly claims?: readonly { readonly name: string; readonly size: unknown; readonly storageClass: unknown }[]; readonly secrets?: readonly string[] }

const SECURE = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } };
function template(pods: Pods): Plain {
  return {
    metadata: { labels: { ...pods.labels } },
    spec: {
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{
        name: pods.container ?? pods.name, image: pods.image, securityContext: SECURE,
        ...(pods.ports === undefined ? {} : { ports: Object.entries(pods.ports).map(([name, containerPort]) => ({ name, containerPort, protocol: 'TCP' })) }),
        ...(pods.claims === undefined ? {} : { volumeMounts: pods.claims.map(({ name }) => ({ name, mountPath: `/${name}` })) }),
      }],
      ...(pods.secrets === undefined ? {} : { volumes: pods.secrets.map((secretName) => ({ name: secretName, secret: { secretName } })) }),
    },
  };
}

export function deploymentOf(pods: Pods): KubeObject {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: pods.name, labels: { ...pods.labels } }, spec: { replicas: pods.replicas ?? 1, selector: { matchLabels: { ...pods.labels } }, template: template(pods) } };
}
export function statefulSetOf(pods: Pods): KubeObject {
  return {
    apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: pods.name, labels: { ...pods.labels } },
    spec: {
      replicas: pods.replicas ?? 1, serviceName: pods.name, selector: { matchLabels: { ...pods.labels } }, template: template(pods),
      ...(pods.claims === undefined ? {} : { volumeClaimTemplates: pods.claims.map(({ name, size, storageClass }) => ({ metadata: { name }, spec: { accessModes: ['ReadWriteOnce'], ...(storageClass === undefined ? {} : { storageClassName: storageClass }), resources: { requests: { storage: size ?? '1Gi' } } } })) }),
    },
  };
}
export function serviceOf(name: string, selector: Readonly<Record<string, string>>, ports: Readonly<Record<string, number>>, more: { readonly labels?: Plain; readonly annotations?: Plain; readonly headless?: boolean } = {}): KubeObject {
  return {
    apiVersion: 'v1', kind: 'Service', metadata: { name, labels: { ...selector, ...plain(more.labels) }, ...(more.annotations === undefined ? {} : { annotations: { ...more.annotations } }) },
    spec: { type: 'ClusterIP', ...(more.headless === true ? { clusterIP: 'None' } : {}), selector: { ...selector }, ports: Object.entries(ports).map(([port, number]) => ({ name: port, port: number, protocol: 'TCP', targetPort: number })) },
  } as KubeObject;
}
