import { at, list, plain, strings, text } from '../../lab/catalog/data.ts';
import { all, appsOf, each, infraOf, one, type Check } from './networking.checks.ts';
import { NS, audit, infraHas, release, pipeline, setPiece, containers, dashboards, modelOf, datasources } from './observability.seen.ts';

/** What of logs and dashboards must agree. */

export const LOGS: readonly Check[] = [
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
    holds: 'the audit log of the API server is collected where a setting says so, and nowhere by itself',
    find: (seen_) => each(seen_, (cluster, say) => {
      if (cluster.settings['OBSERVABILITY_AUDIT_LOGS'] !== 'off') say('it is on');
      const [from, ...more] = list(at(one(cluster, 'HelmRelease', 'fluent-bit').spec, 'valuesFrom')).map(plain);
      const pieces = strings(one(cluster, 'ConfigMap', 'fluent-bit-audit').data);
      if (more.length > 0 || from?.['name'] !== 'fluent-bit-audit' || from['valuesKey'] !== 'audit-off.yaml' || Object.keys(pieces).toSorted().join() !== 'audit-off.yaml,audit-on.yaml') say('it is no switch');
      if (!pipeline(cluster).includes('@INCLUDE audit.conf')) say('nobody reads it');
      const off = audit(cluster, 'off'); const on = audit(cluster, 'on');
      if (/\[\w+\]/.test(off)) say('off is not off');
      for (const piece of ['Path /var/log/audit/kube/*.log\n', 'DB /var/fluent-bit/state/flb_audit.db\n', `Header AccountID ${cluster.settings['CLUSTER_ID'] ?? ''}\n`, `Add cluster ${cluster.name}\n`, 'Format json_lines\n', '_time_field=date']) if (!on.includes(piece)) say(`on lacks ${piece.trim()}`);
      // Its own tag: neither stream is sent twice.
      if ([...on.matchAll(/Match (\S+)/g)].some(([, match]) => match !== 'audit.*') || /Match (\*|audit)/.test(pipeline(cluster))) say('sent twice');
      if (/\$\{/.test(on)) say('a variable is left');
    }),
    plant: (seen_) => { const map = one(appsOf(seen_), 'ConfigMap', 'fluent-bit-audit'); map.data = { ...map.data, 'audit-on.yaml': strings(map.data)['audit-on.yaml']?.replaceAll('Match audit.*', 'Match *') ?? '' }; },
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

export const DASHBOARDS: readonly Check[] = [
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
