import type { Release } from '../model.types.ts';
import { isFields } from './read.ts';

/**
 * How well-known charts call what they make, where that is not after the release: from their templates, and from what their
 * programs make while they run (certificates of webhooks, accounts). With it a chart that is not here can be ruled out as the maker of an
 * object by its name. A chart that bundles others it does not choose itself is not in here: it could make anything.
 */
const CHARTS: Readonly<Record<string, RegExp>> = {
  'app-template': /^(?!)/,
  'cert-manager': /cert-?manager/,
  'cilium': /cilium|hubble|clustermesh|spire/,
  'cloudnative-pg': /cnpg|cloudnative-pg/,
  'coredns': /coredns|kube-dns/,
  'dragonfly-operator': /dragonfly/,
  'external-dns': /external-dns/,
  'external-secrets': /external-?secret|secret-?store/,
  'fluent-bit': /fluent-bit/,
  'flux-instance': /flux|-controller$|source-watcher|webhook-receiver/,
  'flux-operator': /flux/,
  'gateway-crds-helm': /gateway/,
  'gha-runner-scale-set': /arc|gha|runner/,
  'gha-runner-scale-set-controller': /arc|gha|runner/,
  // It brings its own ingress, certificates, registry and stores.
  'gitlab': /gitlab|ingress|nginx|traefik|envoy|gateway|haproxy|cert-?manager|acme|prometheus|postgres|redis|minio|registry|openbao|zoekt/,
  'gitlab-runner': /gitlab|runner/,
  'harbor': /harbor|trivy/,
  'keycloak-operator': /keycloak/,
  'metrics-server': /metrics-server|metrics\.k8s\.io/,
  'openebs': /openebs|localpv|lvm|zfs|mayastor|loki|alloy|minio|nats|etcd/,
  'plugin-barman-cloud': /barman/,
  'prometheus-operator-crds': /^(?!)/,
  'reloader': /reloader/,
  'rook-ceph': /rook|ceph|rbd|csi|objectstorage/,
  'rook-ceph-cluster': /rook|ceph|rbd|csi|objectstorage/,
  // Its webhook, and classes its values name.
  'snapshot-controller': /snapshot/,
  'spegel': /spegel/,
  'strimzi-kafka-operator': /strimzi|kafka/,
  'tuppr': /tuppr/,
  'victoria-logs-single': /victoria|\bvl/,
  'victoria-metrics-operator': /victoria|\bvm/,
  'victoria-metrics-operator-crds': /^(?!)/,
  'volsync': /volsync/,
};

/** Whether a chart that is not here could make an object of this name. */
export function mayMake(release: Release, name: string): boolean {
  const own = CHARTS[release.chart.name.split('/').at(-1) ?? ''];
  if (own === undefined || release.values === undefined) return true;
  return own.test(name) || name.includes(release.name) || said(release).has(name) || overrides(release).some((part) => name.includes(part));
}

const SAID = new WeakMap<Release, ReadonlySet<string>>();

/** Every text that stands in a release's values, keys included. */
export function said(release: Release): ReadonlySet<string> {
  let found = SAID.get(release);
  if (found === undefined) {
    const all = new Set<string>();
    gather(release.values, all);
    SAID.set(release, all);
    found = all;
  }
  return found;
}

function gather(value: unknown, into: Set<string>): void {
  if (typeof value === 'string') into.add(value);
  else if (Array.isArray(value)) for (const each of value) gather(each, into);
  else if (isFields(value)) {
    for (const [key, each] of Object.entries(value)) {
      into.add(key);
      gather(each, into);
    }
  }
}

/** Names the values give, at the root or one level below (of a chart within): what objects are called begins with them. */
function overrides({ values }: Release): readonly string[] {
  const at = (map: unknown): readonly string[] => (isFields(map) ? ['fullnameOverride', 'nameOverride', 'namePrefix', 'name'].flatMap((key) => (typeof map[key] === 'string' && map[key] !== '' ? [map[key]] : [])) : []);
  return [...at(values), ...Object.values(values ?? {}).flatMap(at)];
}
