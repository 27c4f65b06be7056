import type { KubeObject } from '../../config/cluster.ts';
import { textIn } from '../../config/data.ts';
import { KINDS } from '../../tools/kinds.ts';
import type { ReadinessRow } from '../record.ts';
import { isAnswer } from '../backup/shared.ts';
import { fail, isLab, pass, row, unknown, type ReadinessContext } from './row.ts';
import type { Verdict } from '../../engine/verdict.ts';

/** What a rebuild reads of a checkout. A lab's clusters and machines are made of these alone. */
const READ = ['talos/', 'bootstrap/', 'helmfile.d/', 'kubernetes/'];

/** Whether what is in this checkout is what the clusters run, and what they would be built from again. */
export async function repositoryRows(cx: ReadinessContext): Promise<readonly ReadinessRow[]> {
  const { cluster } = cx;
  try {
    const head = await cx.looking.git.head();
    const own = fluxRow(cx, head.commit);
    return [row('repository', 'repository:tree', 'this checkout', treeVerdict(head.dirty, isLab(cx)), `commit ${head.commit.slice(0, 12)}${head.branch === '' ? '' : ` of ${head.branch}`}`), await own];
  } catch (error) {
    if (!isAnswer(error)) throw error;
    return [row('repository', 'repository:tree', 'this checkout', unknown(error.message, error.hint)), row('repository', `repository:${cluster.name}/flux`, `the commit Flux of ${cluster.name} runs`, unknown('ours is not known'))];
  }
}

/** Changes that are in no commit are in no rebuild. */
export function treeVerdict(dirty: readonly string[], lab: boolean): Verdict {
  const counts = lab ? dirty.filter((path) => READ.some((folder) => path.startsWith(folder))) : dirty;
  const [first] = counts;
  if (first === undefined) return pass(dirty.length === 0 ? 'nothing is changed in it' : `what a lab is built from is not changed (${dirty.length} other files are)`);
  return fail(`${counts.length} changed file${counts.length === 1 ? '' : 's'} in no commit: ${counts.slice(0, 3).join(', ')}${counts.length > 3 ? ', ...' : ''}`, 'commit and push, or git stash');
}

async function fluxRow(cx: ReadinessContext, commit: string): Promise<ReadinessRow> {
  const { name } = cx.cluster;
  const id = `repository:${name}/flux`;
  const subject = `the commit Flux of ${name} runs`;
  try {
    const [source, root] = await Promise.all([cx.looking.kube.get(KINDS.GitRepository, 'flux-system', 'flux-system'), cx.looking.kube.get(KINDS.Kustomization, 'flux-system', 'flux-system')]);
    return row('repository', id, subject, fluxVerdict(commit, source, root, name));
  } catch (error) {
    if (!isAnswer(error)) throw error;
    return row('repository', id, subject, unknown(error.message, error.hint));
  }
}

/** That Flux fetched our commit shows that it is pushed, to where the rebuilt cluster will look. Pure. */
export function fluxVerdict(commit: string, source: KubeObject | null, root: KubeObject | null, cluster: string): Verdict {
  const commitOf = (revision: string | undefined): string | undefined => /([0-9a-f]{40})$/.exec(revision ?? '')?.[1];
  const fetched = commitOf(textIn(source, 'status', 'artifact', 'revision'));
  const applied = commitOf(textIn(root, 'status', 'lastAppliedRevision'));
  if (fetched === undefined || applied === undefined) return unknown(fetched === undefined ? 'Flux has fetched nothing' : 'Flux has applied nothing', `task flux:status CLUSTER=${cluster}`);
  if (fetched !== commit) return fail(`Flux has fetched ${fetched.slice(0, 12)}, this checkout is at ${commit.slice(0, 12)}`, `git push (or git pull), then task flux:reconcile CLUSTER=${cluster}`);
  if (applied !== commit) return fail(`Flux runs ${applied.slice(0, 12)} still, this checkout is at ${commit.slice(0, 12)}`, `task flux:status CLUSTER=${cluster}`);
  return pass('it is ours, so it is pushed');
}
