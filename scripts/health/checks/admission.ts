import type { KubeObject } from '../../config/cluster.ts';
import { check, fail, pass, unread, type Finding } from '../finding.ts';
import { KINDS } from '../kinds.ts';
import { known, listOf } from '../look.ts';
import { at, condition, fields, id, idOf, items, spec, status, text } from '../objects.ts';
import type { Snapshot } from '../snapshot.types.ts';

/** What stands between a write and the API: namespaces that end, and webhooks that must be asked. */
export const namespaceChecks = [check('api', 'every namespace to be there and not ending', namespaceFindings)];
export const webhookChecks = [check('workloads', 'every admission webhook to have somebody behind it', webhookFindings)];

export const namespaceId = (name: string): string => id('Namespace', name);

function namespaceFindings(seen: Snapshot): readonly Finding[] {
  // Of an API that does not answer, its own check says so.
  if (!seen.api.ok) return [];
  const list = listOf(seen, KINDS.namespaces);
  if (!list.ok) return [unread('Namespaces', list)];
  const there = new Set(list.value.map((namespace) => namespace.metadata.name));
  const missing = seen.site.bootstrap.namespaces.map((namespace) => namespace.metadata.name).filter((name) => !there.has(name)).map((name) =>
    fail(namespaceId(name), 'bootstrap/namespaces.yaml has it, the cluster does not', { state: 'not there', hint: `task bootstrap:crds CLUSTER=${seen.cluster.name}` }));
  return [...missing, ...list.value.map(namespaceFinding)];
}

function namespaceFinding(namespace: KubeObject): Finding {
  const { name, deletionTimestamp } = namespace.metadata;
  if (deletionTimestamp === undefined && status(namespace, 'phase') !== 'Terminating') return pass(idOf(namespace));
  const left = ['NamespaceFinalizersRemaining', 'NamespaceContentRemaining', 'NamespaceDeletionContentFailure'].map((type) => condition(namespace, type)).filter((found) => found?.status === 'True').map((found) => found?.message ?? '');
  return fail(idOf(namespace), left.length > 0 ? left.join(' ') : 'somebody deleted it, and something in it has not ended yet', {
    state: 'being deleted', hint: `kubectl get namespace ${name} -o jsonpath='{.status.conditions}' says what is left in it`, tries: [`kubectl -n ${name} get all,secrets,configmaps`],
    ...(deletionTimestamp === undefined ? {} : sinceOf(deletionTimestamp)),
  });
}
const sinceOf = (time: string): { readonly since?: number } => (Number.isNaN(Date.parse(time)) ? {} : { since: Date.parse(time) });

/** A webhook with the Service it is asked through. */
export interface Hook { readonly configuration: KubeObject; readonly name: string; readonly namespace: string; readonly service: string; readonly must: boolean }

/** Every admission webhook that is asked through a Service of the cluster. */
export function hooksOf(seen: Snapshot): readonly Hook[] {
  return [...known(seen, KINDS.validatingWebhooks), ...known(seen, KINDS.mutatingWebhooks)].flatMap((configuration) => items(configuration['webhooks']).map(fields).flatMap((hook) => {
    const [name, namespace, service] = [text(hook['name']), text(at(hook, 'clientConfig', 'service', 'namespace')), text(at(hook, 'clientConfig', 'service', 'name'))];
    return name === undefined || namespace === undefined || service === undefined ? [] : [{ configuration, name, namespace, service, must: hook['failurePolicy'] !== 'Ignore' }];
  }));
}

/** The pods a Service leads to; undefined where it is not for its selector to say (none there, or none at all). */
export function podsBehind(seen: Snapshot, namespace: string, service: string): readonly KubeObject[] | undefined {
  const found = known(seen, KINDS.services).find((candidate) => candidate.metadata.name === service && candidate.metadata.namespace === namespace);
  const wanted = Object.entries(fields(found === undefined ? undefined : spec(found, 'selector')));
  if (wanted.length === 0) return undefined;
  return known(seen, KINDS.pods).filter((pod) => pod.metadata.namespace === namespace && wanted.every(([key, value]) => pod.metadata.labels?.[key] === value));
}

function webhookFindings(seen: Snapshot): readonly Finding[] {
  for (const [words, kind] of [['ValidatingWebhookConfigurations', KINDS.validatingWebhooks], ['MutatingWebhookConfigurations', KINDS.mutatingWebhooks], ['Services', KINDS.services]] as const) {
    const list = listOf(seen, kind);
    if (!list.ok) return [unread(words, list)];
  }
  return hooksOf(seen).map((hook) => webhookFinding(seen, hook));
}

function webhookFinding(seen: Snapshot, { configuration, name, namespace, service, must }: Hook): Finding {
  const object = idOf(configuration);
  const there = known(seen, KINDS.services).some((candidate) => candidate.metadata.name === service && candidate.metadata.namespace === namespace);
  const pods = podsBehind(seen, namespace, service);
  if (there && (pods === undefined || pods.some((pod) => condition(pod, 'Ready')?.status === 'True'))) return pass(object);
  const because = there ? `Service ${namespace}/${service} has no ready pod behind it` : `there is no Service ${namespace}/${service}`;
  if (!must) return pass(object, '', `${name} is not asked: ${because}`);
  return fail(object, `${because}, so the API refuses every write it must ask ${name} about`, {
    state: 'nobody answers', hint: `bring back what serves it: kubectl -n ${namespace} get service,deployment,pods`, tries: [`if it is no longer wanted: kubectl delete ${configuration.kind.toLowerCase()} ${configuration.metadata.name}`],
  });
}
