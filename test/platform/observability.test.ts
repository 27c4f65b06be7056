import { describe, expect, test } from 'vitest';
import { at, list, plain, strings, text, whole } from '../../lab/catalog/data.ts';
import type { KubeObject } from '../../lab/world/types.ts';
import { all, appsOf, each, file, infraOf, one, type Check, type Seen } from './networking.checks.ts';
import { DASHBOARDS, LOGS } from './observability.logs.ts';
import { NS, GLOBAL, PLACES, infraHas, partsOf, release, containers, alertsOf, globals, psa } from './observability.seen.ts';
import { built, CLUSTERS, type BuiltCluster } from './tree.ts';

/** Metrics, logs and dashboards: what of them must agree, and that each check finds the mistake it is for. */

const trees = CLUSTERS.map(built);
function seen(): Seen { return { clusters: structuredClone(trees), files: new Map() }; }

const METRICS_CHECKS: readonly Check[] = [
  {
    holds: 'images are the ones that exist: cluster builds for the cluster, and nobody else\'s from quay.io/victoriametrics', defect: 'vmstorage from victoria-metrics without -cluster',
    find: (seen_) => each(seen_, (cluster, say) => {
      for (const { part, object, spec } of partsOf(cluster)) {
        const repository = text(at(spec, 'image.repository')); const tag = text(at(spec, 'image.tag')) ?? '';
        const wanted = part === 'vmalertmanager' ? 'quay.io/prometheus/alertmanager' : `quay.io/victoriametrics/${part}`;
        if (repository !== wanted) say(`${object.metadata.name} ${part}: ${String(repository)}`);
        if (at(spec, 'image.registry') !== undefined) say(`${part} has a registry of its own`);
        if (tag.endsWith('-cluster') !== (object.kind === 'VMCluster')) say(`${part}: ${tag}`);
        // Later ones of that line are published for the Enterprise edition alone (docs/decisions/0029).
        if (/^v1\.122\.(?!0(?:-cluster)?$)/.test(tag)) say(`${part}: nobody may pull ${tag}`);
      }
      for (const [kind, name] of [['Deployment', 'kube-state-metrics'], ['DaemonSet', 'node-exporter']] as const) for (const { image } of containers(cluster, kind, name)) if (String(image).includes('victoriametrics')) say(String(image));
    }),
    plant: (seen_) => { plain(at(one(infraOf(seen_), 'VMCluster', GLOBAL).spec, 'vmstorage.image'))['tag'] = 'v1.122.0'; },
  },
  {
    holds: 'values are kept twice for thirty days, duplicates within 30 s become one where that can be done, and vminsert gets no flag it does not have',
    find: (seen_) => infraHas(seen_, (cluster, say) => {
      const spec = one(cluster, 'VMCluster', GLOBAL).spec;
      if (String(at(spec, 'replicationFactor')) !== '2' || at(spec, 'retentionPeriod') !== '30d') say(`kept ${String(at(spec, 'replicationFactor'))} times for ${String(at(spec, 'retentionPeriod'))}`);
      for (const part of ['vmstorage', 'vmselect']) if (plain(at(spec, `${part}.extraArgs`))['dedup.minScrapeInterval'] !== '30s') say(`${part} keeps duplicates`);
      if (Object.keys(plain(at(spec, 'vminsert.extraArgs'))).some((flag) => flag.startsWith('dedup'))) say('vminsert would not start');
    }),
    plant: (seen_) => { plain(at(one(infraOf(seen_), 'VMCluster', GLOBAL).spec, 'vminsert.extraArgs'))['dedup.minScrapeInterval'] = '30s'; },
  },
  {
    holds: 'limits of processors of the store are whole', defect: 'limits in thousandths',
    find: (seen_) => infraHas(seen_, (cluster, say) => { for (const part of ['vmstorage', 'vmselect', 'vminsert']) if (!/^\d+$/.test(String(at(one(cluster, 'VMCluster', GLOBAL).spec, `${part}.resources.limits.cpu`)))) say(part); }),
    plant: (seen_) => { plain(at(one(infraOf(seen_), 'VMCluster', GLOBAL).spec, 'vmselect.resources.limits'))['cpu'] = '1500m'; },
  },
  {
    holds: 'Alertmanager\'s configuration is made by an ExternalSecret', defect: 'configSecret that nobody creates',
    find: (seen_) => infraHas(seen_, (cluster, say) => {
      const name = at(one(cluster, 'VMAlertmanager', GLOBAL).spec, 'configSecret');
      const secret = all(cluster, 'ExternalSecret').find((each_) => each_.metadata.namespace === NS && at(each_.spec, 'target.name') === name);
      if (!list(at(secret?.spec, 'data')).some((entry) => at(entry, 'secretKey') === 'alertmanager.yaml')) say(`nobody makes ${String(name)}`);
    }),
    plant: (seen_) => { plain(one(infraOf(seen_), 'VMAlertmanager', GLOBAL).spec)['configSecret'] = 'alertmanager'; },
  },
  {
    holds: 'Grafana is one, or has no volume of its own, and its administrator comes from the vault', defect: 'two replicas on a ReadWriteOnce volume',
    find: (seen_) => infraHas(seen_, (cluster, say) => {
      const grafana = one(cluster, 'Deployment', 'grafana');
      if (whole(at(grafana.spec, 'replicas'), 1) > 1 && JSON.stringify(at(grafana.spec, 'template.spec.volumes')).includes('persistentVolumeClaim')) say('it cannot roll');
      const keys = list(at(one(cluster, 'ExternalSecret', 'grafana-admin').spec, 'data')).map((entry) => `${String(at(entry, 'remoteRef.property'))}=${String(at(entry, 'secretKey'))}`).join();
      if (keys !== 'username=admin-user,password=admin-password') say(keys);
    }),
    plant: (seen_) => { const spec = plain(one(infraOf(seen_), 'Deployment', 'grafana').spec); spec['replicas'] = 2; list(at(spec, 'template.spec.volumes')).map(plain).forEach((volume) => { volume['persistentVolumeClaim'] = { claimName: 'grafana' }; }); },
  },
  {
    holds: 'releases name no version beside their source, which is in their namespace and their own component\'s', defect: 'HelmRelease.spec.version; a source only another tree makes',
    find: (seen_) => each(seen_, (cluster, say) => {
      for (const object of all(cluster, 'HelmRelease').filter(({ metadata }) => PLACES.includes(metadata.namespace ?? ''))) {
        if (at(object.spec, 'version') !== undefined) say(`${object.metadata.name} has a version`);
        if (!all(cluster, 'OCIRepository').some(({ metadata }) => metadata.name === at(object.spec, 'chartRef.name') && metadata.namespace === object.metadata.namespace)) say(`${object.metadata.name} has no source`);
      }
    }),
    plant: (seen_) => { plain(at(one(appsOf(seen_), 'HelmRelease', 'fluent-bit').spec, 'chartRef'))['name'] = 'victoria-logs'; },
  },
  {
    holds: 'the operator is the one its definitions were made for, and brings none itself', defect: 'an operator that watches kinds nobody defined',
    find: (seen_) => {
      const bundle = /victoria-metrics-operator-crds: (\S+)/.exec(file(seen_, 'bootstrap/versions.yaml'))?.[1];
      return each(seen_, (cluster, say) => {
        const tag = String(at(one(cluster, 'OCIRepository', 'victoria-metrics-operator').spec, 'ref.tag'));
        if (bundle !== '0.6.0' || !tag.startsWith('0.55.')) say(`chart ${tag} with definitions ${String(bundle)}`);
        if (at(release(cluster, 'victoria-metrics-operator'), 'crds.enabled') !== false) say('definitions twice');
      });
    },
    plant: (seen_) => { plain(at(one(infraOf(seen_), 'OCIRepository', 'victoria-metrics-operator').spec, 'ref'))['tag'] = '0.63.0'; },
  },
  {
    holds: 'policies and Services select pods by the labels the operator gives them', defect: 'commonLabels in every selector',
    find: (seen_) => infraHas(seen_, (cluster, say) => {
      const known = new Set([...partsOf(cluster).map(({ part }) => part), 'grafana', 'kube-state-metrics']);
      const selectors = [
        ...globals(cluster).map((service) => [service.metadata.name, strings(at(service.spec, 'selector'))] as const),
        ...all(cluster, 'CiliumNetworkPolicy').filter(({ metadata }) => metadata.namespace === NS).map((policy) => [policy.metadata.name, strings(at(policy.spec, 'endpointSelector.matchLabels'))] as const),
      ];
      for (const [name, labels] of selectors) if (labels['app.kubernetes.io/name'] !== undefined && !known.has(labels['app.kubernetes.io/name'])) say(`${name} selects ${labels['app.kubernetes.io/name']}`);
    }),
    plant: (seen_) => { plain(at(one(infraOf(seen_), 'Service', 'vmselect-global').spec, 'selector'))['app.kubernetes.io/name'] = 'victoria-metrics'; },
  },
  {
    holds: 'health is the operator\'s own word, not that of workloads the tree does not bring', defect: 'health checks of Deployments that are StatefulSets',
    find: (seen_) => each(seen_, (cluster, say) => {
      for (const ks of all(cluster, 'Kustomization').filter(({ metadata }) => ['victoria-metrics', 'vmagent', 'victoria-logs'].includes(metadata.name))) {
        if (!list(at(ks.spec, 'healthCheckExprs')).some((entry) => String(at(entry, 'current')).includes('operational'))) say(`${ks.metadata.name} never asks`);
        for (const check of list(at(ks.spec, 'healthChecks'))) if (String(at(check, 'name')).startsWith('vm')) say(`${ks.metadata.name} asks for ${String(at(check, 'kind'))} ${String(at(check, 'name'))}`);
      }
    }),
    plant: (seen_) => { plain(one(infraOf(seen_), 'Kustomization', 'victoria-metrics').spec)['healthChecks'] = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'vmselect-victoria-metrics-global', namespace: NS }]; },
  },
  {
    holds: 'the store is on infra alone, and both clusters collect with one of each', defect: 'collectors twice; a store on apps',
    find: (seen_) => each(seen_, (cluster, say) => {
      for (const kind of ['VMCluster', 'VMAlertmanager']) if (all(cluster, kind).length !== (cluster.name === 'infra' ? 1 : 0)) say(`${all(cluster, kind).length} ${kind}`);
      const counts = { VMAgent: all(cluster, 'VMAgent').length, 'node-exporter': all(cluster, 'DaemonSet').filter(({ metadata }) => metadata.name === 'node-exporter').length, 'kube-state-metrics': all(cluster, 'Deployment').filter(({ metadata }) => metadata.name === 'kube-state-metrics').length, 'fluent-bit': all(cluster, 'HelmRelease').filter(({ metadata }) => metadata.name === 'fluent-bit').length };
      for (const [name, count] of Object.entries(counts)) if (count !== 1) say(`${count} ${name}`);
    }),
    plant: (seen_) => { const apps = appsOf(seen_); (apps.objects as KubeObject[]).push(structuredClone(one(apps, 'VMAgent', 'platform'))); },
  },
  {
    holds: 'what a cluster collects carries its name, and is written to an address that stands in it', defect: 'an insert endpoint that apps cannot resolve',
    find: (seen_) => each(seen_, (cluster, say) => {
      const { spec } = one(cluster, 'VMAgent', 'platform');
      if (at(spec, 'externalLabels.cluster') !== cluster.name) say(`named ${String(at(spec, 'externalLabels.cluster'))}`);
      if (!list(at(spec, 'inlineRelabelConfig')).map(plain).some((rule) => rule['targetLabel'] === 'cluster' && rule['replacement'] === cluster.name)) say('metrics that have such a label keep theirs');
      const names = new Set(globals(cluster).map((service) => service.metadata.name));
      const alert = one(cluster, 'VMAlert', 'platform').spec;
      const urls = [...list(at(spec, 'remoteWrite')).map((entry) => at(entry, 'url')), at(alert, 'datasource.url'), at(alert, 'remoteWrite.url'), ...list(at(alert, 'notifiers')).map((entry) => at(entry, 'url'))].map(String);
      for (const url of urls) { const { hostname } = new URL(url); const [service = '', namespace] = hostname.split('.'); if (namespace !== NS || !names.has(service)) say(url); }
      if (!urls.some((url) => url.endsWith('/insert/0/prometheus/api/v1/write'))) say('written elsewhere');
      if (!String(at(alert, 'datasource.url')).endsWith(`?extra_label=cluster=${cluster.name}`)) say('its rules look at the other cluster');
    }),
    plant: (seen_) => { const apps = appsOf(seen_); const service = globals(apps).find(({ metadata }) => metadata.name === 'vminsert-global'); if (service !== undefined) service.metadata.name = 'vminsert'; },
  },
  {
    holds: 'global Services are the same in both clusters: pods behind them on infra, none on apps', defect: 'Services that are not mirrored',
    find: (seen_) => {
      const ports = (cluster: BuiltCluster): Record<string, string> => Object.fromEntries(globals(cluster).map((service) => [service.metadata.name, list(at(service.spec, 'ports')).map((port) => String(at(port, 'port'))).join()]));
      const [infra, apps] = [ports(infraOf(seen_)), ports(appsOf(seen_))];
      const door = one(infraOf(seen_), 'VMAuth', 'victoria-logs').spec;
      if (strings(at(door, 'serviceSpec.metadata.annotations'))['service.cilium.io/global'] === 'true' && at(door, 'serviceSpec.useAsDefault') === true) infra['vmauth-victoria-logs'] = String(at(door, 'port'));
      return [
        ...Object.keys({ ...infra, ...apps }).filter((name) => infra[name] !== apps[name]).map((name) => `${name}: ${String(infra[name])} and ${String(apps[name])}`),
        ...globals(appsOf(seen_)).filter((service) => at(service.spec, 'selector') !== undefined).map(({ metadata }) => `apps: ${metadata.name} selects pods`),
      ];
    },
    plant: (seen_) => { plain(at(one(infraOf(seen_), 'VMAuth', 'victoria-logs').spec, 'serviceSpec'))['useAsDefault'] = false; },
  },
  {
    holds: 'the twenty-three rules of the store are there, each with where to look', defect: 'rules announced and not written',
    find: (seen_) => infraHas(seen_, (cluster, say) => {
      const alerts = alertsOf(cluster, 'victoria-metrics-vmcluster-health').map((rule) => String(rule['alert']));
      if (new Set(alerts).size !== 23) say(`${new Set(alerts).size} rules`);
      for (const book of ['victoria-metrics', 'collectors', 'victoria-logs']) {
        for (const rule of all(cluster, 'VMRule').flatMap(({ spec }) => list(at(spec, 'groups'))).flatMap((group) => list(at(group, 'rules'))).map(plain)) {
          if (String(at(rule, 'annotations.runbook_url')).includes(`/${book}.md#`) && !file(seen_, `docs/runbooks/${book}.md`).includes(`### ${String(rule['alert'])}\n`)) say(`${book}.md does not know ${String(rule['alert'])}`);
        }
      }
    }),
    plant: (seen_) => { plain(list(at(one(infraOf(seen_), 'VMRule', 'victoria-metrics-vmcluster-health').spec, 'groups'))[0])['rules'] = []; },
  },
  {
    holds: 'pods that read the host have a namespace of their own, and the others keep the restricted standard', defect: 'a privileged namespace for all',
    find: (seen_) => Object.entries({ observability: 'restricted', 'node-exporter': 'privileged', 'fluent-bit': 'privileged' }).filter(([name, level]) => psa(seen_, name) !== level).map(([name]) => `${name} is ${String(psa(seen_, name))}`)
      .concat(each(seen_, (cluster, say) => { for (const { object } of partsOf(cluster)) if (at(object.spec, 'useStrictSecurity') !== true) say(`${object.kind} ${object.metadata.name} would be refused`); })),
    plant: (seen_) => { plain(one(appsOf(seen_), 'VMAgent', 'platform').spec)['useStrictSecurity'] = false; },
  },
  {
    holds: 'kube-state-metrics may read what it is told to and nothing else', defect: '* on the core group; storage and certificates forgotten',
    find: (seen_) => each(seen_, (cluster, say) => {
      const may = list(one(cluster, 'ClusterRole', 'kube-state-metrics')['rules']).flatMap((rule) => list(at(rule, 'resources'))).map(String).toSorted();
      const asks = String(list(containers(cluster, 'Deployment', 'kube-state-metrics')[0]?.['args'])[0]).replace('--resources=', '').split(',').toSorted();
      if (may.join() !== asks.join()) say(`may ${may.join()}, asks ${asks.join()}`);
      for (const needed of ['storageclasses', 'certificatesigningrequests']) if (!may.includes(needed)) say(needed);
      for (const never of ['*', 'secrets']) if (may.includes(never)) say(never);
    }),
    plant: (seen_) => { plain(list(one(appsOf(seen_), 'ClusterRole', 'kube-state-metrics')['rules'])[0])['resources'] = ['*']; },
  },
];

