import { describe, expect, test } from 'vitest';
import { at, list, plain, strings } from '../../lab/catalog/data.ts';
import type { KubeObject } from '../../lab/world/types.ts';
import { consumersOf, disagreements, unused } from './database-matrix.ts';
import { all, appsOf, infraOf, one, type Seen } from './networking.checks.ts';
import { built, CLUSTERS } from './tree.ts';

/** Every consumer of the shared PostgreSQL against everything it stands on: secret, role, database, pooler, mode, host, gate, policies. */

const trees = CLUSTERS.map(built);
function seen(): Seen { return { clusters: structuredClone(trees), files: new Map() }; }
const of = (seen_: Seen, kind: string, namespace: string, name: string): KubeObject => {
  const found = infraOf(seen_).objects.find((object) => object.kind === kind && object.metadata.namespace === namespace && object.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${namespace}/${name}`);
  return found;
};
const keycloakDb = (seen_: Seen): Record<string, unknown> => plain(at(one(infraOf(seen_), 'Keycloak', 'keycloak').spec, 'db'));
const harborDb = (seen_: Seen): Record<string, unknown> => plain(at(one(infraOf(seen_), 'HelmRelease', 'harbor').spec, 'values.database.external'));
const role = (seen_: Seen, name: string): Record<string, unknown> => plain(list(at(one(infraOf(seen_), 'Cluster', 'shared-postgres').spec, 'managed.roles')).find((entry) => at(entry, 'name') === name));
const ref = (secret: KubeObject, key: string): Record<string, unknown> => plain(at(list(at(secret.spec, 'data')).find((entry) => at(entry, 'secretKey') === key), 'remoteRef'));
/** A consumer nobody has written down anywhere: variables of a container, in the other cluster. */
function stranger(seen_: Seen, host: string): void {
  const apps = appsOf(seen_);
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'stranger', namespace: 'messaging' }, spec: { template: { spec: { containers: [{ name: 'app', env: [{ name: 'DB_HOST', value: host }, { name: 'DB_NAME', value: 'gitlab' }, { name: 'DB_USER', value: 'gitlab' }] }] } } } };
  Object.assign(apps, { objects: [...apps.objects, object] });
}

type Mistake = readonly [string, (seen: Seen) => void, RegExp];
const MISTAKES: readonly Mistake[] = [
  ['a password of another item', (seen_) => { ref(of(seen_, 'ExternalSecret', 'harbor', 'harbor-db-credentials'), 'password')['key'] = 'kubernetes/infra/harbor/database'; }, /harbor\/harbor: harbor-db-credentials holds the password of kubernetes\/infra\/harbor\/database#password/],
  ['a Secret nobody makes', (seen_) => { plain(keycloakDb(seen_)['passwordSecret'])['name'] = 'keycloak-db'; }, /keycloak-db holds the password of nobody/],
  ['a role with the password of another', (seen_) => { ref(of(seen_, 'ExternalSecret', 'cnpg-system', 'gitlab-db-credentials'), 'password')['key'] = 'kubernetes/infra/cloudnative-pg/harbor'; }, /^gitlab: its role has the password of kubernetes\/infra\/cloudnative-pg\/harbor#password/],
  ['a role whose Secret is not there', (seen_) => { plain(role(seen_, 'mattermost')['passwordSecret'])['name'] = 'mattermost'; }, /^mattermost: its role has the password of nobody/],
  ['a role that is gone', (seen_) => { role(seen_, 'harbor')['name'] = 'registry'; }, /harbor\/harbor: no role harbor/],
  ['a role that may not log in', (seen_) => { role(seen_, 'synergyflow')['login'] = false; }, /^synergyflow: its role cannot log in/],
  ['a database of another owner', (seen_) => { plain(of(seen_, 'Database', 'cnpg-system', 'harbor').spec)['owner'] = 'app'; }, /^harbor: its role owns no database/],
  ['a database that goes with its object', (seen_) => { plain(of(seen_, 'Database', 'cnpg-system', 'keycloak').spec)['databaseReclaimPolicy'] = 'delete'; }, /^keycloak: its role owns no database that is called so and stays/],
  ['a consumer that asks for another database', (seen_) => { harborDb(seen_)['coreDatabase'] = 'registry'; }, /it asks for database registry/],
  ['a consumer that logs in as another', (seen_) => { harborDb(seen_)['username'] = 'postgres'; }, /it logs in as postgres/],
  ['a host with -rw', (seen_) => { harborDb(seen_)['host'] = 'harbor-pooler-rw.cnpg-system.svc.cluster.local'; }, /no pooler answers to harbor-pooler-rw/],
  ['a host that goes around the pooler', (seen_) => { keycloakDb(seen_)['host'] = 'shared-postgres-rw.cnpg-system.svc.cluster.local'; }, /no pooler answers to shared-postgres-rw/],
  ['another port', (seen_) => { keycloakDb(seen_)['port'] = 6432; }, /port 6432/],
  ['a pooler that is not there', (seen_) => { of(seen_, 'Pooler', 'cnpg-system', 'keycloak-pooler').metadata.name = 'keycloak-pooler-rw'; }, /keycloak-system\/keycloak: no pooler answers/],
  ['a pooler of another cluster', (seen_) => { plain(at(of(seen_, 'Pooler', 'cnpg-system', 'harbor-pooler').spec, 'cluster'))['name'] = 'postgres'; }, /^harbor: its pooler is of another cluster/],
  ['sessions shared out by transaction', (seen_) => { plain(at(of(seen_, 'Pooler', 'cnpg-system', 'keycloak-pooler').spec, 'pgbouncer'))['poolMode'] = 'transaction'; }, /^keycloak: its pooler hands out connections per transaction, not per session/],
  ['a consumer that does not wait for the gate', (seen_) => {
    const infra = infraOf(seen_);
    plain(infra.units.find(({ name }) => name === 'harbor')?.object.spec)['dependsOn'] = [];
    plain(infra.units.find(({ name }) => name === 'workloads')?.object.spec)['dependsOn'] = [];
  }, /harbor\/harbor: it may begin before its data is restored/],
  ['a namespace databases do not let in', (seen_) => { for (const peer of list(at(list(at(of(seen_, 'CiliumNetworkPolicy', 'cnpg-system', 'allow-clients-ingress').spec, 'ingress'))[0], 'fromEndpoints'))) if (strings(at(peer, 'matchLabels'))['k8s:io.kubernetes.pod.namespace'] === 'harbor') plain(at(peer, 'matchLabels'))['k8s:io.kubernetes.pod.namespace'] = 'harbor-system'; }, /databases do not let it in/],
  ['a consumer whose own policies keep it in', (seen_) => { for (const policy of all(infraOf(seen_), 'CiliumNetworkPolicy').filter(({ metadata }) => metadata.namespace === 'harbor')) delete plain(policy.spec)['egress']; }, /its own policies do not let it out/],
  ['a consumer in another cluster, of a pooler that is not shared', (seen_) => { stranger(seen_, 'harbor-pooler.cnpg-system.svc.cluster.local'); }, /apps messaging\/stranger: harbor-pooler.cnpg-system.svc.cluster.local is not there in apps/],
  ['a pooler whose mirror is gone in the other cluster', (seen_) => { const apps = appsOf(seen_); Object.assign(apps, { objects: apps.objects.filter(({ kind, metadata }) => kind !== 'Service' || metadata.name !== 'gitlab-pooler') }); }, /apps gitlab-system\/gitlab: gitlab-pooler\.cnpg-system\.svc\.cluster\.local is not there in apps/],
  ['a consumer in the other cluster with the password of another item', (seen_) => { const secret = all(appsOf(seen_), 'ExternalSecret').find(({ metadata }) => metadata.name === 'gitlab-db-credentials'); if (secret !== undefined) ref(secret, 'password')['key'] = 'kubernetes/apps/gitlab/db'; }, /gitlab-system\/gitlab: gitlab-db-credentials holds the password of kubernetes\/apps\/gitlab\/db#password/],
  ['a consumer in the other cluster that begins without it', (seen_) => { const apps = appsOf(seen_); delete plain(apps.units.find(({ name }) => name === 'cross-cluster')?.object.metadata.labels)['task/needs']; }, /gitlab-system\/gitlab: it may begin before its data is restored/],
  ['a way past the poolers for somebody who says nowhere who it is', (seen_) => {
    plain(at(one(infraOf(seen_), 'Cluster', 'shared-postgres').spec, 'managed'))['services'] = { additional: [{ selectorType: 'rw', serviceTemplate: { metadata: { name: 'shared-postgres-direct', annotations: { 'service.cilium.io/global': 'true' } } } }] };
    stranger(seen_, 'shared-postgres-direct.cnpg-system.svc.cluster.local');
  }, /shared-postgres-direct\.cnpg-system\.svc\.cluster\.local goes past the poolers, and nobody says for whom/],
  ['a consumer nobody knew of, without a password', (seen_) => { stranger(seen_, 'gitlab-pooler.cnpg-system.svc.cluster.local'); }, /messaging\/stranger: it does not say where its password is/],
];

describe('consumers of the shared PostgreSQL', () => {
  test('those who keep something there are found in the tree', () => {
    expect([...new Set(consumersOf(seen()).map(({ cluster, object }) => `${cluster.name} ${object.metadata.namespace ?? ''}/${object.metadata.name}`))]).toEqual(expect.arrayContaining(['infra keycloak-system/keycloak', 'infra harbor/harbor', 'apps gitlab-system/gitlab']));
  });
  test('all of them agree with everything they stand on', () => { expect(disagreements(seen())).toEqual([]); });
  test('databases nobody asks for are the two that were decided to be there beforehand', () => {
    expect(unused(seen())).toEqual(['mattermost', 'synergyflow']);
  });
  test.each(MISTAKES)('%s is found', (_, plant, says) => {
    const wrong = seen();
    plant(wrong);
    expect(disagreements(wrong).some((trouble) => says.test(trouble)), disagreements(wrong).join('\n')).toBe(true);
  });
});
