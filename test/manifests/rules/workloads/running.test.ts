import { describe, expect, test } from 'vitest';
import { UNKNOWN } from '../../../../scripts/manifests/build/unknown.ts';
import { disruptionBudget, disruptionBudgetSelects, disruptionBudgetTwice } from '../../../../scripts/manifests/rules/workloads/budgets.ts';
import { quota } from '../../../../scripts/manifests/rules/workloads/quotas.ts';
import { scaleMetric, scaleReplicas, scaleTarget } from '../../../../scripts/manifests/rules/workloads/scaling.ts';
import { cronSchedule } from '../../../../scripts/manifests/rules/workloads/schedules.ts';
import { podAffinity, podSpread } from '../../../../scripts/manifests/rules/workloads/spread.ts';
import type { Rule } from '../../../../scripts/manifests/model.types.ts';
import { finds, type Parts } from '../../index/rig.ts';

const web = (more = '', spec = '{containers: [{name: web}]}'): string => `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {${more} template: {metadata: {labels: {app: web}}, spec: ${spec}}}\n---\n`;
const budget = (spec: string, name = 'b'): string => `apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n---\n`;
const WEB = 'selector: {matchLabels: {app: web}}';
const hpa = (spec: string, name = 'h'): string => `apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: ${name}, namespace: shop}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, ${spec}}\n---\n`;
const CPU = 'metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]';
const spread = (selector: string): string => web('', `{containers: [], topologySpreadConstraints: [{labelSelector: ${selector}}]}`);
const apart = (term: string): string => web('', `{containers: [], affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [${term}]}}}`);
const cron = (spec: string, kind = 'batch/v1\nkind: CronJob'): string => `apiVersion: ${kind}\nmetadata: {name: c, namespace: shop}\nspec: ${spec}\n`;
const limited = (hard: string): string => `apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q, namespace: shop}\nspec: {hard: ${hard}}\n---\n`;
const range = (limits: string): string => `apiVersion: v1\nkind: LimitRange\nmetadata: {name: r, namespace: shop}\nspec: {limits: [${limits}]}\n---\n`;
const asking = (resources: string, more = ''): string => web(more, `{containers: [{name: web, resources: ${resources}}]}`);

