import { createHash } from 'node:crypto';
import { readReference } from '../config/reference.ts';
import { Failure } from '../engine/failure.ts';
import { KINDS } from '../tools/kinds.ts';
import { pemOf } from '../tools/talos-bundle.ts';
import type { Cx } from './context.ts';
import type { Action } from './task.ts';

/** The Secret that holds what every cluster of the mesh has to share (docs/runbooks/clustermesh-dns.md). */
const SECRET = { name: 'cilium-ca', namespace: 'kube-system' } as const;

/** Keeps the mesh's authority, as a cluster lives with it, in the item the other clusters take it from. */
const opClustermesh: Action = async (cx) => {
  const cluster = cx.clusters[0];
  if (cluster === undefined) throw new Failure({ exit: 'usage', what: 'no cluster was chosen', hint: 'task op:clustermesh CLUSTER=infra' });
  const context = cx.forCluster(cluster, 'op-clustermesh');
  const item = itemOf(context);
  const live = await liveValues(context, Object.keys(item.fields), (value) => cx.redactor.add(value));
  const stored = await context.doors.op.read(Object.values(item.fields), item.account);
  for (const value of stored.values.values()) cx.redactor.add(value);
  const missing = Object.entries(item.fields).filter(([, reference]) => !stored.values.has(reference));
  const different = Object.entries(item.fields).filter(([key, reference]) => stored.values.has(reference) && !same(stored.values.get(reference) ?? '', live.get(key) ?? ''));
  const authority = `sha256 ${digest(live.get('ca.crt') ?? '').slice(0, 16)}`;
  const said = { cluster: cluster.name, item: `op://${item.vault}/${item.title}`, authority };
  if (different.length > 0) {
    throw new Failure({
      exit: 'look', what: `op://${item.vault}/${item.title} holds another authority than ${cluster.name} lives with`, because: `${different.map(([key]) => key).join(' and ')} ${different.length === 1 ? 'differs' : 'differ'}; the cluster's is ${authority}…`,
      hint: 'clusters trust each other only by one authority: find out which of them the others have (task cluster:status), and correct the item by hand; nothing was changed',
    });
  }
  if (missing.length === 0) return { exit: 'done', result: { ...said, made: false }, render: (style) => [`${style.green('✔')} ${said.item} is the authority ${cluster.name} lives with (${authority}…)`] };
  if (missing.length < Object.keys(item.fields).length) throw new Failure({ exit: 'rerun', what: `op://${item.vault}/${item.title} lacks ${missing.map(([, reference]) => reference.split('/').at(-1)).join(', ')}`, because: stored.failed.map(({ because }) => because).join('; '), hint: 'an item that is there is not changed by this program: add the field by hand; nothing was changed' });
  if (!stored.failed.every(({ because }) => /isn't an item|item not found|no item/i.test(because))) throw new Failure({ exit: 'rerun', what: `whether op://${item.vault}/${item.title} is there cannot be told`, because: stored.failed.map(({ because }) => because).join('; '), hint: 'op vault list shows which vaults can be seen; nothing was changed' });
  const fields = Object.fromEntries(Object.entries(item.fields).map(([key, reference]) => [reference.split('/').at(-1) ?? key, live.get(key) ?? '']));
  await context.doors.op.create?.({ vault: item.vault, title: item.title, fields }, item.account);
  return { exit: 'done', result: { ...said, made: !cx.flags.dryRun }, render: (style) => [cx.flags.dryRun ? `would make ${said.item} of the authority ${cluster.name} lives with (${authority}…)` : `${style.green('✔')} ${said.item} was made of the authority ${cluster.name} lives with (${authority}…)`] };
};
export default opClustermesh;

interface Item { readonly vault: string; readonly title: string; readonly account: string | undefined; /** Key of the Secret to reference. */ readonly fields: Readonly<Record<string, string>> }

/** The item bootstrap/secrets.yaml takes the authority from. Throws a Failure (65) when it is not one item of 1Password. */
function itemOf(cx: Cx): Item {
  const secret = cx.site.bootstrap.secrets.find(({ name, namespace }) => name === SECRET.name && namespace === SECRET.namespace);
  const places = Object.entries(secret?.data ?? {}).map(([key, reference]) => ({ key, place: readReference(reference) }));
  const items = places.map(({ key, place }) => (place?.store === '1password' ? { key, reference: place.reference, account: place.account, item: place.reference.split('/').slice(2, 4).join('/') } : undefined));
  const first = items[0];
  if (first === undefined || !items.every((each) => each?.item === first.item && each.reference.split('/').length === 5)) {
    throw new Failure({ exit: 'configuration', what: `${SECRET.namespace}/${SECRET.name} is not kept in one item of 1Password`, because: 'bootstrap/secrets.yaml says where', hint: 'ca.crt: op://vault/item/CA_CRT, ca.key: op://vault/item/CA_KEY' });
  }
  const [vault = '', title = ''] = first.item.split('/');
  return { vault, title, account: first.account, fields: Object.fromEntries(items.flatMap((each) => (each === undefined ? [] : [[each.key, each.reference]]))) };
}

async function liveValues(cx: Cx, keys: readonly string[], known: (value: string) => void): Promise<ReadonlyMap<string, string>> {
  const secret = await cx.looking.kube.get(KINDS.Secret, SECRET.name, SECRET.namespace);
  const data: unknown = secret?.['data'];
  const values = new Map<string, string>();
  for (const key of keys) {
    const encoded: unknown = typeof data === 'object' && data !== null ? Reflect.get(data, key) : undefined;
    if (typeof encoded !== 'string' || encoded === '') throw new Failure({ exit: 'rerun', what: `${cx.cluster.name} has no ${key} in ${SECRET.namespace}/${SECRET.name}`, hint: `task bootstrap:crds CLUSTER=${cx.cluster.name} makes it from bootstrap/secrets.yaml` });
    const value = Buffer.from(encoded, 'base64').toString('utf8');
    known(encoded);
    known(value);
    values.set(key, value);
  }
  return values;
}

/** Stores give and take the last line's end. Compared by digest, so that no value is in an error. */
function same(a: string, b: string): boolean {
  return digest(a) === digest(b);
}
function digest(text: string): string {
  return createHash('sha256').update(pemOf(text).trim()).digest('hex');
}
