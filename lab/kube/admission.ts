/**
 * Validating webhooks as the API server asks them. The lab calls nobody: a webhook with a running backend lets everything
 * pass, one without is treated by its failurePolicy.
 */
import { ApiError } from '../world/types.ts';
import type { KubeObject, ResourceType } from '../world/types.ts';
import { at, isFields, textAt, textsAt } from '../world/value.ts';
import { selects } from '../catalog/data.ts';

export const WEBHOOK_KIND = 'ValidatingWebhookConfiguration';
const GROUP = 'admissionregistration.k8s.io';
/** Heartbeats and records, which the lab writes at every turn and no policy is about. */
const EXEMPT = new Set(['coordination.k8s.io/Lease', '/Event', 'events.k8s.io/Event', 'discovery.k8s.io/EndpointSlice']);

/** The little the admission needs of the objects that are there. */
export interface Admitting {
  webhooks(): readonly KubeObject[];
  namespace(name: string): KubeObject | undefined;
  /** Whether a Service is there and has a ready pod behind it; undefined when the Service is not there. */
  backed(namespace: string, service: string): boolean | undefined;
}

/** Throws 500 as the API server does when a webhook that must be asked cannot be. `operation` is CREATE or UPDATE. */
export function admit(see: Admitting, type: ResourceType, object: KubeObject, operation: 'CREATE' | 'UPDATE'): void {
  const configurations = see.webhooks();
  // Webhooks are never asked about webhooks, or nobody could take a broken one away. A pod is bound by a subresource.
  if (configurations.length === 0 || type.group === GROUP || EXEMPT.has(`${type.group}/${type.kind}`) || (operation === 'UPDATE' && type.group === '' && type.kind === 'Pod')) return;
  for (const configuration of configurations) {
    const hooks = at(configuration, 'webhooks');
    for (const hook of Array.isArray(hooks) ? hooks.filter(isFields) : []) {
      if (hook['failurePolicy'] === 'Ignore' || !concerns(see, hook, type, object, operation)) continue;
      const [namespace, service] = [textAt(hook, 'clientConfig', 'service', 'namespace'), textAt(hook, 'clientConfig', 'service', 'name')];
      if (namespace === undefined || service === undefined) continue;
      const backed = see.backed(namespace, service);
      if (backed === true) continue;
      const url = `https://${service}.${namespace}.svc:443${textAt(hook, 'clientConfig', 'service', 'path') ?? ''}?timeout=${String(at(hook, 'timeoutSeconds') ?? 10)}s`;
      const because = backed === undefined ? `service "${service}" not found` : `no endpoints available for service "${service}"`;
      throw new ApiError(500, 'InternalError', `Internal error occurred: failed calling webhook "${textAt(hook, 'name') ?? ''}": failed to call webhook: Post "${url}": ${because}`);
    }
  }
}

function concerns(see: Admitting, hook: Readonly<Record<string, unknown>>, type: ResourceType, object: KubeObject, operation: string): boolean {
  const rules = at(hook, 'rules');
  const has = (rule: unknown, key: string, wanted: string): boolean => textsAt(rule, key).some((entry) => entry === '*' || entry === wanted);
  const ruled = (Array.isArray(rules) ? rules : []).some((rule: unknown) => has(rule, 'operations', operation) && has(rule, 'apiGroups', type.group) && has(rule, 'resources', type.plural)
    && (textAt(rule, 'scope') ?? '*') !== (type.namespaced ? 'Cluster' : 'Namespaced'));
  const selector = at(hook, 'namespaceSelector');
  const { namespace } = object.metadata;
  if (!ruled || selector === undefined || namespace === undefined) return ruled;
  return selects(selector, { ...see.namespace(namespace)?.metadata.labels, 'kubernetes.io/metadata.name': namespace });
}
