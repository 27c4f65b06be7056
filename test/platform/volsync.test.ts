import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { at, list, plain, strings, text } from '../../lab/catalog/data.ts';
import { build } from '../../lab/flux/kustomize.ts';
import { substituteObject } from '../../lab/flux/substitute.ts';
import type { KubeObject } from '../../lab/world/types.ts';
import { KNOWN, metricsIn } from './metrics.ts';
import { all, appsOf, each, file, one, type Check, type Seen } from './networking.checks.ts';
import { built, builtAs, CLUSTERS, files, type BuiltCluster } from './tree.ts';

/** What protects volumes: that its parts agree with each other and with bootstrap/dr.yaml, and that each check finds the mistake it is for. */

const trees = CLUSTERS.map(built);
const restored = CLUSTERS.map((cluster) => builtAs(cluster, 'restore'));
interface Both extends Seen { readonly restored: readonly BuiltCluster[] }
function seen(): Both { return { clusters: structuredClone(trees), restored: structuredClone(restored), files: new Map() }; }
interface BothCheck extends Omit<Check, 'find' | 'plant'> { readonly find: (seen: Both) => readonly string[]; readonly plant: (seen: Both) => void }

const sources = (cluster: BuiltCluster): readonly KubeObject[] => all(cluster, 'ReplicationSource');
const destinations = (cluster: BuiltCluster): readonly KubeObject[] => all(cluster, 'ReplicationDestination');
const after = (seen_: Both, cluster: BuiltCluster): BuiltCluster => seen_.restored.find(({ name }) => name === cluster.name) ?? cluster;
const beside = (cluster: BuiltCluster, kind: string, name: unknown, namespace: string | undefined): KubeObject | undefined => all(cluster, kind).find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
const restic = (object: KubeObject): Record<string, unknown> => plain(at(object.spec, 'restic'));
const recovery = (seen_: Seen): Record<string, unknown> => plain(load(file(seen_, 'bootstrap/dr.yaml')));
const sets = (seen_: Seen, cluster: string): readonly Record<string, unknown>[] => list(recovery(seen_)['data-sets']).map(plain).filter((set) => set['cluster'] === cluster);
const rules = (cluster: BuiltCluster): readonly Record<string, unknown>[] => all(cluster, 'VMRule').filter(({ metadata }) => metadata.name === 'volsync').flatMap((rule) => list(at(rule.spec, 'groups'))).flatMap((group) => list(plain(group)['rules'])).map(plain);

const ALERTS = ['VolSyncControllerDown', 'VolSyncReplicationFailed', 'VolSyncBackupDurationHigh', 'VolSyncSnapshotCreationFailed', 'VolSyncRestoreFailed', 'VolSyncMoverPodFailed', 'VolSyncS3ConnectivityIssue', 'VolSyncStaleBackup', 'VolSyncCacheStorageIssue'];

