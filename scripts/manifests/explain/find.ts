import { listed, nearest } from '../../config/words.ts';
import { Failure } from '../../engine/failure.ts';
import { idOf } from '../../health/objects.ts';
import { readable } from '../build/index.ts';
import type { Built, Release, Tree } from '../model.types.ts';

/** An object that was meant, in one cluster. */
export interface Hit { readonly tree: Tree; readonly releases: readonly Release[]; readonly built: Built }

/** How people write kinds on a command line, besides the kind itself and its plural. */
const SHORT: Readonly<Record<string, string>> = {
  ks: 'Kustomization', hr: 'HelmRelease', cm: 'ConfigMap', svc: 'Service', deploy: 'Deployment', sts: 'StatefulSet', ds: 'DaemonSet', po: 'Pod', ns: 'Namespace', pvc: 'PersistentVolumeClaim', pv: 'PersistentVolume', sc: 'StorageClass',
  sa: 'ServiceAccount', ing: 'Ingress', netpol: 'NetworkPolicy', cnp: 'CiliumNetworkPolicy', ccnp: 'CiliumClusterwideNetworkPolicy', hpa: 'HorizontalPodAutoscaler', pdb: 'PodDisruptionBudget', crd: 'CustomResourceDefinition', cj: 'CronJob', es: 'ExternalSecret', css: 'ClusterSecretStore', gtw: 'Gateway', cert: 'Certificate',
};

/** `[Kind/]namespace/name`, `Kind/name`, `name`, with a space for the first slash too: every way it can be understood. */
function readings(text: string): readonly { readonly kind: string | undefined; readonly namespace: string | undefined; readonly name: string }[] {
  const parts = text.trim().replace(/^(\S+)\s+/, '$1/').split('/').filter((part) => part !== '');
  const [a = '', b = '', c = ''] = parts;
  if (parts.length === 3) return [{ kind: a, namespace: b, name: c }];
  if (parts.length === 2) return [{ kind: undefined, namespace: a, name: b }, { kind: a, namespace: undefined, name: b }];
  return parts.length === 1 ? [{ kind: undefined, namespace: undefined, name: a }] : [];
}

function isKind(kind: string, word: string): boolean {
  const [own, said] = [kind.toLowerCase(), word.toLowerCase()];
  return own === said || SHORT[said]?.toLowerCase() === own || [`${own}s`, `${own}es`, own.replace(/y$/, 'ies')].includes(said);
}

/** Objects a name means, in all the trees; the first way of reading it that finds any. Throws Failure (64) with what is near when there is none. */
export function findObjects(trees: readonly { readonly tree: Tree; readonly releases: readonly Release[] }[], text: string): readonly Hit[] {
  const all = trees.flatMap(({ tree, releases }): readonly Hit[] => [...tree.objects, ...releases.flatMap((release) => release.rendered ?? [])].map((built) => ({ tree, releases, built })));
  for (const { kind, namespace, name } of readings(text)) {
    const found = all.filter(({ built: { object } }) => object.metadata.name === name && (namespace === undefined || object.metadata.namespace === namespace) && (kind === undefined || isKind(object.kind, kind)));
    if (found.length > 0) return found;
  }
  throw notThere(trees, all, text);
}

const MOST = 6;

function notThere(trees: readonly { readonly tree: Tree; readonly releases: readonly Release[] }[], all: readonly Hit[], text: string): Failure {
  const near = nearObjects(all, text);
  const broken = [...new Set(trees.flatMap(({ tree }) => tree.units.filter((unit) => unit.broken).map((unit) => unit.name)))];
  const unseen = [...new Set(trees.flatMap(({ releases }) => releases.filter((release) => release.rendered === undefined).map((release) => release.name)))];
  const because = [
    ...(broken.length === 0 ? [] : [`${listed(broken.slice(0, MOST))} cannot be built`]),
    ...(unseen.length === 0 ? [] : [`what ${unseen.length === 1 ? `the chart of ${listed(unseen)} makes` : `${unseen.length} charts make`} is not known`]),
  ];
  return new Failure({
    exit: 'usage', what: `there is no object ${text} in ${listed(trees.map(({ tree }) => tree.name))}`, because: because.length === 0 ? undefined : because.join('; '),
    hint: near.length === 0 ? 'write it as Kind/namespace/name; task manifests:build shows all there are' : `did you mean ${near.length === 1 ? near.join('') : `one of ${near.join(', ')}`}?`,
  });
}

/** Ids to be typed that are near: the same name elsewhere, the same letters almost, or what the name is part of. */
function nearObjects(all: readonly Hit[], text: string): readonly string[] {
  const typed = (hit: Hit): string => readable(idOf(hit.built.object)).replace(' ', '/');
  const names = readings(text);
  const wanted = names[0]?.name ?? text;
  const same = all.filter(({ built: { object } }) => object.metadata.name === wanted);
  const close = nearest(wanted, new Set(all.map(({ built }) => built.object.metadata.name)));
  const byLetters = close === undefined ? [] : all.filter(({ built }) => built.object.metadata.name === close);
  const inside = wanted.length < 3 ? [] : all.filter(({ built }) => built.object.metadata.name.includes(wanted));
  const namespace = names.find((each) => each.namespace !== undefined)?.namespace;
  const ranked = [...same, ...byLetters, ...inside].toSorted((a, b) => Number(b.built.object.metadata.namespace === namespace) - Number(a.built.object.metadata.namespace === namespace));
  return [...new Set(ranked.map(typed))].slice(0, MOST);
}
