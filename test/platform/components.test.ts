import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { load } from 'js-yaml';
import { at, list, plain, strings, text, type Plain } from '../../lab/catalog/data.ts';
import { renderRelease } from '../../lab/catalog/charts.ts';
import type { KubeObject } from '../../lab/world/types.ts';
import { all, appsOf, clusterFile, documents, each, exists, file, infraOf, one, type Check, type Seen } from './networking.checks.ts';
import { built, CLUSTERS, PROJECT, type BuiltCluster } from './tree.ts';

/** Security, storage, operations and Flux: what must agree, and that each check finds the mistake it is for. */

const trees = CLUSTERS.map(built);
function seen(): Seen { return { clusters: structuredClone(trees), files: new Map() }; }

const NETWORK = /^kubernetes\/infrastructure\/(networking|security\/networkpolicy)\//;
const own = (cluster: BuiltCluster): readonly KubeObject[] => cluster.units.filter(({ path }) => !NETWORK.test(path)).flatMap(({ objects }) => objects);
const releases = (cluster: BuiltCluster): readonly KubeObject[] => all(cluster, 'HelmRelease');

/** Values of a release: its own, over those of the ConfigMaps it names. */
function valuesOf(cluster: BuiltCluster, release: KubeObject): Plain {
  // What comes out of a Secret is not known here.
  const maps = list(at(release.spec, 'valuesFrom')).map(plain).filter((from) => from['kind'] === 'ConfigMap').map((from) => {
    const map = all(cluster, 'ConfigMap').find(({ metadata }) => metadata.name === from['name'] && metadata.namespace === release.metadata.namespace);
    return plain(load(strings(map?.data)[text(from['valuesKey']) ?? 'values.yaml'] ?? ''));
  });
  return Object.assign({}, ...maps, plain(at(release.spec, 'values')));
}
function chartOf(cluster: BuiltCluster, release: KubeObject): { readonly chart: string; readonly version: string } {
  const source = all(cluster, 'OCIRepository').find((each_) => each_.metadata.name === at(release.spec, 'chartRef.name') && each_.metadata.namespace === release.metadata.namespace);
  return source === undefined ? { chart: String(at(release.spec, 'chart.spec.chart')), version: String(at(release.spec, 'chart.spec.version')) } : { chart: String(at(source.spec, 'url')), version: String(at(source.spec, 'ref.tag')) };
}
/** What a chart makes of a release's values, by the lab's catalog. */
function rendered(cluster: BuiltCluster, release: KubeObject): readonly KubeObject[] {
  return renderRelease({ name: release.metadata.name, namespace: release.metadata.namespace ?? '', ...chartOf(cluster, release), values: valuesOf(cluster, release) }).objects;
}

