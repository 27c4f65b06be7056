import { createHash } from 'node:crypto';
import { each } from '../engine/each.ts';
import { keepOf } from './keep.ts';
import type { KubeObject } from '../config/cluster.ts';
import type { HelmRelease, KindRef } from '../tools/doors.ts';
import { KINDS, KINDS_OF, listKey, SECRET } from './kinds.ts';
import { ask, NOT_LOOKED_AT, notReached, type LookContext } from './look.ts';
import { condition, fields, text } from './objects.ts';
import { treeHasMesh, treeOf } from './tree.ts';
import type { Layer, Reading, Snapshot } from './snapshot.types.ts';

export type KubeSide = Pick<Snapshot, 'api' | 'endpoint' | 'lists' | 'releases' | 'secretKeys' | 'authorities' | 'peers'>;

/** Lists in flight at once; a small API server is not the place to show how fast we are. */
const LISTS = 6;
/** After so many lists in a row that failed, the rest is not tried: each would take its own time limit. */
const GIVE_UP = LISTS;

/** Lists somebody follows already (see live.ts): they need not be asked for. */
export type Followed = (kind: KindRef) => readonly KubeObject[] | undefined;

/** What the Kubernetes API says. It is asked first whether it is there at all, so that a dead one costs one time limit. */
export async function readKube(cx: LookContext, asked: ReadonlySet<Layer>, followed: Followed = () => undefined, before: Snapshot['api'] = NOT_LOOKED_AT): Promise<KubeSide> {
  const kinds = kindsOf(asked);
  const secrets = secretsOf(cx, asked);
  const wantsReleases = asked.has('core');
  if (!asked.has('api') && !wantsReleases && kinds.length === 0 && secrets.length === 0) return { api: NOT_LOOKED_AT, lists: {}, releases: NOT_LOOKED_AT, secretKeys: {} };

  const [{ api, barred }, endpoint] = await Promise.all([readApi(cx, before), asked.has('api') && cx.doors.kube.endpoint !== undefined ? ask(cx, 'the name of the endpoint', cx.doors.kube.endpoint) : undefined]);
  const names = endpoint === undefined ? {} : { endpoint };
  const peers = barred === undefined ? await readPeers(cx, asked) : {};
  if (barred !== undefined) {
    return {
      api, ...names, releases: wantsReleases ? barred : NOT_LOOKED_AT,
      lists: Object.fromEntries(kinds.map((kind) => [listKey(kind), barred])),
      secretKeys: Object.fromEntries(secrets.map((secret) => [`${secret.namespace}/${secret.name}`, barred])),
    };
  }
  const [releases, lists] = await Promise.all([
    wantsReleases ? ask(cx, 'the list of Helm releases', () => cx.doors.helm.recorded(cx.site.helmfile.core)) : Promise.resolve<Reading<readonly HelmRelease[]>>(NOT_LOOKED_AT),
    readLists(cx, kinds, followed),
  ]);
  const authorities: Record<string, string> = {};
  const secretKeys = await each(secrets, LISTS, async ({ name, namespace }) => {
    const key = `${namespace}/${name}`;
    const found = await ask(cx, `Secret ${key}`, () => cx.doors.kube.get(SECRET, name, namespace));
    if (!found.ok) return [key, found] as const;
    const data = found.value === null ? null : fields(found.value['data']);
    const authority = text(data?.['ca.crt']);
    if (authority !== undefined) authorities[key] = createHash('sha256').update(Buffer.from(authority, 'base64').toString('utf8').trim()).digest('hex');
    return [key, { ok: true, value: data === null ? null : Object.keys(data) } satisfies Reading<readonly string[] | null>] as const;
  }, cx.signal);
  const requests = asked.has('nodes') && lacksNodes(cx, lists) ? await readLists(cx, [KINDS.certificateRequests]) : {};
  return { api, ...names, ...peers, lists: { ...lists, ...requests }, releases, secretKeys: Object.fromEntries(secretKeys), authorities };
}

/** Layers whose objects may be there for the sake of another cluster. */
const BEYOND: ReadonlySet<Layer> = new Set(['sources', 'kustomizations', 'helmreleases', 'workloads', 'certificates', 'secrets', 'mesh']);

async function readPeers(cx: LookContext, asked: ReadonlySet<Layer>): Promise<Pick<KubeSide, 'peers'>> {
  const { peer } = cx.doors.kube;
  const names = cx.cluster.mesh?.peers ?? [];
  if (peer === undefined || names.length === 0 || ![...asked].some((layer) => BEYOND.has(layer)) || !treeOf(cx).some(({ needsMesh }) => needsMesh)) return {};
  const clusters = cx.site.clusters.filter(({ name }) => names.includes(name));
  return { peers: Object.fromEntries(await Promise.all(clusters.map(async (cluster) => [cluster.name, await peer(cluster)] as const))) };
}

