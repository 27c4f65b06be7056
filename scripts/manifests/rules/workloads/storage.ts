import type { Path } from '../../../config/source.ts';
import { listed, meant } from '../../../config/words.ts';
import type { Built, Found, Rule, View } from '../../model.types.ts';
import { isBuiltIn } from '../../index/kinds.ts';
import { indexOf, type Index } from '../../index/index.ts';
import { at, entries, fields, groupOf, isFields, isHole, items, kindOf, text, type Fields } from '../../index/read.ts';

type Finding = Omit<Found, 'rule'>;
const CLASS = 'storage.k8s.io/StorageClass';
const CLAIM = 'PersistentVolumeClaim';

/** Classes that distributions bring with them. */
const BROUGHT: ReadonlySet<string> = new Set(['local-path', 'standard', 'standard-rwo', 'premium-rwo', 'gp2', 'gp3', 'default', 'managed', 'managed-csi', 'managed-premium', 'azurefile', 'azurefile-csi', 'do-block-storage', 'hcloud-volumes', 'linode-block-storage', 'linode-block-storage-retain', 'csi-cinder-sc-delete', 'microk8s-hostpath', 'hostpath']);

/** Provisioners whose volumes one node has at a time (with a file system on them). */
const ONE_NODE: ReadonlySet<string> = new Set(['openebs.io/local', 'rancher.io/local-path', 'kubernetes.io/no-provisioner', 'local.csi.openebs.io', 'zfs.csi.openebs.io', 'topolvm.io', 'ebs.csi.aws.com', 'pd.csi.storage.gke.io', 'disk.csi.azure.com', 'csi.hetzner.cloud', 'dobs.csi.digitalocean.com']);
const MODES = ['ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod'];

/** A claim, or the template of claims. */
interface Claim { readonly built: Built; readonly spec: Fields; readonly path: Path }

function* claims(index: Index): Iterable<Claim> {
  for (const built of index.kind(CLAIM)) yield { built, spec: fields(built.object['spec']), path: ['spec'] };
  for (const built of index.kind('apps/StatefulSet')) for (const { entry, index: position } of entries(at(built.object['spec'], 'volumeClaimTemplates'))) yield { built, spec: fields(entry['spec']), path: ['spec', 'volumeClaimTemplates', position, 'spec'] };
  for (const pods of index.pods) {
    if (pods.path === undefined) continue;
    for (const { entry, index: position } of entries(pods.spec['volumes'])) {
      const spec = at(entry, 'ephemeral', 'volumeClaimTemplate', 'spec');
      if (isFields(spec)) yield { built: pods.built, spec, path: [...pods.path, 'spec', 'volumes', position, 'ephemeral', 'volumeClaimTemplate', 'spec'] };
    }
  }
}

/** Where objects of other kinds, and values of releases, name a class. */
function* named(value: unknown, path: Path): Iterable<{ readonly name: string; readonly path: Path }> {
  if (Array.isArray(value)) {
    for (const [position, each] of value.entries()) if (typeof each === 'object') yield* named(each, [...path, position]);
    return;
  }
  if (!isFields(value)) return;
  for (const [key, each] of Object.entries(value)) {
    if (typeof each === 'object') yield* named(each, [...path, key]);
    else if (key === 'storageClassName' || key === 'storageClass') {
      const name = text(each);
      if (name !== undefined) yield { name, path: [...path, key] };
    }
  }
}

export const storageClass: Rule = {
  id: 'storage-class',
  severity: 'error',
  summary: 'Storage classes that claims name exist.',
  why: 'The volume is never made, and its pod stays Pending.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    const known = index.names(CLASS, '');
    // Without a class of its own the tree lives on those of the machines or the distribution.
    if (known.length === 0) return;
    const judged = function* (built: Built, name: string, path: Path): Iterable<Finding> {
      // '' says: none at all; '-' says that to many charts.
      if (name === '' || name === '-' || name.includes('{{') || BROUGHT.has(name) || index.exists(CLASS, '', name) !== false) return;
      yield { built, path, message: `nobody makes StorageClass ${name}`, hint: meant(name, known, `there is ${listed(known)}`) };
    };
    for (const { built, spec, path } of claims(index)) {
      const name = text(spec['storageClassName']);
      if (name !== undefined) yield* judged(built, name, [...path, 'storageClassName']);
    }
    for (const built of view.all) {
      const group = groupOf(built.object.apiVersion);
      if (isBuiltIn(group) || built.release !== undefined || group.endsWith('.toolkit.fluxcd.io') !== (kindOf(built.object) === 'helm.toolkit.fluxcd.io/HelmRelease')) continue;
      for (const { name, path } of named(built.object['spec'], ['spec'])) yield* judged(built, name, path);
    }
  },
};