const FLUX: readonly Check[] = [
  {
    holds: 'every release says how often it tries again, and whose the definitions are',
    find: (all_) => each(all_, (cluster, say) => {
      for (const release of releases(cluster)) {
        for (const action of ['install', 'upgrade']) {
          if (typeof at(release.spec, `${action}.remediation.retries`) !== 'number') say(`${release.metadata.name} is not tried again after a failed ${action}`);
          if (!['Skip', 'CreateReplace'].includes(String(at(release.spec, `${action}.crds`)))) say(`${release.metadata.name} does not say whose its definitions are (${action})`);
        }
        if (text(at(release.spec, 'timeout')) === undefined) say(`${release.metadata.name} has no timeout`);
      }
    }),
    plant: (all_) => { delete plain(at(one(appsOf(all_), 'HelmRelease', 'reloader').spec, 'upgrade'))['remediation']; },
  },
  {
    holds: 'every health check of a workload is of one its chart makes', defect: '7.1.9 health is waited for of what nobody makes',
    find: (all_) => each(all_, (cluster, say) => {
      for (const { object, objects } of cluster.units) {
        const made = [...objects, ...objects.filter(({ kind }) => kind === 'HelmRelease').flatMap((release) => rendered(cluster, release))];
        // Those that are there before Flux are the bootstrap's to name (bootstrap/crds.yaml).
        const before = (check: object): boolean => at(check, 'kind') === 'CustomResourceDefinition' && GROUPS.some((group) => String(at(check, 'name')).endsWith(`.${group}`));
        for (const check of list(at(object.spec, 'healthChecks')).map(plain)) {
          if (!before(check) && !made.some((each_) => each_.kind === check['kind'] && each_.metadata.name === check['name'] && (check['namespace'] ?? each_.metadata.namespace) === (each_.metadata.namespace ?? check['namespace']))) say(`${object.metadata.name} waits for ${String(check['kind'])} ${String(check['name'])}`);
        }
      }
    }),
    plant: (all_) => { plain(list(at(appsOf(all_).units.find(({ name }) => name === 'reloader')?.object.spec, 'healthChecks'))[1])['name'] = 'reloader-reloader'; },
  },
  {
    holds: 'Flux has its own folder per cluster, is never pruned, and its controllers get resources by a way the chart reads', defect: '7.2.7 resources per controller are no values of the chart and vanish',
    find: (all_) => each(all_, (cluster, say) => {
      const release = one(cluster, 'HelmRelease', 'flux-instance');
      const [instance] = rendered(cluster, release).filter(({ kind }) => kind === 'FluxInstance');
      if (at(instance?.spec, 'sync.path') !== `kubernetes/clusters/${cluster.name}`) say('another folder');
      const patched = list(at(instance?.spec, 'kustomize.patches')).map((patch) => String(at(patch, 'target.name')));
      for (const name of list(at(instance?.spec, 'components'))) if (!patched.includes(String(name))) say(`${String(name)} has no resources`);
      if (one(cluster, 'Kustomization', 'flux-instance').spec?.['prune'] !== false) say('Flux would prune itself');
      if (all(cluster, 'Kustomization').some(({ metadata }) => metadata.name === 'flux-system') || all(cluster, 'GitRepository').length > 0) say('the root is declared twice');
    }),
    plant: (all_) => { plain(one(infraOf(all_), 'Kustomization', 'flux-instance').spec)['prune'] = true; },
  },
  {
    holds: 'kustomize-controller has more workers than there are layers that wait',
    find: (all_) => each(all_, (cluster, say) => {
      const text_ = JSON.stringify(valuesOf(cluster, one(cluster, 'HelmRelease', 'flux-instance')));
      const workers = Number(/--concurrent=(\d+)/.exec(text_)?.[1] ?? 4);
      const parents = cluster.units.filter(({ objects }) => objects.some(({ kind }) => kind === 'Kustomization')).length;
      if (workers < parents * 2) say(`${workers} workers, ${parents} layers`);
    }),
    plant: (all_) => { const map = one(appsOf(all_), 'ConfigMap', 'flux-instance-values'); if (map.data !== undefined) map.data['values.yaml'] = (map.data['values.yaml'] ?? '').replace('--concurrent=20', '--concurrent=4'); },
  },
  {
    holds: 'what comes after the data gate can only come after all that it needs',
    find: (all_) => each(all_, (cluster, say) => {
      const data = cluster.units.find(({ name }) => name === 'data');
      const needs = list(at(data?.object.spec, 'dependsOn')).map((entry) => String(plain(entry)['name'])).toSorted().join();
      const layers = ['networking', 'operations', ...(cluster.units.some(({ name }) => name === 'operators') ? ['operators'] : []), 'security', 'storage'].join();
      if (needs !== layers) say(`the gate waits for ${needs}`);
      if (one(cluster, 'ConfigMap', 'data-gate').data?.['mode'] !== 'fresh') say('the gate does not say what it was opened with');
    }),
    plant: (all_) => { plain(appsOf(all_).units.find(({ name }) => name === 'data')?.object.spec)['dependsOn'] = [{ name: 'networking' }]; },
  },
];

const GROUPS = list(at(load(readFileSync(join(PROJECT, 'bootstrap/crds.yaml'), 'utf8')), 'groups')).map(String);