const VOLUMES: readonly Check[] = [
  {
    holds: 'every volume of metrics and logs is protected or declared lost by name',
    find: (seen_) => infraHas(seen_, (cluster, say) => {
      const declared = file(seen_, 'bootstrap/dr.yaml');
      const claims = ([['vmstorage', 'vmstorage-db'], ['vmselect', 'vmselect-cachedir']] as const).flatMap(([part, claim]) => Array.from({ length: whole(at(one(cluster, 'VMCluster', GLOBAL).spec, `${part}.replicaCount`), 1) }, (_, index) => `${claim}-${part}-${GLOBAL}-${index}`));
      const more = Array.from({ length: whole(at(one(cluster, 'VMAlertmanager', GLOBAL).spec, 'replicaCount'), 1) }, (_, index) => `vmalertmanager-${GLOBAL}-db-vmalertmanager-${GLOBAL}-${index}`);
      for (const claim of [...claims, ...more, 'server-volume-victoria-logs-server-0']) if (!declared.includes(`object: ${claim},`)) say(claim);
    }),
    plant: (seen_) => { plain(at(one(infraOf(seen_), 'VMCluster', GLOBAL).spec, 'vmstorage'))['replicaCount'] = 4; },
  },
];

const ALL = [...METRICS_CHECKS, ...LOGS, ...DASHBOARDS, ...VOLUMES];
describe('metrics, logs and dashboards', () => {
  test.each(ALL)('$holds', ({ find }) => { expect(find(seen())).toEqual([]); });
  test.each(ALL)('a mistake is found: $holds', ({ find, plant }) => {
    const wrong = seen();
    plant(wrong);
    expect(find(wrong)).not.toEqual([]);
  });
});