const FINDS: readonly (readonly [Rule, string, Parts | string, string])[] = [
  [disruptionBudget, 'maxUnavailable 0', budget(`{maxUnavailable: 0, ${WEB}}`), 'PodDisruptionBudget b spec.maxUnavailable: maxUnavailable 0 lets no pod be moved'],
  [disruptionBudget, 'maxUnavailable 0%', budget(`{maxUnavailable: 0%, ${WEB}}`), 'PodDisruptionBudget b spec.maxUnavailable: maxUnavailable 0% lets no pod be moved'],
  [disruptionBudget, 'minAvailable 100%', budget(`{minAvailable: 100%, ${WEB}}`), 'PodDisruptionBudget b spec.minAvailable: minAvailable 100% lets no pod be moved'],
  [disruptionBudget, 'as many as there are', web('replicas: 2,') + budget(`{minAvailable: 2, ${WEB}}`), 'PodDisruptionBudget b spec.minAvailable: minAvailable 2 lets no pod be moved: there are 2'],
  [disruptionBudget, 'a single one', web() + budget(`{minAvailable: 1, ${WEB}}`), 'PodDisruptionBudget b spec.minAvailable: minAvailable 1 lets no pod be moved: there is one'],
  [disruptionBudget, 'half of a single one', web() + budget(`{minAvailable: 50%, ${WEB}}`), 'PodDisruptionBudget b spec.minAvailable: minAvailable 50% lets no pod be moved: there is one'],
  [disruptionBudgetSelects, 'another label', web() + budget('{maxUnavailable: 1, selector: {matchLabels: {app: wev}}}'), 'PodDisruptionBudget b spec.selector: no pod of shop has app=wev'],
  [disruptionBudgetTwice, 'two for one', web() + budget(`{maxUnavailable: 1, ${WEB}}`) + budget('{maxUnavailable: 1, selector: {}}', 'all'), 'PodDisruptionBudget all spec.selector: pods of Deployment web have another budget already, b'],
  [scaleTarget, 'nobody', hpa(''), 'HorizontalPodAutoscaler h spec.scaleTargetRef.name: nobody makes Deployment shop/web'],
  [scaleTarget, 'nobody, of KEDA', 'apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: s, namespace: shop}\nspec: {scaleTargetRef: {name: web}}', 'ScaledObject s spec.scaleTargetRef.name: nobody makes Deployment shop/web'],
  [scaleTarget, 'nobody, of the vertical one', 'apiVersion: autoscaling.k8s.io/v1\nkind: VerticalPodAutoscaler\nmetadata: {name: v, namespace: shop}\nspec: {targetRef: {apiVersion: apps/v1, kind: StatefulSet, name: db}}', 'VerticalPodAutoscaler v spec.targetRef.name: nobody makes StatefulSet shop/db'],
  [scaleTarget, 'two', web() + hpa('') + hpa('', 'other'), 'HorizontalPodAutoscaler other spec.scaleTargetRef.name: HorizontalPodAutoscaler h scales web already'],
  [scaleMetric, 'a share of nothing', web() + hpa(CPU), 'HorizontalPodAutoscaler h spec.metrics.0.resource.name: container web of web asks for no cpu, so there is no share of it'],
  [scaleMetric, 'no such container', web() + hpa('metrics: [{type: ContainerResource, containerResource: {name: cpu, container: wev, target: {type: Utilization}}}]'), 'HorizontalPodAutoscaler h spec.metrics.0.containerResource.container: web has no container wev'],
  [scaleReplicas, 'both', web('replicas: 2,') + hpa(''), 'Deployment web spec.replicas: replicas is written, and HorizontalPodAutoscaler h changes it'],
  [podSpread, 'another label', spread('{matchLabels: {app: wev}}'), 'Deployment web spec.template.spec.topologySpreadConstraints.0.labelSelector: the pods do not have app=wev themselves, so they are not spread'],
  [podAffinity, 'apart from nobody', apart('{labelSelector: {matchLabels: {app: wev}}}'), 'Deployment web spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution.0.labelSelector: podAntiAffinity to pods that nobody runs: app=wev'],
  [podAffinity, 'of another namespace only', apart('{labelSelector: {matchLabels: {app: web}}, namespaces: [other]}'), 'Deployment web spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution.0.labelSelector: podAntiAffinity to pods that nobody runs: app=web'],
  [cronSchedule, 'a CronJob', cron('{schedule: "0 25 * * *"}'), 'CronJob c spec.schedule: 0 25 * * * is no schedule: hour 25 is not within 0-23'],
  [cronSchedule, 'its zone', cron('{schedule: "0 2 * * *", timeZone: Europe/Berlim}'), 'CronJob c spec.timeZone: Europe/Berlim is no time zone'],
  [cronSchedule, 'a backup', cron('{schedule: "0 3 * * *"}', 'postgresql.cnpg.io/v1\nkind: ScheduledBackup'), 'ScheduledBackup c spec.schedule: 0 3 * * * is no schedule: it has 5 fields, not 6 (seconds come first)'],
  [quota, 'says nothing', web() + limited('{limits.memory: 1Gi}'), 'Deployment web spec.template.spec.containers.0.name: container web says nothing of limits.memory, and a quota of shop counts it'],
  [quota, 'more in all', asking('{requests: {cpu: 500m}}', 'replicas: 3,') + limited('{requests.cpu: "1"}'), 'ResourceQuota q spec.hard.requests.cpu: the workloads of shop ask for more cpu than 1'],
  [quota, 'above a limit', asking('{limits: {memory: 2Gi}}') + range('{type: Container, max: {memory: 1Gi}}'), 'Deployment web spec.template.spec.containers.0.resources.limits.memory: limits.memory of container web (2Gi) is above what shop allows (1Gi)'],
  [quota, 'below a limit', asking('{requests: {memory: 1Mi}}') + range('{type: Container, min: {memory: 8Mi}}'), 'Deployment web spec.template.spec.containers.0.resources.requests.memory: requests.memory of container web (1Mi) is below what shop allows (8Mi)'],
];