const CHECKS: readonly BothCheck[] = [
  {
    holds: 'both charts are of the version that was decided, VolSync and its movers of one', defect: 'nothing of it at the head of the earlier tree',
    find: (seen_) => each(seen_, (cluster, say) => {
      if (cluster.name !== 'apps') return;
      for (const [name, version] of [['snapshot-controller', '3.0.6'], ['volsync', '0.12.0']]) if (at(one(cluster, 'HelmRelease', name ?? '').spec, 'chart.spec.version') !== version) say(`${name ?? ''} is not ${version ?? ''}`);
      const { spec } = one(cluster, 'HelmRelease', 'volsync');
      for (const part of ['image', 'restic']) if (at(spec, `values.${part}.tag`) !== at(spec, 'chart.spec.version')) say(`${part} is another version`);
    }),
    plant: (seen_) => { plain(at(one(appsOf(seen_), 'HelmRelease', 'volsync').spec, 'values.restic'))['tag'] = 'latest'; },
  },
  {
    holds: 'the definitions of snapshots have one owner, the bootstrap', defect: 'a chart that puts older definitions in the place of newer',
    find: (seen_) => each(seen_, (cluster, say) => {
      for (const release of all(cluster, 'HelmRelease').filter(({ metadata }) => metadata.name === 'snapshot-controller')) {
        for (const when of ['install', 'upgrade']) if (at(release.spec, `${when}.crds`) !== 'Skip') say(when);
        if (!file(seen_, 'bootstrap/crds.yaml').includes('snapshot.storage.k8s.io_volumesnapshots.yaml')) say('nobody brings them');
      }
    }),
    plant: (seen_) => { plain(at(one(appsOf(seen_), 'HelmRelease', 'snapshot-controller').spec, 'upgrade'))['crds'] = 'CreateReplace'; },
  },
  {
    holds: 'classes of storage and of snapshots that are named are made by the same tree, and by one driver', defect: 'openebs-hostpath; csi-ceph-block that nobody makes',
    find: (seen_) => each(seen_, (cluster, say) => {
      for (const object of [...sources(cluster), ...destinations(after(seen_, cluster))]) {
        const { storageClassName, cacheStorageClassName, volumeSnapshotClassName, copyMethod } = restic(object);
        for (const name of [storageClassName, cacheStorageClassName]) if (!all(cluster, 'StorageClass').some(({ metadata }) => metadata.name === name)) say(`${object.metadata.name}: no StorageClass ${String(name)}`);
        const [snapshots, volumes] = [beside(cluster, 'VolumeSnapshotClass', volumeSnapshotClassName, undefined), beside(cluster, 'StorageClass', storageClassName, undefined)];
        if (copyMethod !== 'Snapshot' || snapshots === undefined || snapshots['driver'] !== volumes?.['provisioner']) say(`${object.metadata.name}: snapshots by ${String(volumeSnapshotClassName)}`);
      }
    }),
    plant: (seen_) => { for (const source of sources(appsOf(seen_))) restic(source)['cacheStorageClassName'] = 'openebs-hostpath'; },
  },
  {
    holds: 'what backs up and what restores open one repository, by a Secret that is made, of an API that is served', defect: 'ExternalSecrets of v1beta1',
    find: (seen_) => each(seen_, (cluster, say) => {
      for (const [where, object] of [...sources(cluster).map((each_) => [cluster, each_] as const), ...destinations(after(seen_, cluster)).map((each_) => [after(seen_, cluster), each_] as const)]) {
        const secret = all(where, 'ExternalSecret').find((each_) => at(each_.spec, 'target.name') === restic(object)['repository'] && each_.metadata.namespace === object.metadata.namespace);
        if (secret?.apiVersion !== 'external-secrets.io/v1') { say(`${object.metadata.name}: Secret ${String(restic(object)['repository'])}`); continue; }
        const data = strings(at(secret.spec, 'target.template.data'));
        const app = object.metadata.name.replace(/-(backup|restore)$/, '');
        if (data['RESTIC_REPOSITORY'] !== `s3:http://${cluster.settings['MINIO_ADDRESS'] ?? ''}:9000/${cluster.settings['VOLSYNC_BUCKET'] ?? ''}/${app}`) say(`${app} is kept at ${data['RESTIC_REPOSITORY'] ?? 'nowhere'}`);
        const given = list(at(secret.spec, 'data')).map((entry) => `${String(at(entry, 'secretKey'))}=${String(at(entry, 'remoteRef.property'))}`).join();
        if (given !== 'RESTIC_PASSWORD=RESTIC_PASSWORD,AWS_ACCESS_KEY_ID=AWS_ACCESS_KEY_ID,AWS_SECRET_ACCESS_KEY=AWS_SECRET_ACCESS_KEY' || data['AWS_DEFAULT_REGION'] !== 'us-east-1') say(`${app}: ${given}`);
      }
    }),
    plant: (seen_) => { for (const secret of all(appsOf(seen_), 'ExternalSecret')) if (secret.metadata.name.endsWith('-volsync-secret')) secret.apiVersion = 'external-secrets.io/v1beta1'; },
  },
  {
    holds: 'a repository holds one volume, and its key is not lent to another', defect: 'one key for the backups of everybody',
    find: (seen_) => each(seen_, (cluster, say) => {
      const own = all(cluster, 'ExternalSecret').filter((secret) => strings(at(secret.spec, 'target.template.data'))['RESTIC_REPOSITORY'] !== undefined);
      for (const secret of own) {
        const of = (other: KubeObject): readonly string[] => [strings(at(other.spec, 'target.template.data'))['RESTIC_REPOSITORY'] ?? '', ...list(at(other.spec, 'data')).map((entry) => String(at(entry, 'remoteRef.key')))];
        for (const other of own) if (other !== secret && of(other).some((word) => of(secret).includes(word))) say(`${secret.metadata.name} and ${other.metadata.name}`);
      }
    }),
    plant: (seen_) => {
      const secret = all(appsOf(seen_), 'ExternalSecret').find(({ metadata }) => metadata.name.endsWith('-volsync-secret'));
      const apps = appsOf(seen_);
      if (secret !== undefined) Object.assign(apps, { objects: [...apps.objects, { ...structuredClone(secret), metadata: { ...secret.metadata, name: 'another-volsync-secret' } }] });
    },
  },
  {
    holds: 'movers are the user of the volume, as restricted as anybody, within what their namespace allows', defect: 'movers that may read nothing, or everything',
    find: (seen_) => each(seen_, (cluster, say) => {
      for (const source of sources(cluster)) {
        const back = beside(after(seen_, cluster), 'ReplicationDestination', source.metadata.name.replace(/-backup$/, '-restore'), source.metadata.namespace);
        const user = plain(restic(source)['moverSecurityContext']);
        if (JSON.stringify(user) !== JSON.stringify(back === undefined ? {} : restic(back)['moverSecurityContext'])) say(`${source.metadata.name}: restored by another user`);
        if (user['runAsNonRoot'] !== true || at(user, 'seccompProfile.type') !== 'RuntimeDefault') say(`${source.metadata.name}: not restricted`);
        const consumer = all(cluster, 'Deployment').find((each_) => each_.metadata.namespace === source.metadata.namespace && list(at(each_.spec, 'template.spec.volumes')).some((volume) => at(volume, 'persistentVolumeClaim.claimName') === at(source.spec, 'sourcePVC')));
        if (consumer !== undefined && at(consumer.spec, 'template.spec.securityContext.runAsUser') !== user['runAsUser']) say(`${source.metadata.name}: the files are somebody else's`);
      }
    }),
    plant: (seen_) => { for (const source of sources(appsOf(seen_))) plain(restic(source)['moverSecurityContext'])['runAsUser'] = 0; },
  },
  {
    holds: 'movers are let out to the store, by the label their pods have', defect: 'a namespace that is closed to its own backups',
    find: (seen_) => each(seen_, (cluster, say) => {
      for (const { metadata } of sources(cluster)) {
        const open = all(cluster, 'CiliumNetworkPolicy').some((policy) => {
          const selector = strings(at(policy.spec, 'endpointSelector.matchLabels'));
          return policy.metadata.namespace === metadata.namespace && (Object.keys(selector).length === 0 || JSON.stringify(selector) === JSON.stringify({ 'app.kubernetes.io/created-by': 'volsync' }))
            && list(at(policy.spec, 'egress')).some((rule) => list(at(rule, 'toCIDR')).includes(`${cluster.settings['MINIO_ADDRESS'] ?? ''}/32`) && JSON.stringify(at(rule, 'toPorts')).includes('"9000"'));
        });
        if (!open) say(`${metadata.namespace ?? ''}/${metadata.name}`);
      }
    }),
    plant: (seen_) => { for (const policy of all(appsOf(seen_), 'CiliumNetworkPolicy')) if (policy.metadata.name.endsWith('-movers')) plain(at(policy.spec, 'endpointSelector'))['matchLabels'] = { 'app.kubernetes.io/name': 'volsync' }; },
  },
  {
    holds: 'every claim of the tree is protected or lost by name, and what protects it is what bootstrap/dr.yaml says', defect: 'volumes nobody thought of',
    find: (seen_) => each(seen_, (cluster, say) => {
      for (const { metadata } of all(cluster, 'PersistentVolumeClaim')) if (!sets(seen_, cluster.name).some((set) => set['kind'] === 'volume' && set['namespace'] === metadata.namespace && set['object'] === metadata.name)) say(`claim ${metadata.namespace ?? ''}/${metadata.name}`);
      const protectedBy = sets(seen_, cluster.name).filter((set) => at(set, 'protection.method') === 'volsync');
      for (const source of sources(cluster)) if (!protectedBy.some((set) => set['namespace'] === source.metadata.namespace && at(set, 'protection.source') === source.metadata.name && set['object'] === at(source.spec, 'sourcePVC'))) say(`${source.metadata.name} backs up what nobody expects back`);
      for (const set of protectedBy) {
        const [source, claim] = [beside(cluster, 'ReplicationSource', at(set, 'protection.source'), text(set['namespace'])), beside(after(seen_, cluster), 'PersistentVolumeClaim', set['object'], text(set['namespace']))];
        const back = beside(after(seen_, cluster), 'ReplicationDestination', at(set, 'protection.restore'), text(set['namespace']));
        if (source === undefined || back === undefined || claim === undefined) { say(`${String(set['name'])}: a part is missing`); continue; }
        if (JSON.stringify(at(claim.spec, 'dataSourceRef')) !== JSON.stringify({ apiGroup: 'volsync.backube', kind: 'ReplicationDestination', name: back.metadata.name })) say(`${String(set['name'])} would come up empty`);
        if (at(back.spec, 'trigger.manual') === undefined || restic(back)['capacity'] !== at(claim.spec, 'resources.requests.storage')) say(`${String(set['name'])}: restored into another size, or never`);
        const store = list(recovery(seen_)['stores']).map(plain).find((each_) => each_['name'] === at(set, 'protection.store'));
        if (store?.['bucket'] !== cluster.settings['VOLSYNC_BUCKET'] || store?.['endpoint'] !== `http://${cluster.settings['MINIO_ADDRESS'] ?? ''}:9000`) say(`${String(set['name'])} is kept elsewhere`);
      }
    }),
    plant: (seen_) => { for (const claim of all(seen_.restored.find(({ name }) => name === 'apps') ?? appsOf(seen_), 'PersistentVolumeClaim')) delete plain(claim.spec)['dataSourceRef']; },
  },
  {
    holds: 'a volume is restored behind the gate, before who uses it, and backed up only after', defect: 'a backup of an empty volume, which counts as one',
    find: (seen_) => each(seen_, (cluster, say) => {
      const needs = (unit: BuiltCluster['units'][number]): readonly string[] => list(at(unit.object.spec, 'dependsOn')).map((entry) => String(plain(entry)['name']));
      for (const source of sources(cluster)) {
        const has = (kind: string, name: unknown): BuiltCluster['units'][number] | undefined => cluster.units.find(({ objects }) => objects.some((object) => object.kind === kind && object.metadata.name === name && object.metadata.namespace === source.metadata.namespace));
        const [claim, backup] = [has('PersistentVolumeClaim', at(source.spec, 'sourcePVC')), has('ReplicationSource', source.metadata.name)];
        if (claim === undefined || backup === undefined || claim === backup) { say(`${source.metadata.name}: claim and backup come together`); continue; }
        for (const need of ['data-gate', 'volsync', 'external-secrets-store', 'rook-ceph-cluster']) if (!needs(claim).includes(need)) say(`${claim.name} does not wait for ${need}`);
        if (at(claim.object.spec, 'wait') !== true) say(`${claim.name} is Ready before it is filled`);
        const users = needs(backup).filter((need) => need !== claim.name && need !== 'volsync');
        // One that is begun by a Job of its own is not empty, whether anybody uses it or not.
        const begun = claim.objects.some((object) => object.kind === 'Job' && list(at(object.spec, 'template.spec.volumes')).some((volume) => at(volume, 'persistentVolumeClaim.claimName') === at(source.spec, 'sourcePVC')));
        if (begun ? !needs(backup).includes(claim.name) : users.length === 0 || !cluster.units.some((unit) => users.includes(unit.name) && needs(unit).includes(claim.name))) say(`${backup.name} waits for nobody who uses it`);
      }
    }),
    plant: (seen_) => { for (const unit of appsOf(seen_).units) if (unit.name === 'demo-backup') plain(unit.object.spec)['dependsOn'] = [{ name: 'volsync' }]; },
  },
  {
    holds: 'what is kept, and how often, is what was decided', defect: 'retention that differs from volume to volume',
    find: (seen_) => each(seen_, (cluster, say) => {
      for (const source of sources(cluster)) {
        const { retain, pruneIntervalDays, cacheCapacity, moverResources } = restic(source);
        if (JSON.stringify(retain) !== JSON.stringify({ hourly: 24, daily: 7, weekly: 4, monthly: 12 }) || pruneIntervalDays !== 7 || cacheCapacity !== '2Gi') say(source.metadata.name);
        if (at(moverResources, 'limits.memory') !== '1Gi' || at(moverResources, 'requests.memory') !== '256Mi') say(`${source.metadata.name}: room for its movers`);
      }
    }),
    plant: (seen_) => { for (const source of sources(appsOf(seen_))) plain(restic(source)['retain'])['daily'] = 0; },
  },
  {
    holds: 'nine alerts ask for metrics that are documented, each with its place in the runbook', defect: 'volsync_s3_errors_total and others that VolSync does not have',
    find: (seen_) => each(seen_, (cluster, say) => {
      if (sources(cluster).length === 0) return;
      if (rules(cluster).map((rule) => rule['alert']).join() !== ALERTS.join()) say(rules(cluster).map((rule) => rule['alert']).join());
      for (const rule of rules(cluster)) {
        for (const name of metricsIn(String(rule['expr']))) if (!KNOWN.has(name)) say(`${String(rule['alert'])}: ${name}`);
        if (!file(seen_, 'docs/runbooks/volsync.md').includes(`### ${String(rule['alert'])}\n`)) say(`the runbook is silent about ${String(rule['alert'])}`);
      }
    }),
    plant: (seen_) => { (rules(appsOf(seen_))[6] ?? {})['expr'] = 'rate(volsync_s3_errors_total[5m]) > 0'; },
  },
  {
    holds: 'the runbook has the bucket and its user, the item, a backup, a restore that is compared, and what to do when it fails', defect: 'a runbook that ends with the happy path',
    find: (seen_) => ['mc mb', 'mc admin user add', 'mc admin policy attach', 'RESTIC_PASSWORD', '"manual":"now-1"', 'restoreAsOf', 'sha256sum', 'spec.restic.unlock', 'wrong password']
      .filter((words) => !file(seen_, 'docs/runbooks/volsync.md').includes(words)),
    plant: (seen_) => { seen_.files.set('docs/runbooks/volsync.md', file(seen_, 'docs/runbooks/volsync.md').replaceAll('sha256sum', 'ls')); },
  },
];

