import { describe, expect, test } from 'vitest';
import { load } from 'js-yaml';
import { at, list, plain, strings, text, whole, type Plain } from '../../lab/catalog/data.ts';
import type { KubeObject } from '../../lab/world/types.ts';
import { all, appsOf, each, file, infraOf, one, type Check, type Seen } from './networking.checks.ts';
import { built, CLUSTERS, type BuiltCluster } from './tree.ts';

/** Metrics, logs and dashboards: what of them must agree, and that each check finds the mistake it is for. */

const trees = CLUSTERS.map(built);
function seen(): Seen { return { clusters: structuredClone(trees), files: new Map() }; }

const NS = 'observability';
const GLOBAL = 'victoria-metrics-global';
const OWN = ['VMCluster', 'VMAgent', 'VMAlert', 'VMAlertmanager', 'VMAuth'];
const PLACES = ['observability', 'node-exporter', 'fluent-bit'];
/** On infra: what stands there alone. */
function infraHas(seen_: Seen, find: (cluster: BuiltCluster, say: (trouble: string) => void) => void): readonly string[] {
  return each(seen_, (cluster, say) => { if (cluster.name === 'infra') find(cluster, say); });
}
/** Every part of VictoriaMetrics: its name, and its own piece of a spec. */
function partsOf(cluster: BuiltCluster): readonly { readonly part: string; readonly object: KubeObject; readonly spec: Plain }[] {
  return OWN.flatMap((kind) => all(cluster, kind).flatMap((object) => (kind === 'VMCluster'
    ? ['vmstorage', 'vmselect', 'vminsert'].map((part) => ({ part, object, spec: plain(at(object.spec, part)) })) : [{ part: kind.toLowerCase(), object, spec: plain(object.spec) }])));
}
const release = (cluster: BuiltCluster, name: string): Plain => plain(at(one(cluster, 'HelmRelease', name).spec, 'values'));
const pipeline = (cluster: BuiltCluster): string => ['service', 'inputs', 'filters', 'outputs'].map((key) => text(at(release(cluster, 'fluent-bit'), `config.${key}`)) ?? '').join('\n');
function setPiece(cluster: BuiltCluster, key: string, change: (value: string) => string): void {
  const config = plain(release(cluster, 'fluent-bit')['config']);
  config[key] = change(String(config[key]));
}
const containers = (cluster: BuiltCluster, kind: string, name: string): readonly Plain[] => list(at(one(cluster, kind, name).spec, 'template.spec.containers')).map(plain);
const alertsOf = (cluster: BuiltCluster, of: string): readonly Plain[] => list(at(one(cluster, 'VMRule', of).spec, 'groups')).flatMap((group) => list(at(group, 'rules'))).map(plain);
const dashboards = (cluster: BuiltCluster): readonly KubeObject[] => all(cluster, 'ConfigMap').filter((map) => strings(map.metadata.labels)['grafana_dashboard'] === '1');
const modelOf = (map: KubeObject): Plain => plain(JSON.parse(Object.values(strings(map.data))[0] ?? '{}'));
const datasources = (cluster: BuiltCluster): readonly Plain[] => list(at(load(strings(one(cluster, 'ConfigMap', 'grafana-provisioning').data)['datasources.yaml'] ?? ''), 'datasources')).map(plain);
const globals = (cluster: BuiltCluster): readonly KubeObject[] => all(cluster, 'Service').filter((service) => service.metadata.namespace === NS && strings(service.metadata.annotations)['service.cilium.io/global'] === 'true');
const psa = (seen_: Seen, namespace: string): string | undefined => new RegExp(`name: ${namespace}\\n  labels:\\n    pod-security.kubernetes.io/enforce: (\\w+)`).exec(file(seen_, 'bootstrap/namespaces.yaml'))?.[1];

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
      }
      for (const [kind, name] of [['Deployment', 'kube-state-metrics'], ['DaemonSet', 'node-exporter']] as const) for (const { image } of containers(cluster, kind, name)) if (String(image).includes('victoriametrics')) say(String(image));
    }),
    plant: (seen_) => { plain(at(one(infraOf(seen_), 'VMCluster', GLOBAL).spec, 'vmstorage.image'))['tag'] = 'v1.122.1'; },
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