export const accessMode: Rule = {
  id: 'access-mode',
  severity: 'error',
  summary: 'Claims ask for access their storage class can give.',
  why: 'The volume is never made, and its pod stays Pending.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const { built, spec, path } of claims(index)) {
      const name = text(spec['storageClassName']);
      const provisioner = name === undefined ? undefined : text(index.find(CLASS, '', name)?.object['provisioner']);
      for (const [position, mode] of items(spec['accessModes']).entries()) {
        const where = [...path, 'accessModes', position];
        if (isHole(mode)) continue;
        if (!MODES.includes(String(mode))) yield { built, path: where, message: `${String(mode)} is no access mode`, hint: meant(String(mode), MODES, `there is ${listed(MODES)}`) };
        else if (mode === 'ReadWriteMany' && provisioner !== undefined && spec['volumeMode'] !== 'Block' && (ONE_NODE.has(provisioner) || provisioner.endsWith('.rbd.csi.ceph.com'))) {
          yield { built, path: where, message: `storage class ${name ?? ''} (${provisioner}) gives a volume to one node at a time, not ReadWriteMany`, hint: 'ask for ReadWriteOnce, or use a class with a shared file system' };
        }
      }
    }
  },
};

export const volumeClaim: Rule = {
  id: 'volume-claim',
  severity: 'error',
  summary: 'Claims that pods mount exist, and so does what a claim is filled from.',
  why: 'The pod stays Pending until somebody makes it.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const pods of index.pods) {
      if (pods.path === undefined || pods.built.release !== undefined) continue;
      for (const { entry, index: position } of entries(pods.spec['volumes'])) {
        const name = text(at(entry, 'persistentVolumeClaim', 'claimName'));
        if (name === undefined || claimExists(index, pods.namespace, name) !== false) continue;
        yield { built: pods.built, path: [...pods.path, 'spec', 'volumes', position, 'persistentVolumeClaim', 'claimName'], message: `nobody makes claim ${pods.namespace}/${name}`, hint: meant(name, index.names(CLAIM, pods.namespace), `add a PersistentVolumeClaim in ${pods.namespace}`) };
      }
    }
    for (const { built, spec, path } of claims(index)) {
      const from = fields(spec['dataSourceRef']);
      const [group, kind, name] = [text(from['apiGroup']) ?? '', text(from['kind']), text(from['name'])];
      const namespace = text(from['namespace']) ?? index.namespaceOf(built);
      // Snapshots are often made by hand or by schedule; these two are not.
      if (name === undefined || !(kind === CLAIM ? group === '' : `${group}/${kind ?? ''}` === 'volsync.backube/ReplicationDestination')) continue;
      const key = kind === CLAIM ? CLAIM : `${group}/${kind ?? ''}`;
      if (index.exists(key, namespace, name) === false) yield { built, path: [...path, 'dataSourceRef', 'name'], message: `nobody makes ${kind ?? ''} ${namespace}/${name}, which the claim is filled from`, hint: meant(name, index.names(key, namespace), `add it in ${namespace}`) };
    }
  },
};

/** A claim of its own, or one that a StatefulSet makes for each of its pods. */
function claimExists(index: Index, namespace: string, name: string): boolean | undefined {
  const made = index.kindIn('apps/StatefulSet', namespace).some(({ object }) => entries(at(object['spec'], 'volumeClaimTemplates')).some(({ entry }) => name.startsWith(`${String(at(entry, 'metadata', 'name'))}-${object.metadata.name}-`)));
  return made ? true : index.exists(CLAIM, namespace, name);
}

export const claimShared: Rule = {
  id: 'claim-shared',
  severity: 'warning',
  summary: 'A claim for one node is mounted by one pod.',
  why: 'The second pod waits for ever as soon as it is placed on another node.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const pods of index.pods) {
      if (pods.path === undefined || kindOf(pods.built.object) !== 'apps/Deployment' || pods.replicas === undefined || pods.replicas < 2) continue;
      for (const { entry, index: position } of entries(pods.spec['volumes'])) {
        const name = text(at(entry, 'persistentVolumeClaim', 'claimName'));
        const claim = name === undefined ? undefined : index.find(CLAIM, pods.namespace, name);
        const modes = items(at(claim?.object['spec'], 'accessModes'));
        if (claim === undefined || modes.length === 0 || modes.some((mode) => isHole(mode) || mode === 'ReadWriteMany' || mode === 'ReadOnlyMany')) continue;
        yield {
          built: pods.built, path: [...pods.path, 'spec', 'volumes', position, 'persistentVolumeClaim', 'claimName'], message: `${pods.replicas} pods mount claim ${name ?? ''}, which is for one node (${modes.map(String).join(', ')})`, hint: 'run one pod, or let the claim be ReadWriteMany',
          related: [{ what: 'the claim', source: claim.origin.source }],
        };
      }
    }
  },
};