const SILENT: readonly (readonly [Rule, string, Parts | string])[] = [
  [disruptionBudget, 'one of two may go', web('replicas: 2,') + budget(`{minAvailable: 1, ${WEB}}`)],
  [disruptionBudget, 'scaled by somebody', web() + hpa('') + budget(`{minAvailable: 1, ${WEB}}`)],
  [disruptionBudget, 'a chart not here may run more', { tree: web() + budget(`{minAvailable: 1, ${WEB}}`), charts: { 'shop/x': undefined } }],
  [disruptionBudget, 'a number that is not known', web(`replicas: "${UNKNOWN}",`) + budget(`{minAvailable: 1, ${WEB}}`)],
  [disruptionBudget, 'a share that is not known', web() + budget(`{minAvailable: "${UNKNOWN}", ${WEB}}`)],
  [disruptionBudget, 'nothing runs', web('replicas: 0,') + budget(`{minAvailable: 1, ${WEB}}`)],
  [disruptionBudgetSelects, 'all pods', web() + budget('{maxUnavailable: 1, selector: {}}')],
  [disruptionBudgetSelects, 'a chart not here', { tree: budget(`{maxUnavailable: 1, ${WEB}}`), charts: { 'shop/x': undefined } }],
  [disruptionBudgetSelects, 'pods of an operator', `apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db, namespace: shop}\n---\n${budget('{maxUnavailable: 1, selector: {matchLabels: {cnpg.io/cluster: db, x: y}}}')}`],
  [disruptionBudgetTwice, 'each its own', web() + budget(`{maxUnavailable: 1, ${WEB}}`) + budget('{maxUnavailable: 1, selector: {matchLabels: {app: api}}}', 'api')],
  [scaleTarget, 'a chart not here', { tree: hpa(''), charts: { 'shop/x': undefined } }],
  [scaleTarget, 'a vertical one beside it', `${web()}${hpa('')}apiVersion: autoscaling.k8s.io/v1\nkind: VerticalPodAutoscaler\nmetadata: {name: v, namespace: shop}\nspec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}`],
  [scaleMetric, 'a share of something', asking('{limits: {cpu: 1}}') + hpa(CPU)],
  [scaleMetric, 'a LimitRange gives it', web() + hpa(CPU) + range('{type: Container, defaultRequest: {cpu: 1}}')],
  [scaleMetric, 'a value', web() + hpa('metrics: [{type: Resource, resource: {name: cpu, target: {type: AverageValue}}}]')],
  [scaleReplicas, 'no autoscaler', web('replicas: 2,')],
  [podSpread, 'its own', spread('{matchLabels: {app: web}}')],
  [podSpread, 'not known', spread(`{matchLabels: {app: "${UNKNOWN}"}}`)],
  [podAffinity, 'a wish about somebody else', web('', '{containers: [], affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {labelSelector: {matchLabels: {part: x}}}}]}}}')],
  [podAffinity, 'its own', apart('{labelSelector: {matchLabels: {app: web}}}')],
  [podAffinity, 'perhaps of a chart not here', { tree: apart('{labelSelector: {matchLabels: {app: wev}}}'), charts: { 'shop/x': undefined } }],
  [podAffinity, 'of every namespace', `${apart('{labelSelector: {matchLabels: {app: api}}, namespaceSelector: {}}')}apiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n---\n${web().replaceAll('shop', 'other').replaceAll('web', 'api')}`],
  [cronSchedule, 'good ones', cron('{schedule: "@daily", timeZone: Etc/UTC}')],
  [cronSchedule, 'not known', cron(`{schedule: "${UNKNOWN}"}`)],
  [quota, 'a LimitRange gives it', web() + limited('{limits.memory: 1Gi}') + range('{type: Container, default: {memory: 1Mi}}')],
  [quota, 'for some pods only', `${web()}apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q, namespace: shop}\nspec: {hard: {cpu: 1}, scopes: [BestEffort]}`],
  [quota, 'enough', asking('{requests: {cpu: 500m}}', 'replicas: 2,') + limited('{requests.cpu: "1"}')],
];

describe('how workloads run', () => {
  test.each(FINDS.map(([rule, what, parts, message]) => ({ rule, id: rule.id, what, parts, message })))('$id: $what', ({ rule, parts, message }) => {
    expect(finds(rule, parts)).toEqual([message]);
  });
  test.each(SILENT.map(([rule, what, parts]) => ({ rule, id: rule.id, what, parts })))('$id is silent: $what', ({ rule, parts }) => {
    expect(finds(rule, parts)).toEqual([]);
  });
});
