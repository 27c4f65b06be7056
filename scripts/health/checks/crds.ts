import type { KubeObject } from '../../config/cluster.ts';
import { check, fail, pass, unread, type Finding } from '../finding.ts';
import { KINDS } from '../kinds.ts';
import { listOf } from '../look.ts';
import { condition, id } from '../objects.ts';
import type { Snapshot } from '../snapshot.types.ts';

export const crdId = (name: string): string => id('CustomResourceDefinition', name);

export const crdChecks = [check('crds', 'every custom resource definition to be Established', crdFindings)];

/** The wait set of bootstrap/crds.yaml, and every other definition the cluster has. */
function crdFindings(seen: Snapshot): readonly Finding[] {
  const list = listOf(seen, KINDS.crds);
  if (!list.ok) return [unread('CustomResourceDefinitions', list)];
  const there = new Set(list.value.map((crd) => crd.metadata.name));
  const missing = seen.site.bootstrap.crds.waitSet.filter((name) => !there.has(name)).map((name) =>
    fail(crdId(name), 'bootstrap/crds.yaml waits for it and the cluster does not have it', { state: 'not there', hint: `task bootstrap:crds CLUSTER=${seen.cluster.name}` }));
  return [...missing, ...list.value.map(judge)];
}

function judge(crd: KubeObject): Finding {
  const object = crdId(crd.metadata.name);
  const hint = `kubectl describe crd ${crd.metadata.name}`;
  if (crd.metadata.deletionTimestamp !== undefined) {
    return fail(object, `finalizers: ${crd.metadata.finalizers?.join(', ') ?? 'none'}`, { state: 'being deleted', hint: `kubectl get ${crd.metadata.name} -A shows what is left of its objects` });
  }
  const established = condition(crd, 'Established');
  if (established?.status === 'True') return pass(object);
  const names = condition(crd, 'NamesAccepted');
  const said = names !== undefined && names.status !== 'True' ? names : established;
  const since = said?.since;
  return fail(object, said === undefined ? 'the API server has not looked at it yet' : said.message || said.reason || `${said.type}=${said.status}`, {
    state: said === undefined ? 'not Established' : `not Established, ${said.type}=${said.status}${said.reason === '' ? '' : ` (${said.reason})`}`, hint, ...(since === undefined ? {} : { since }),
  });
}