const LOGS: readonly Check[] = [
  {
    holds: 'the store of logs is set by keys its chart has, and its door is an object of its own', defect: 'a vmauth section, storageClass and a list of arguments that the chart does not know',
    find: (seen_) => infraHas(seen_, (cluster, say) => {
      const values = release(cluster, 'victoria-logs');
      if (values['vmauth'] !== undefined) say('vmauth in values');
      if (at(values, 'server.persistentVolume.storageClassName') !== 'rook-ceph-block' || at(values, 'server.persistentVolume.storageClass') !== undefined) say('its class');
      if (Array.isArray(at(values, 'server.extraArgs'))) say('arguments as a list');
      if (!/^v\d+\.\d+\.\d+$/.test(String(at(values, 'server.image.tag'))) || at(values, 'server.image.repository') !== 'victoriametrics/victoria-logs') say('its image');
      if (at(values, 'server.retentionPeriod') !== '30d' || at(values, 'server.persistentVolume.size') !== '100Gi') say('how much and how long');
      const targets = list(at(one(cluster, 'VMAuth', 'victoria-logs').spec, 'unauthorizedUserAccessSpec.url_map')).flatMap((entry) => list(at(entry, 'url_prefix'))).map(String);
      if (targets.join() !== `http://${String(at(values, 'server.fullnameOverride'))}.${NS}.svc:9428`) say(`the door leads to ${targets.join()}`);
    }),
    plant: (seen_) => { release(infraOf(seen_), 'victoria-logs')['vmauth'] = { enabled: true }; },
  },
  {
    holds: 'there is one server of logs', defect: 'replicas that each hold a part',
    find: (seen_) => infraHas(seen_, (cluster, say) => { if (at(release(cluster, 'victoria-logs'), 'server.replicaCount') !== 1) say('more than one'); }),
    plant: (seen_) => { plain(release(infraOf(seen_), 'victoria-logs')['server'])['replicaCount'] = 3; },
  },
  {
    holds: 'collectors of logs are let in where they are, by the one door', defect: 'a policy for the wrong namespace',
    find: (seen_) => infraHas(seen_, (cluster, say) => {
      const place = one(cluster, 'HelmRelease', 'fluent-bit').metadata.namespace;
      const policy = one(cluster, 'CiliumNetworkPolicy', 'allow-logs-ingress');
      const from = list(at(policy.spec, 'ingress')).flatMap((rule) => list(at(rule, 'fromEndpoints'))).map((peer) => strings(at(peer, 'matchLabels'))['k8s:io.kubernetes.pod.namespace']);
      if (!from.includes(place)) say(`from ${from.join()}`);
      if (strings(at(policy.spec, 'endpointSelector.matchLabels'))['app.kubernetes.io/instance'] !== 'victoria-logs') say('to everybody');
      if (!all(cluster, 'CiliumNetworkPolicy').some(({ metadata }) => metadata.name === 'allow-logs-egress' && metadata.namespace === place)) say('no way out');
    }),
    plant: (seen_) => { plain(list(at(one(infraOf(seen_), 'CiliumNetworkPolicy', 'allow-logs-ingress').spec, 'ingress'))[0])['fromEndpoints'] = [{ matchLabels: { 'k8s:io.kubernetes.pod.namespace': NS } }]; },
  },
  {
    holds: 'a tenant is the cluster\'s number in the headers the store reads', defect: 'X-Scope-OrgID, which it ignores',
    find: (seen_) => each(seen_, (cluster, say) => {
      const conf = pipeline(cluster);
      const id = cluster.name === 'infra' ? '1' : '2';
      if (!conf.includes(`Header AccountID ${id}\n`) || !conf.includes('Header ProjectID 0\n') || /X-Scope/i.test(conf)) say('its tenant');
      for (const field of ['cluster', 'tenant']) if (!conf.includes(`Add ${field} ${cluster.name}\n`)) say(`no ${field}`);
      if (cluster.name === 'infra') for (const [name, account] of [['infra', '1'], ['apps', '2']] as const) if (at(datasources(cluster).find((source) => source['uid'] === `victorialogs-${name}`), 'jsonData.multitenancyHeaders.AccountID') !== account) say(`Grafana asks for another tenant of ${name}`);
    }),
    plant: (seen_) => { setPiece(appsOf(seen_), 'outputs', (value) => value.replace('Header AccountID 2', 'Header X-Scope-OrgID apps')); },
  },
  {
    holds: 'lines are sent as JSON lines with time, message and stream named', defect: 'Format json without field names',
    find: (seen_) => each(seen_, (cluster, say) => {
      const conf = pipeline(cluster);
      for (const piece of ['Format json_lines\n', '_time_field=date', '_msg_field=log', '_stream_fields=', 'json_date_key date\n', 'compress gzip\n', 'URI /insert/jsonline?', 'Host vmauth-victoria-logs.observability.svc.cluster.local\n', 'Port 8427\n']) if (!conf.includes(piece)) say(piece.trim());
    }),
    plant: (seen_) => { setPiece(infraOf(seen_), 'outputs', (value) => value.replace('json_lines', 'json')); },
  },
  {
    holds: 'records leave once, its own are not read, those of kube-system are', defect: 'a second output to the node log; kube-system left out',
    find: (seen_) => each(seen_, (cluster, say) => {
      const conf = pipeline(cluster);
      if ((conf.match(/\[OUTPUT\]/g) ?? []).length !== 1 || /Name stdout/.test(conf)) say('sent twice');
      const excluded = /Exclude_Path (.*)/.exec(conf)?.[1] ?? '';
      if (!excluded.includes('fluent-bit') || excluded.includes('kube-system')) say(`leaves out ${excluded}`);
      if (/\$\{/.test(conf)) say('a variable is left');
      if (!conf.includes('DB /var/fluent-bit/state/flb_kube.db')) say('its place is not kept');
    }),
    plant: (seen_) => { setPiece(appsOf(seen_), 'outputs', (value) => `${value}\n[OUTPUT]\n    Name stdout\n    Match *\n`); },
  },
  {
    holds: 'Fluent Bit is the fluent project\'s own chart, on every node, its folders made where they are missing', defect: 'bitnamicharts; a folder of Docker on Talos',
    find: (seen_) => each(seen_, (cluster, say) => {
      const source = one(cluster, 'OCIRepository', 'fluent-bit').spec;
      if (at(source, 'url') !== 'oci://ghcr.io/fluent/helm-charts/fluent-bit' || at(source, 'verify') !== undefined) say(String(at(source, 'url')));
      const values = release(cluster, 'fluent-bit');
      if (at(list(values['tolerations'])[0], 'operator') !== 'Exists' || values['kind'] !== 'DaemonSet') say('not on every node');
      const folders = list(values['daemonSetVolumes']).map((volume) => plain(at(volume, 'hostPath')));
      if (folders.some(({ path }) => String(path).includes('docker'))) say('Docker');
      if (!folders.some(({ path, type }) => path === '/var/fluent-bit/state' && type === 'DirectoryOrCreate')) say('its state has no folder');
      for (const unknown of ['dashboards', 'containerSecurityContext']) if (values[unknown] !== undefined) say(unknown);
    }),
    plant: (seen_) => { plain(one(appsOf(seen_), 'OCIRepository', 'fluent-bit').spec)['url'] = 'oci://registry-1.docker.io/bitnamicharts/fluent-bit'; },
  },
  {
    holds: 'collectors wait for nothing their cluster does not have, and on apps are skipped while infra is not there', defect: 'a dependency on the store of logs, on apps',
    find: (seen_) => each(seen_, (cluster, say) => {
      const names = new Set(all(cluster, 'Kustomization').map(({ metadata }) => metadata.name));
      for (const ks of all(cluster, 'Kustomization').filter(({ spec }) => String(at(spec, 'path')).includes('/observability'))) for (const need of list(at(ks.spec, 'dependsOn'))) if (!names.has(String(at(need, 'name')))) say(`${ks.metadata.name} waits for ${String(at(need, 'name'))}`);
      if (cluster.name === 'apps' && strings(one(cluster, 'Kustomization', 'cross-cluster').metadata.labels)['task/needs'] !== 'mesh') say('it would wait for infra');
    }),
    plant: (seen_) => { plain(one(appsOf(seen_), 'Kustomization', 'fluent-bit').spec)['dependsOn'] = [{ name: 'victoria-logs' }]; },
  },
];

const DASHBOARDS: readonly Check[] = [
  {
    holds: 'there are ten dashboards, each a bare model with a uid of its own, below a mebibyte', defect: 'the payload of the API in place of the model',
    find: (seen_) => infraHas(seen_, (cluster, say) => {
      const maps = dashboards(cluster);
      if (maps.length !== 10 || new Set(maps.map((map) => modelOf(map)['uid'])).size !== 10) say(`${maps.length} dashboards`);
      for (const map of maps) {
        const model = modelOf(map);
        if (text(model['title']) === undefined || text(model['uid']) === undefined || list(model['panels']).length < 5) say(`${map.metadata.name} is no model`);
        if (JSON.stringify(map.data).length > 1_000_000) say(`${map.metadata.name} is too large`);
      }
    }),
    plant: (seen_) => { const [map] = dashboards(infraOf(seen_)); if (map !== undefined) map.data = { 'x.json': JSON.stringify({ dashboard: modelOf(map) }) }; },
  },
  {
    holds: 'Flux leaves their variables alone, and each has a folder the sidecar knows how to read', defect: 'variables blanked by substitution; no folder',
    find: (seen_) => infraHas(seen_, (cluster, say) => {
      for (const { metadata } of dashboards(cluster)) {
        if (strings(metadata.labels)['kustomize.toolkit.fluxcd.io/substitute'] !== 'disabled') say(`${metadata.name} would be changed`);
        if (!['Infrastructure', 'Databases', 'Observability', 'Workloads', 'Multi-Cluster'].includes(strings(metadata.annotations)['grafana_folder'] ?? '')) say(`${metadata.name} has no folder`);
      }
      const sidecar = containers(cluster, 'Deployment', 'grafana').flatMap((container) => list(container['env'])).map(plain);
      if (!sidecar.some((entry) => entry['name'] === 'FOLDER_ANNOTATION' && entry['value'] === 'grafana_folder')) say('the sidecar reads another annotation');
    }),
    plant: (seen_) => { delete plain(dashboards(infraOf(seen_))[3]?.metadata.labels)['kustomize.toolkit.fluxcd.io/substitute']; },
  },
  {
    holds: 'their data sources are provisioned', defect: '${DS_PROMETHEUS}',
    find: (seen_) => infraHas(seen_, (cluster, say) => {
      const known = new Set(datasources(cluster).map((source) => source['uid']));
      for (const map of dashboards(cluster)) for (const [, uid] of JSON.stringify(modelOf(map)).matchAll(/"type":"(?:prometheus|victoriametrics-logs-datasource)","uid":"([^"]*)"/g)) if (!known.has(uid)) say(`${map.metadata.name}: ${String(uid)}`);
    }),
    plant: (seen_) => { const [map] = dashboards(infraOf(seen_)); if (map !== undefined) map.data = { 'x.json': JSON.stringify(modelOf(map)).replaceAll('"victoriametrics"', '"${DS_PROMETHEUS}"') }; },
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