const SECRETS: readonly Check[] = [
  {
    holds: 'every ExternalSecret asks the one store there is, in the served version', defect: '7.1.9 External Secrets in a version nobody serves',
    find: (all_) => each(all_, (cluster, say) => {
      const stores = all(cluster, 'ClusterSecretStore').map(({ metadata }) => metadata.name);
      for (const secret of all(cluster, 'ExternalSecret')) {
        if (secret.apiVersion !== 'external-secrets.io/v1') say(`${secret.metadata.name} is ${secret.apiVersion}`);
        if (!stores.includes(String(at(secret.spec, 'secretStoreRef.name')))) say(`${secret.metadata.name} asks another store`);
      }
      if (at(one(cluster, 'ClusterSecretStore', 'onepassword').spec, 'provider.onepassword.vaults.Infra') !== 1) say('another vault than Infra');
    }),
    plant: (all_) => { one(infraOf(all_), 'ExternalSecret', 'cloudflare-api-token').apiVersion = 'external-secrets.io/v1beta1'; },
  },
  {
    holds: 'no two clusters save their certificate in one place, and each finds its own again', defect: '7.4 nothing saves the certificate',
    find: (all_) => {
      const places = new Map<string, string>();
      return each(all_, (cluster, say) => {
        const saved = new Set(list(at(one(cluster, 'PushSecret', 'wildcard-tls').spec, 'data')).map((entry) => String(at(entry, 'match.remoteRef.remoteKey'))));
        const [place = ''] = saved;
        const back = one(cluster, 'ExternalSecret', 'wildcard-tls');
        if (saved.size !== 1 || at(list(at(back.spec, 'dataFrom'))[0], 'find.path') !== place) say('it is looked for elsewhere');
        if (at(back.spec, 'target.creationPolicy') !== 'Orphan' || at(back.spec, 'refreshPolicy') !== 'CreatedOnce') say('a renewal would be undone');
        const issuer = at(one(cluster, 'Certificate', 'wildcard-tls').spec, 'issuerRef.name');
        if (strings(at(back.spec, 'target.template.metadata.annotations'))['cert-manager.io/issuer-name'] !== issuer) say('cert-manager would take it for another issuer\'s');
        if (places.has(place)) say(`${places.get(place) ?? ''} saves its own there`);
        places.set(place, cluster.name);
      });
    },
    plant: (all_) => { plain(one(appsOf(all_), 'ExternalSecret', 'wildcard-tls').spec)['refreshPolicy'] = 'Periodic'; },
  },
  {
    holds: 'the certificate covers every name served here, two labels deep too', defect: '7.4 a wildcard that covers one label only',
    find: (all_) => each(all_, (cluster, say) => {
      const names = list(at(one(cluster, 'Certificate', 'wildcard-tls').spec, 'dnsNames')).map(String);
      const served: Readonly<Record<string, readonly string[]>> = { infra: ['sso.monosense.io', 'harbor.infra.monosense.io'], apps: ['gitlab.apps.monosense.io', 'registry.gitlab.apps.monosense.io'] };
      const hosts = [...served[cluster.name] ?? [], ...all(cluster, 'HTTPRoute').flatMap((route) => list(at(route.spec, 'hostnames')).map(String))];
      for (const host of hosts) if (!names.includes(host) && !names.includes(`*.${host.split('.').slice(1).join('.')}`)) say(`${host} is not covered`);
    }),
    plant: (all_) => { plain(one(appsOf(all_), 'Certificate', 'wildcard-tls').spec)['dnsNames'] = ['monosense.io', '*.monosense.io']; },
  },
  {
    holds: 'cert-manager itself is there, its definitions are the bootstrap\'s, and both issuers solve by DNS with the token there is', defect: '7.1.9 issuers without cert-manager',
    find: (all_) => each(all_, (cluster, say) => {
      if (at(valuesOf(cluster, one(cluster, 'HelmRelease', 'cert-manager')), 'crds.enabled') !== false) say('two owners of its definitions');
      for (const name of ['letsencrypt-staging', 'letsencrypt-production']) {
        const solver = plain(list(at(one(cluster, 'ClusterIssuer', name).spec, 'acme.solvers'))[0]);
        if (at(solver, 'dns01.cloudflare.apiTokenSecretRef.name') !== at(one(cluster, 'ExternalSecret', 'cloudflare-api-token').spec, 'target.name')) say(`${name} has no token`);
      }
    }),
    plant: (all_) => { plain(at(plain(list(at(one(infraOf(all_), 'ClusterIssuer', 'letsencrypt-staging').spec, 'acme.solvers'))[0]), 'dns01.cloudflare.apiTokenSecretRef'))['name'] = 'cloudflare'; },
  },
  {
    holds: 'mutual authentication stays off, as decided', defect: '7.4 SPIRE beside the mesh',
    find: (all_) => [...each(all_, (cluster, say) => { if (at(valuesOf(cluster, one(cluster, 'HelmRelease', 'cilium')), 'authentication.mutual.spire.enabled') === true) say('SPIRE is on'); }),
      ...(/re-evaluat|looked at again/i.test(file(all_, 'docs/decisions/0010-spire-deferred.md')) ? [] : ['nobody knows when to look again'])],
    plant: (all_) => { all_.files.set('docs/decisions/0010-spire-deferred.md', '# SPIRE: no'); },
  },
];

