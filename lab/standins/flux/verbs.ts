/** What the flux stand-in does with a cluster. */
import type { KubeObject, Ref } from '../../world/types.ts';
import { at, conditionOf, list, plain, text } from '../../catalog/data.ts';
import { labSpeed, LOOK_MS, openCluster, sleep, type KubeApi } from '../kubeapi.ts';
import { durationMs, Exit, Unmodelled, type Parsed } from '../shared/flags.ts';

interface Kind { readonly apiVersion: string; readonly kind: string; readonly human: string; readonly low: string; readonly plural: string }
const SOURCE = 'source.toolkit.fluxcd.io/v1';
const KINDS: readonly (Kind & { readonly words: readonly string[] })[] = [
  { words: ['source git', 'sources git'], apiVersion: SOURCE, kind: 'GitRepository', human: 'GitRepository', low: 'source git', plural: 'gitrepositories' },
  { words: ['source oci', 'sources oci'], apiVersion: SOURCE, kind: 'OCIRepository', human: 'OCIRepository', low: 'source oci', plural: 'ocirepositories' },
  { words: ['source helm', 'sources helm'], apiVersion: SOURCE, kind: 'HelmRepository', human: 'HelmRepository', low: 'source helm', plural: 'helmrepositories' },
  { words: ['source chart', 'sources chart'], apiVersion: SOURCE, kind: 'HelmChart', human: 'HelmChart', low: 'source chart', plural: 'helmcharts' },
  { words: ['kustomization', 'kustomizations', 'ks'], apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', human: 'Kustomization', low: 'kustomization', plural: 'kustomizations' },
  { words: ['helmrelease', 'helmreleases', 'hr'], apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', human: 'HelmRelease', low: 'helmrelease', plural: 'helmreleases' },
];

function kindOf(args: readonly string[]): readonly [Kind, string | undefined] {
  for (const count of [2, 1]) {
    const kind = KINDS.find((entry) => entry.words.includes(args.slice(0, count).join(' ')));
    if (kind !== undefined) return [kind, args[count]];
  }
  throw new Unmodelled('flux', `kind ${args.slice(0, 2).join(' ')}`);
}

async function must(cluster: KubeApi, ref: Ref, kind: Kind): Promise<KubeObject> {
  const object = await cluster.get(ref);
  if (object === undefined) throw new Exit(1, `${kind.plural}.${kind.apiVersion.split('/')[0]} "${ref.name}" not found`);
  return object;
}

async function reconcile(cluster: KubeApi, kind: Kind, ref: Ref, flags: Parsed): Promise<void> {
  const err = (line: string): void => { process.stderr.write(`${line}\n`); };
  const object = await must(cluster, ref, kind);
  if (at(object.spec, 'suspend') === true) throw new Exit(1, 'resource is suspended');
  if (flags.bool('with-source')) {
    const source = plain(at(object.spec, 'sourceRef') ?? at(object.spec, 'chartRef'));
    const name = text(source['name']);
    if (name !== undefined) {
      const [sourceKind] = kindOf([`source ${String(source['kind']) === 'GitRepository' ? 'git' : 'oci'}`]);
      await reconcile(cluster, sourceKind, { apiVersion: sourceKind.apiVersion, kind: sourceKind.kind, name, namespace: text(source['namespace']) ?? ref.namespace ?? '' }, { ...flags, bool: () => false });
    }
  }
  err(`► annotating ${kind.human} ${ref.name} in ${ref.namespace ?? ''} namespace`);
  const moment = new Date().toISOString();
  const also = kind.kind === 'HelmRelease' ? { ...(flags.bool('force') ? { 'reconcile.fluxcd.io/forceAt': moment } : {}), ...(flags.bool('reset') ? { 'reconcile.fluxcd.io/resetAt': moment } : {}) } : {};
  await cluster.merge(ref, { metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': moment, ...also } } });
  err(`✔ ${kind.human} annotated`);
  err(`◎ waiting for ${kind.human} reconciliation`);
  const until = performance.now() + (durationMs(flags.text('timeout')) ?? 300_000) / labSpeed();
  for (;;) {
    const now = await must(cluster, ref, kind);
    const ready = conditionOf(now, 'Ready');
    if (text(now.status?.['lastHandledReconcileAt']) === moment && ready !== undefined && ready['status'] !== 'Unknown') {
      if (ready['status'] !== 'True') throw new Exit(1, `${kind.human} reconciliation failed: ${String(ready['message'])}`);
      const revision = text(at(now.status, 'artifact.revision')) ?? text(now.status?.['lastAppliedRevision']) ?? text(now.status?.['lastAttemptedRevision']) ?? '';
      err(`✔ ${doneWord(kind)} revision ${revision}`);
      return;
    }
    if (performance.now() >= until) throw new Exit(1, `context deadline exceeded: ${kind.human} reconciliation did not end: ${String(ready?.['message'] ?? 'no status yet')}`);
    await sleep(LOOK_MS);
  }
}

function revisionOf(object: KubeObject): string {
  const chart = text(at(list(object.status?.['history'])[0], 'chartVersion'));
  return chart ?? text(at(object.status, 'artifact.revision')) ?? text(object.status?.['lastAppliedRevision']) ?? '';
}
/** The table flux prints: blanks between columns, a tab after each. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, index) => { widths[index] = Math.max(widths[index] ?? 0, cell.length); });
  return rows.map((row) => `${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('\t')}\t\n`).join('');
}
/** Digests as flux shows them: the first eight digits. */
const short = (value: string): string => value.replaceAll(/(sha1|sha256):([0-9a-f]{8})[0-9a-f]{32,56}/g, '$1:$2');
async function get(cluster: KubeApi, kind: Kind, name: string | undefined, flags: Parsed): Promise<void> {
  const wide = flags.bool('all-namespaces');
  const namespace = wide ? undefined : flags.text('namespace');
  const items = (await cluster.listAll(kind.apiVersion, kind.kind, namespace)).filter((object) => name === undefined || object.metadata.name === name)
    .toSorted((a, b) => `${a.metadata.namespace ?? ''}/${a.metadata.name}`.localeCompare(`${b.metadata.namespace ?? ''}/${b.metadata.name}`));
  if (items.length === 0) {
    if (name !== undefined) throw new Exit(1, `${kind.human} object '${name}' not found in ${namespace === undefined ? 'any' : `"${namespace}"`} namespace`);
    throw new Exit(1, `no ${kind.human} objects found in ${namespace === undefined ? 'any' : `"${namespace}"`} namespace`);
  }
  const rows = items.map((object) => {
    const ready = conditionOf(object, 'Ready');
    const suspend = at(object.spec, 'suspend') === true ? 'True' : 'False';
    return [...(wide ? [object.metadata.namespace ?? ''] : []), object.metadata.name, short(revisionOf(object)), suspend, String(ready?.['status'] ?? 'False'), short(String(ready?.['message'] ?? 'waiting to be reconciled'))];
  });
  const header = [...(wide ? ['NAMESPACE'] : []), 'NAME', 'REVISION', 'SUSPENDED', 'READY', 'MESSAGE'];
  process.stdout.write(columns(flags.bool('no-header') ? rows : [header, ...rows]));
}

/** After a resume flux waits until the object is reconciled again. */
async function resumed(cluster: KubeApi, kind: Kind, ref: Ref, flags: Parsed): Promise<void> {
  process.stderr.write(`◎ waiting for ${kind.human} reconciliation\n`);
  const until = performance.now() + (durationMs(flags.text('timeout')) ?? 300_000) / labSpeed();
  for (;;) {
    const object = await must(cluster, ref, kind);
    const ready = conditionOf(object, 'Ready');
    if (object.status?.['observedGeneration'] === object.metadata.generation && ready !== undefined && ready['status'] !== 'Unknown') {
      if (ready['status'] !== 'True') throw new Exit(1, `${kind.human} reconciliation failed: ${String(ready['message'])}`);
      process.stderr.write(`✔ ${kind.human} ${ref.name} reconciliation completed\n✔ ${doneWord(kind)} revision ${revisionOf(object)}\n`);
      return;
    }
    if (performance.now() >= until) throw new Exit(1, 'context deadline exceeded');
    await sleep(LOOK_MS);
  }
}
const doneWord = (kind: Kind): string => (kind.apiVersion === SOURCE ? 'fetched' : 'applied');

/** reconcile, get, suspend and resume. Throws Exit as flux ends, Unmodelled for what the stand-in does not know. */
export async function act(verb: string, args: readonly string[], flags: Parsed): Promise<void> {
  const kubeconfig = flags.text('kubeconfig') || process.env['KUBECONFIG'] || `${process.env['HOME'] ?? ''}/.kube/config`;
  const [kind, name] = kindOf(args);
  const cluster = openCluster(kubeconfig, flags.given('context') ? flags.text('context') : undefined, 'flux');
  try {
    if (verb === 'get') { await get(cluster, kind, name, flags); return; }
    if (name === undefined && !flags.bool('all')) throw new Exit(1, `${kind.human.toLowerCase()} name is required`);
    const names = name === undefined ? (await cluster.listAll(kind.apiVersion, kind.kind, flags.text('namespace'))).map((object) => object.metadata.name) : [name];
    for (const one of names) {
      const ref: Ref = { apiVersion: kind.apiVersion, kind: kind.kind, name: one, namespace: flags.text('namespace') };
      if (verb === 'reconcile') { await reconcile(cluster, kind, ref, flags); continue; }
      await must(cluster, ref, kind);
      process.stderr.write(`► ${verb === 'suspend' ? 'suspending' : 'resuming'} ${kind.low} ${one} in ${ref.namespace ?? ''} namespace\n`);
      await cluster.merge(ref, { spec: { suspend: verb === 'suspend' ? true : null } });
      process.stderr.write(`✔ ${kind.low} ${verb === 'suspend' ? 'suspended' : 'resumed'}\n`);
      if (verb === 'resume') await resumed(cluster, kind, ref, flags);
    }
  } finally { cluster.close(); }
}
