import type { Question } from '../engine/phase.ts';
import { KINDS } from '../tools/kinds.ts';
import type { Cx } from './context.ts';
import { standings } from './destroy-preflight.ts';

/** What is about to be lost, said before the cluster's name is asked for. */
export async function askDestroy(cx: Cx): Promise<Question> {
  const standing = await standings(cx);
  const { machines } = cx.cluster;
  const bare = machines.filter((machine) => standing.get(machine.name)?.is === 'maintenance').map((machine) => machine.name);
  return {
    title: `Point of no return: destroy ${cx.cluster.name}`,
    facts: [
      ['target', cx.site.target.label],
      ['machines', `${machines.map((machine) => machine.name).join(' ')} (each proven ours by its certificate or its disks)${bare.length === 0 ? '' : `; bare already: ${bare.join(' ')}`}`],
      ['disks', machines.map((machine) => `${machine.name}: system${Object.keys(machine.disks.data).map((purpose) => `, ${purpose}`).join('')}`).join('; ')],
      ['data', await dataOf(cx)],
      ['stays', 'other clusters, their files and contexts; what is outside the cluster (DNS, object stores, secrets)'],
    ],
    word: cx.cluster.name,
  };
}

/** What lives in the cluster by its own word; where it has none any more, that is what is said. */
async function dataOf(cx: Cx): Promise<string> {
  if (!cx.looking.kube.hasKubeconfig()) return 'not known: there is no kubeconfig of this cluster';
  try {
    const [volumes, claims] = await Promise.all([cx.looking.kube.list(KINDS.PersistentVolume), cx.looking.kube.list(KINDS.PersistentVolumeClaim)]);
    return `${volumes.items.length} volumes, ${claims.items.length} claims: all of it is lost here; what comes back comes from backups`;
  } catch (error) {
    if (cx.signal.aborted) throw error;
    return `not known: ${error instanceof Error ? error.message : String(error)}`;
  }
}