/** A node that is missing or silent may wait for its kubelet's certificate; requests for one are read only then. */
function lacksNodes(cx: LookContext, lists: Snapshot['lists']): boolean {
  const nodes = lists[listKey(KINDS.nodes)];
  return nodes?.ok === true && cx.cluster.machines.some(({ name }) => {
    const node = nodes.value.find((candidate) => candidate.metadata.name === name);
    return node === undefined || condition(node, 'Ready')?.status === 'Unknown';
  });
}

/** Every kind the layers read, once each. */
export function kindsOf(asked: ReadonlySet<Layer>): readonly KindRef[] {
  const unique = new Map<string, KindRef>();
  for (const layer of asked) for (const kind of KINDS_OF[layer]) unique.set(listKey(kind), kind);
  return [...unique.values()];
}

/** Cilium's agents take their peers from the first, whose keys are the peers' names; the others hold the authority that peers trust, and what it signed for the server they come to. */
const MESH_SECRETS = ['cilium-clustermesh', 'cilium-ca', 'clustermesh-apiserver-server-cert'].map((name) => ({ name, namespace: 'kube-system' }));

function secretsOf(cx: LookContext, asked: ReadonlySet<Layer>): readonly { readonly name: string; readonly namespace: string }[] {
  const wanted = [...(asked.has('secrets') ? cx.site.bootstrap.secrets : []), ...(asked.has('mesh') && treeHasMesh(cx.site, cx.cluster) ? MESH_SECRETS : [])];
  return [...new Map(wanted.map((secret) => [`${secret.namespace}/${secret.name}`, secret])).values()];
}

async function readApi(cx: LookContext, before: Snapshot['api']): Promise<{ readonly api: Snapshot['api']; readonly barred: (Reading<never> & { readonly ok: false }) | undefined }> {
  if (!cx.doors.kube.hasKubeconfig()) {
    const barred = notReached(`there is no kubeconfig of ${cx.cluster.name} here`, 'api', `task cluster:kubeconfig CLUSTER=${cx.cluster.name}`);
    return { api: barred, barred };
  }
  const isReady = ask(cx, 'readiness of the Kubernetes API', () => cx.doors.kube.readyz());
  // A version that is known is no reason to ask twice as often; only of an API that is not ready is it asked whether it answers at all.
  const [ready, version] = before.ok && (await isReady).ok
    ? [await isReady, { ok: true, value: before.value.version } as const]
    : await Promise.all([isReady, ask(cx, 'version of the Kubernetes API', () => cx.doors.kube.serverVersion())]);
  const api: Snapshot['api'] = ready.ok && version.ok ? { ok: true, value: { version: version.value } } : ready.ok ? (version.ok ? NOT_LOOKED_AT : version) : ready;
  // An API that is not ready but answers is worth listening to.
  return { api, barred: ready.ok || version.ok ? undefined : notReached(ready.because, 'api') };
}

async function readLists(cx: LookContext, kinds: readonly KindRef[], followed: Followed = () => undefined): Promise<Snapshot['lists']> {
  let inARow = 0;
  const lists = await each(kinds, LISTS, async (kind) => {
    const there = followed(kind);
    if (there !== undefined) return [listKey(kind), { ok: true, value: there }] as const;
    const reading = inARow >= GIVE_UP ? notReached('the lists before it all failed', 'api') : await readList(cx, kind);
    inARow = reading.ok || reading.needs === 'crds' ? 0 : inARow + 1;
    return [listKey(kind), reading] as const;
  }, cx.signal);
  return Object.fromEntries(lists);
}

async function readList(cx: LookContext, kind: KindRef): Promise<Reading<readonly KubeObject[]>> {
  const answer = await ask(cx, `the list of ${listKey(kind)}`, () => cx.doors.kube.list(kind, { keep: keepOf(kind) }));
  if (!answer.ok) return answer;
  if (answer.value.missing) return { ok: false, because: `the API does not know ${kind.kind} (${listKey(kind)})`, needs: 'crds', hint: `kubectl get crd ${listKey(kind)}` };
  // Items of a list come without kind and apiVersion from the real API; everything after this relies on them.
  return { ok: true, value: answer.value.items.map((item) => ({ ...item, apiVersion: kind.apiVersion, kind: kind.kind })) };
}