const STORAGE: readonly Check[] = [
  {
    holds: 'Ceph takes the named disks of its own machines and no other, and wipes nothing', defect: '7.4 one shared Ceph manifest, so only one cluster could get OSDs',
    find: (all_) => each(all_, (cluster, say) => {
      const ceph = one(cluster, 'CephCluster', 'rook-ceph');
      const machines = list(clusterFile(all_, cluster)['machines']).map((machine) => `${String(at(machine, 'name'))} ${String(at(machine, 'disks.data.ceph.id'))}`);
      const taken = list(at(ceph.spec, 'storage.nodes')).flatMap((node) => list(plain(node)['devices']).map((device) => `${String(plain(node)['name'])} ${String(plain(device)['name'])}`));
      if (taken.join() !== machines.join() || !taken.every((disk) => disk.includes(' /dev/disk/by-id/'))) say(`disks ${taken.join(', ')}`);
      if (at(ceph.spec, 'storage.useAllDevices') !== false || at(ceph.spec, 'storage.useAllNodes') !== false) say('any disk is taken');
      if (at(ceph.spec, 'cleanupPolicy.confirmation') !== '' || at(ceph.spec, 'cleanupPolicy.wipeDevicesFromOtherClusters') === true) say('disks are wiped');
      if (one(cluster, 'Kustomization', 'rook-ceph-cluster').spec?.['prune'] !== false) say('it would be pruned');
    }),
    plant: (all_) => { plain(at(one(appsOf(all_), 'CephCluster', 'rook-ceph').spec, 'storage'))['nodes'] = at(one(infraOf(all_), 'CephCluster', 'rook-ceph').spec, 'storage.nodes'); },
  },
  {
    holds: 'three copies on three machines, and a pool Rook accepts', defect: '7.4 subFailureDomain equals failureDomain',
    find: (all_) => each(all_, (cluster, say) => {
      const spec = plain(one(cluster, 'CephBlockPool', 'rook-ceph-block').spec);
      if (at(spec, 'replicated.size') !== 3 || spec['failureDomain'] !== 'host') say('copies on one machine');
      if (at(spec, 'replicated.subFailureDomain') !== undefined) say('the sub-domain is refused');
      if (at(one(cluster, 'CephCluster', 'rook-ceph').spec, 'mon.count') !== 3) say('no three monitors');
    }),
    plant: (all_) => { plain(at(one(infraOf(all_), 'CephBlockPool', 'rook-ceph-block').spec, 'replicated'))['subFailureDomain'] = 'host'; },
  },
  {
    holds: 'each storage class has one owner, none is the default, and what it names exists', defect: '7.4 chart and manifest make the same storage class',
    find: (all_) => each(all_, (cluster, say) => {
      const made = releases(cluster).flatMap((release) => rendered(cluster, release)).filter(({ kind }) => kind === 'StorageClass').map(({ metadata }) => metadata.name);
      const names = [...made, ...all(cluster, 'StorageClass').map(({ metadata }) => metadata.name)].toSorted();
      if (names.join() !== 'openebs-local-nvme,rook-ceph-block') say(`classes ${names.join(', ')}`);
      for (const each_ of all(cluster, 'StorageClass')) if (each_.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true') say(`${each_.metadata.name} is the default`);
      const parameters = plain(one(cluster, 'StorageClass', 'rook-ceph-block')['parameters']);
      if (!all(cluster, 'CephBlockPool').some(({ metadata }) => metadata.name === parameters['pool'])) say('its pool does not exist');
      if (one(cluster, 'VolumeSnapshotClass', 'csi-ceph-block')['driver'] !== one(cluster, 'StorageClass', 'rook-ceph-block')['provisioner']) say('snapshots by another driver');
    }),
    plant: (all_) => { plain(at(one(infraOf(all_), 'HelmRelease', 'openebs').spec, 'values.localpv-provisioner'))['hostpathClass'] = { enabled: true, name: 'openebs-local-nvme' }; },
  },
  {
    holds: 'local volumes are where Talos mounts the disk for them, and only that engine runs',
    find: (all_) => each(all_, (cluster, say) => {
      const mounted = documents(all_, 'talos/patches/all.yaml').filter((document) => document['kind'] === 'UserVolumeConfig').map((document) => `/var/mnt/${String(document['name'])}`);
      const config = one(cluster, 'StorageClass', 'openebs-local-nvme').metadata.annotations?.['cas.openebs.io/config'] ?? '';
      if (!mounted.some((path) => config.includes(`value: ${path}\n`) || config.trimEnd().endsWith(`value: ${path}`))) say(`no volume of Talos at the base path (${mounted.join(', ')})`);
      const engines = plain(at(one(cluster, 'HelmRelease', 'openebs').spec, 'values.engines'));
      if (/true/.test(JSON.stringify(engines))) say('another engine runs');
    }),
    plant: (all_) => { const { metadata } = one(appsOf(all_), 'StorageClass', 'openebs-local-nvme'); metadata.annotations = { 'cas.openebs.io/config': '- name: BasePath\n  value: /var/openebs/local\n' }; },
  },
  {
    holds: 'the definitions of snapshots are there before anything that takes them, and have one owner', defect: '7.1.9 no snapshot definitions or classes',
    find: (all_) => {
      const crds = documents(all_, 'bootstrap/crds.yaml')[0];
      const found = each(all_, (cluster, say) => { if (at(one(cluster, 'HelmRelease', 'openebs').spec, 'values.openebs-crds.csi.volumeSnapshots.enabled') !== false) say('the OpenEBS chart brings them as well'); });
      const urls = list(crds?.['manifests']).map((entry) => String(plain(entry)['url']));
      return ['volumesnapshotclasses', 'volumesnapshotcontents', 'volumesnapshots'].every((name) => urls.some((url) => url.endsWith(`snapshot.storage.k8s.io_${name}.yaml`))) ? found : [...found, 'the bootstrap does not bring them'];
    },
    plant: (all_) => { all_.files.set('bootstrap/crds.yaml', file(all_, 'bootstrap/crds.yaml').replace('_volumesnapshots.yaml', '_x.yaml')); },
  },
];

const ALERT_PAGES = /^https:\/\/github\.com\/monosense-io\/platform\/blob\/main\/(docs\/runbooks\/[\w-]+\.md)#([\w-]+)$/;
const EVERYWHERE: readonly Check[] = [
  {
    holds: 'every alert says how long, how bad, what and where to read on, and that place exists',
    find: (all_) => each(all_, (cluster, say) => {
      const alerts = own(cluster).filter(({ kind }) => kind === 'PrometheusRule' || kind === 'VMRule').flatMap((rule) => list(at(rule.spec, 'groups'))).flatMap((group) => list(plain(group)['rules'])).map(plain);
      if (alerts.length < 30) say(`only ${alerts.length} alerts`);
      for (const alert of alerts) {
        const name = String(alert['alert']);
        if (text(alert['for']) === undefined || !['info', 'warning', 'critical'].includes(String(at(alert, 'labels.severity'))) || text(at(alert, 'annotations.summary')) === undefined || text(at(alert, 'annotations.description')) === undefined) say(`${name} says too little`);
        const [, page = '', anchor = ''] = ALERT_PAGES.exec(String(at(alert, 'annotations.runbook_url'))) ?? [];
        if (page === '' || !exists(page) || !new RegExp(`^#+ ${anchor}$`, 'im').test(file(all_, page))) say(`${name} leads to ${String(at(alert, 'annotations.runbook_url'))}, which is not there`);
      }
    }),
    plant: (all_) => { all_.files.set('docs/runbooks/ceph.md', file(all_, 'docs/runbooks/ceph.md').replaceAll('### CephOSDDown', '### An OSD is down')); },
  },
  {
    holds: 'every alert the stories name is there',
    find: (all_) => each(all_, (cluster, say) => {
      const names = new Set(own(cluster).filter(({ kind }) => kind === 'PrometheusRule').flatMap((rule) => list(at(rule.spec, 'groups'))).flatMap((group) => list(plain(group)['rules'])).map((rule) => String(plain(rule)['alert'])));
      for (const name of ALERTS) if (!names.has(name)) say(`no alert ${name}`);
    }),
    plant: (all_) => { plain(plain(list(plain(list(at(one(infraOf(all_), 'PrometheusRule', 'openebs').spec, 'groups'))[0])['rules'])[0]))['alert'] = 'OpenEBSDown'; },
  },
  {
    holds: 'no image moves under its name', defect: '7.4 helper images without a version',
    find: (all_) => each(all_, (cluster, say) => {
      for (const object of cluster.objects) for (const [, image = ''] of JSON.stringify(object.spec ?? {}).matchAll(/"image":"([^"]+)"/g)) if (!/:(v?\d+(\.\d+)+|RELEASE\.\d{4}-\d\d-\d\dT)/.test(image) && !image.includes('@sha256:')) say(`${object.kind} ${object.metadata.name} runs ${image}`);
    }),
    plant: (all_) => { plain(at(one(appsOf(all_), 'CephCluster', 'rook-ceph').spec, 'cephVersion'))['image'] = 'quay.io/ceph/ceph:latest'; },
  },
  {
    holds: 'containers the tree itself declares have requests and give up every privilege',
    find: (all_) => each(all_, (cluster, say) => {
      for (const object of own(cluster).filter(({ kind }) => ['Deployment', 'DaemonSet', 'StatefulSet', 'Job'].includes(kind))) {
        for (const container of list(at(object.spec, 'template.spec.containers')).map(plain)) {
          if (at(container, 'resources.requests') === undefined) say(`${object.metadata.name} asks for nothing`);
          if (at(container, 'securityContext.allowPrivilegeEscalation') !== false || list(at(container, 'securityContext.capabilities.drop')).join() !== 'ALL') say(`${object.metadata.name} keeps privileges`);
        }
      }
    }),
    plant: (all_) => { delete plain(list(at(one(infraOf(all_), 'Deployment', 'rook-ceph-tools').spec, 'template.spec.containers'))[0])['securityContext']; },
  },
  {
    holds: 'a disruption budget chooses pods that exist', defect: '7.4 budgets and policies that match no pod',
    find: (all_) => each(all_, (cluster, say) => {
      const everything = [...own(cluster), ...releases(cluster).flatMap((release) => rendered(cluster, release).map((object) => ({ ...object, metadata: { namespace: release.metadata.namespace ?? '', ...object.metadata } })))];
      for (const budget of everything.filter(({ kind }) => kind === 'PodDisruptionBudget')) {
        const wanted = strings(at(budget.spec, 'selector.matchLabels'));
        // A Pooler's pods carry its name, and so do those of a Keycloak.
        const pooler = wanted['cnpg.io/poolerName'];
        const keycloak = wanted['app.kubernetes.io/managed-by'] === 'keycloak-operator' || wanted['app'] === 'keycloak' ? wanted['app.kubernetes.io/instance'] : undefined;
        const chosen = (keycloak !== undefined && everything.some(({ kind, metadata }) => kind === 'Keycloak' && metadata.name === keycloak && metadata.namespace === budget.metadata.namespace)) || (pooler !== undefined && everything.some(({ kind, metadata }) => kind === 'Pooler' && metadata.name === pooler && metadata.namespace === budget.metadata.namespace)) || everything.some((object) => object.metadata.namespace === budget.metadata.namespace && Object.entries(wanted).every(([key, value]) => strings(at(object.spec, 'template.metadata.labels'))[key] === value));
        if (!chosen) say(`${budget.metadata.name} chooses nothing`);
      }
    }),
    plant: (all_) => { plain(at(one(appsOf(all_), 'PodDisruptionBudget', 'openebs-localpv-provisioner').spec, 'selector'))['matchLabels'] = { app: 'openebs' }; },
  },
];
const ALERTS = [
  'ExternalSecretsOperatorDown', 'SecretSyncFailed', 'CertManagerAbsent', 'CertificateExpiringSoon', 'CertificateNotReady',
  'OpenEBSProvisionerDown', 'OpenEBSPVCBindingFailed', 'OpenEBSHighDiskUsage', 'OpenEBSStorageCapacityWarning', 'OpenEBSStorageCapacityCritical', 'OpenEBSHighMemoryUsage',
  'RookCephOperatorDown', 'RookCephOperatorReconcileErrors', 'RookCephCRDMissing', 'RookCephDiscoveryDaemonDown', 'RookCephOperatorCrashLooping', 'RookCephOperatorHighMemory',
  'CephClusterHealthWarning', 'CephClusterHealthError', 'CephOSDDown', 'CephOSDNearFull', 'CephPGDegraded', 'CephPoolNearFull',
  'FluxOperatorDown', 'FluxOperatorReconciliationFailures', 'FluxInstanceSuspended', 'FluxControllerDown', 'FluxKustomizationSyncFailures', 'FluxHelmReleaseFailures', 'FluxSourceFailures',
];

const ALL = [...FLUX, ...SECRETS, ...STORAGE, ...EVERYWHERE];

describe('security, storage, operations and Flux', () => {
  test.each(ALL)('$holds', ({ find }) => { expect(find(seen())).toEqual([]); });
  test.each(ALL)('a mistake is found: $holds', ({ find, plant }) => {
    const wrong = seen();
    plant(wrong);
    expect(find(wrong)).not.toEqual([]);
  });
});
