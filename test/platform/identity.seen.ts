import { at, list } from '../../lab/catalog/data.ts';
import type { KubeObject } from '../../lab/world/types.ts';
import { all, each, type Seen } from './networking.checks.ts';
import type { BuiltCluster } from './tree.ts';

/** What the checks of Keycloak and Harbor look at. */

/** Clusters that have Keycloak at all. */
export function eachWith(seen_: Seen, find: (cluster: BuiltCluster, say: (trouble: string) => void) => void): readonly string[] {
  return each(seen_, (cluster, say) => { if (all(cluster, 'Keycloak').length > 0) find(cluster, say); });
}
/** The object of this namespace, which must be there. */
export function objectOf(cluster: BuiltCluster, kind: string, name: string, namespace: string): KubeObject {
  const found = all(cluster, kind).find((object) => object.metadata.name === name && object.metadata.namespace === namespace);
  if (found === undefined) throw new Error(`${cluster.name} has no ${kind} ${namespace}/${name}`);
  return found;
}
/** What an ExternalSecret asks for: field=item#property. */
export const items = (object: KubeObject): string => list(at(object.spec, 'data')).map((entry) => `${String(at(entry, 'secretKey'))}=${String(at(entry, 'remoteRef.key'))}#${String(at(entry, 'remoteRef.property'))}`).join();
