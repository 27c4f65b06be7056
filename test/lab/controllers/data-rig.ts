/** A cluster with the lab's own data sets, applied without Flux: stores outlive it, so that the next one can be restored from them. */
import { join, resolve } from 'node:path';
import { cloudnativePgCrds, snapshotCrds } from '../../../lab/catalog/crd-tables.ts';
import { isCrd } from '../../../lab/catalog/install.ts';
import { buildFluxKustomization } from '../../../lab/flux/build.ts';
import { fixtureTree, noData, worldData, type WorldData } from '../../../lab/world/data.ts';
import type { KubeObject } from '../../../lab/world/types.ts';
import { readyCluster, type Rig } from './rig.ts';

const CHECKOUT = resolve(import.meta.dirname, '../../..');
const tree = fixtureTree(join(CHECKOUT, 'lab', 'fixture'));
export const NAMESPACE = 'lab-data';
export const VOLSYNC = 'volsync.backube/v1alpha1';
export const POSTGRES = 'postgresql.cnpg.io/v1';
export const REPOSITORY = 's3:http://192.0.2.3:9000/backups/infra/volumes/ledger';

export interface DataRig extends Rig {
  readonly world: WorldData;
  of(apiVersion: string, kind: string, name: string): KubeObject;
  /** Content of the claim's volume. */
  inside(claim: string): Readonly<Record<string, string>>;
  put(object: KubeObject): void;
  /** Lets simulated time pass, a second at a time, until something holds; throws after `most` ms. */
  until(what: string, holds: () => boolean, most?: number): Promise<void>;
}
const base64 = (data: Readonly<Record<string, string>>): Record<string, string> => Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
export const namespaced = (apiVersion: string, kind: string, name: string, spec: Readonly<Record<string, unknown>>): KubeObject => ({ apiVersion, kind, metadata: { name, namespace: NAMESPACE }, spec });

/** `world`: of an earlier cluster, for its stores. `parts`: folders below lab/fixture/kubernetes that are applied. */
export async function dataCluster(options: { readonly world?: WorldData; readonly mode?: 'fresh' | 'restore'; readonly generation?: string; readonly from?: string; readonly parts?: readonly string[] } = {}): Promise<DataRig> {
  const world = options.world ?? worldData(noData(), () => undefined);
  const data = world.of('infra');
  const r = await readyCluster(data);
  const mode = options.mode ?? 'fresh';
  for (const crd of [...cloudnativePgCrds(), ...snapshotCrds()]) r.store.create(crd);
  for (const name of [NAMESPACE, 'cnpg-system', 'volsync-system']) r.store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  for (const name of ['barman-cloud-client-tls', 'barman-cloud-server-tls']) r.store.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'cnpg-system' }, data: {} });
  r.store.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'ledger-restic', namespace: NAMESPACE }, data: base64({ RESTIC_REPOSITORY: REPOSITORY, RESTIC_PASSWORD: 'a password' }) });
  const files = await tree.files('', 'kubernetes');
  const variables = {
    CLUSTER: 'infra', MINIO_ADDRESS: '192.0.2.3', BLOCK_SC: 'block', OPENEBS_LOCAL_SC: 'local', EXTERNAL_SECRET_STORE: 'store', DATA_MODE: mode, DATA_GENERATION: options.generation ?? 'one', DATA_FROM: options.from ?? 'none',
  };
  const parts = options.parts ?? ['operators/volsync/app', 'operators/cloudnative-pg/app', 'operators/barman-cloud/app', `data/ledger/${mode}`, 'data/ledger/backup', `data/orders/${mode}`];
  const objects = parts.flatMap((part) => buildFluxKustomization(part, { path: `./kubernetes/${part}` }, files, variables)).filter(({ kind }) => !['ExternalSecret', 'Certificate', 'Issuer', 'Namespace'].includes(kind));
  for (const crd of objects.filter(isCrd)) r.store.apply(crd, { manager: 'test', force: true });
  await r.clock.advance(2_000);
  for (const object of objects.filter((each) => !isCrd(each))) r.store.apply(object, { manager: 'test', force: true });
  const out: DataRig = Object.assign(r, {
    world,
    of: (apiVersion: string, kind: string, name: string) => r.get(apiVersion, kind, name, NAMESPACE),
    inside: (claim: string) => data.contents[r.get('v1', 'PersistentVolumeClaim', claim, NAMESPACE).metadata.uid ?? ''] ?? {},
    put: (object: KubeObject) => { r.store.apply(object, { manager: 'test', force: true }); },
    async until(what: string, holds: () => boolean, most = 15 * 60_000) {
      for (const from = r.clock.now(); !holds(); await r.clock.advance(1_000)) if (r.clock.now() - from > most) throw new Error(`after ${most / 1000} s: not ${what}`);
    },
  });
  return out;
}
export const statusOf = (object: KubeObject): Readonly<Record<string, unknown>> => object.status ?? {};
export const logsOf = (object: KubeObject): string => String(Object.entries(object.status?.['latestMoverStatus'] ?? {}).find(([key]) => key === 'logs')?.[1] ?? '');