describe('what protects volumes', () => {
  test.each(CHECKS)('$holds', ({ find }) => { expect(find(seen())).toEqual([]); });
  test.each(CHECKS)('a mistake is found: $holds', ({ find, plant }) => {
    const wrong = seen();
    plant(wrong);
    expect(find(wrong)).not.toEqual([]);
  });
  test('there is something to protect', () => { expect(sources(appsOf(seen())).length).toBeGreaterThan(0); });

  const VARIABLES = { EXTERNAL_SECRET_STORE: 'onepassword', MINIO_ADDRESS: '10.25.11.3', BLOCK_SC: 'rook-ceph-block', VOLSYNC_BUCKET: 'volsync', VOLSYNC_SNAPSHOTCLASS: 'csi-ceph-block', VOLSYNC_CACHE_SC: 'openebs-local-nvme', APP: 'sample', SOURCE_PVC: 'sample-data', PVC_SIZE: '1Gi', VOLSYNC_SECRET_PATH: 'kubernetes/apps/volsync/volsync-minio' };
  function sample(...parts: readonly string[]): readonly KubeObject[] {
    const tree = new Map([...files(), ['sample/kustomization.yaml', JSON.stringify({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', namespace: 'sample', components: parts.map((part) => `../kubernetes/components/volsync/${part}`) })] as const]);
    return build(tree, 'sample').map((object) => substituteObject(object, VARIABLES));
  }
  test('the components make of any app its key, its claim, its backup and its way back, with nothing left to fill in', () => {
    expect(sample('fresh', 'backup').map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`).toSorted()).toEqual(['CiliumNetworkPolicy sample/sample-movers', 'ExternalSecret sample/sample-volsync-secret', 'PersistentVolumeClaim sample/sample-data', 'ReplicationSource sample/sample-backup']);
    expect(JSON.stringify(sample('restore', 'backup'))).not.toContain('${');
  });
  test('fresh and restored are the same but for what the claim is filled from', () => {
    const without = (objects: readonly KubeObject[]): unknown => structuredClone(objects).filter(({ kind }) => kind !== 'ReplicationDestination').map((object) => { if (object.kind === 'PersistentVolumeClaim') delete plain(object.spec)['dataSourceRef']; return object; });
    expect(without(sample('restore'))).toEqual(without(sample('fresh')));
  });
});
