/** What the operator of VictoriaMetrics makes of its custom resources. */
import type { KubeObject } from '../world/types.ts';
import { at, list, plain, strings, text, whole, type Plain } from '../catalog/data.ts';
import { deploymentOf, making, serviceOf, statefulSetOf, type Pods } from './made.ts';
import type { OperatorKind } from './operator-kinds.ts';

const OPERATOR = { 'app.kubernetes.io/name': 'victoria-metrics-operator' };
const API = 'operator.victoriametrics.com/v1beta1';

const labelsOf = (part: string, object: KubeObject): Record<string, string> => ({ 'app.kubernetes.io/name': part, 'app.kubernetes.io/instance': object.metadata.name, 'app.kubernetes.io/component': 'monitoring', 'managed-by': 'vm-operator' });
const observed = (object: KubeObject): Plain => ({ observedGeneration: object.metadata.generation ?? 1 });

/** Pods of one part: `spec` is the part's own. */
function podsOf(part: string, object: KubeObject, spec: unknown, port: number, claim?: { readonly name: string; readonly from: string }, secrets: readonly string[] = []): Pods {
  const from = claim === undefined ? undefined : at(spec, `${claim.from}.volumeClaimTemplate.spec`);
  return {
    name: `${part}-${object.metadata.name}`, labels: labelsOf(part, object), container: part, replicas: whole(at(spec, 'replicaCount'), 1), ports: { http: port },
    image: `${text(at(spec, 'image.repository')) ?? `victoriametrics/${part}`}:${text(at(spec, 'image.tag')) ?? 'v1.128.0'}`,
    ...(claim === undefined || from === undefined ? {} : { claims: [{ name: claim.name, size: at(from, 'resources.requests.storage'), storageClass: at(from, 'storageClassName') }] }),
    ...(secrets.length === 0 ? {} : { secrets }),
  };
}
/** A budget as the part's own words say it, over the pods it is for. */
function budgetOf(pods: Pods, spec: unknown): readonly KubeObject[] {
  const budget = at(spec, 'podDisruptionBudget');
  return budget === undefined ? [] : [{ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: pods.name, labels: { ...pods.labels } }, spec: { ...plain(budget), selector: { matchLabels: { ...pods.labels } } } }];
}
const scrapeOf = (pods: Pods): KubeObject => ({ apiVersion: API, kind: 'VMServiceScrape', metadata: { name: pods.name, labels: { ...pods.labels } }, spec: { selector: { matchLabels: { ...pods.labels } }, endpoints: [{ port: 'http' }] } });

function made(pods: Pods, spec: unknown, stateful: boolean): readonly KubeObject[] {
  const [port] = Object.values(pods.ports ?? {});
  const annotations = strings(at(spec, 'serviceSpec.metadata.annotations'));
  return [
    stateful ? statefulSetOf(pods) : deploymentOf(pods),
    serviceOf(pods.name, pods.labels, { http: port ?? 80 }, { headless: stateful, ...(at(spec, 'serviceSpec.useAsDefault') === true ? { annotations } : {}) }),
    ...budgetOf(pods, spec), scrapeOf(pods),
  ];
}

function kind(name: string, make: (object: KubeObject) => readonly KubeObject[]): OperatorKind {
  return making({
    apiVersion: API, kind: name, operator: OPERATOR, make,
    done: (object) => ({ ...observed(object), updateStatus: 'operational' }),
    open: (object, missing) => ({ ...observed(object), updateStatus: 'expanding', reason: missing.join(', ') }),
  });
}

/** A deployment of one part, all of it the object's own spec. */
const single = (name: string, part: string, port: number): OperatorKind => kind(name, (object) => made(podsOf(part, object, object.spec, port), object.spec, false));

export const OBSERVABILITY_KINDS: readonly OperatorKind[] = [
  kind('VMCluster', (object) => {
    const spec = (part: string): unknown => at(object.spec, part);
    return [
      ...made(podsOf('vmstorage', object, spec('vmstorage'), 8482, { name: 'vmstorage-db', from: 'storage' }), spec('vmstorage'), true),
      ...made(podsOf('vmselect', object, spec('vmselect'), 8481, { name: 'vmselect-cachedir', from: 'storage' }), spec('vmselect'), true),
      ...made(podsOf('vminsert', object, spec('vminsert'), 8480), spec('vminsert'), false),
    ];
  }),
  single('VMAgent', 'vmagent', 8429),
  single('VMAlert', 'vmalert', 8080),
  single('VMAuth', 'vmauth', 8427),
  kind('VMAlertmanager', (object) => {
    const secrets = list([at(object.spec, 'configSecret')]).flatMap((name) => text(name) ?? []);
    return made(podsOf('vmalertmanager', object, object.spec, 9093, { name: `vmalertmanager-${object.metadata.name}-db`, from: 'storage' }, secrets), object.spec, true);
  }),
];
