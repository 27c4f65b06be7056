/** Label and field selectors, as query parameters have them. */
import type { KubeObject, ResourceType } from '../world/types.ts';
import { at } from '../world/value.ts';
import { badRequest } from './errors.ts';

export type Match = (object: KubeObject) => boolean;
type Labels = Readonly<Record<string, string>>;

/** `a=b,c!=d,e in (f,g),h notin (i),j,!k`. Throws 400 on what it cannot read. */
export function labelSelector(text: string): Match {
  const tests = parts(text).map(labelTest);
  return (object) => tests.every((test) => test(object.metadata.labels ?? {}));
}

/** Splits at commas outside parentheses. */
function parts(text: string): string[] {
  return text.split(/,(?![^(]*\))/).map((part) => part.trim()).filter((part) => part !== '');
}

function labelTest(part: string): (labels: Labels) => boolean {
  const unreadable = badRequest(`unable to parse requirement: found '${part}', expected: a label selector`);
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(part);
  if (set !== null) {
    const [, key = '', word = '', list = ''] = set;
    const values = new Set(list.split(',').map((value) => value.trim()));
    return (labels) => (labels[key] !== undefined && values.has(labels[key])) === (word === 'in');
  }
  const equality = /^([^=!\s]+)\s*(==|!=|=)\s*([^=!\s]*)$/.exec(part);
  if (equality !== null) {
    const [, key = '', word = '', value = ''] = equality;
    return (labels) => (labels[key] === value) === (word !== '!=');
  }
  const presence = /^(!?)\s*([^=!\s()]+)$/.exec(part);
  if (presence === null) throw unreadable;
  const [, not = '', key = ''] = presence;
  return (labels) => (labels[key] !== undefined) === (not === '');
}

/** Fields each kind can be selected by, besides its name and namespace. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  '/Pod': ['spec.nodeName', 'spec.restartPolicy', 'spec.schedulerName', 'spec.serviceAccountName', 'spec.hostNetwork', 'status.phase', 'status.podIP', 'status.nominatedNodeName'],
  '/Event': ['involvedObject.kind', 'involvedObject.namespace', 'involvedObject.name', 'involvedObject.uid', 'involvedObject.apiVersion', 'involvedObject.resourceVersion', 'involvedObject.fieldPath', 'reason', 'reportingComponent', 'source', 'type'],
  '/Secret': ['type'], '/Namespace': ['status.phase'], '/Node': ['spec.unschedulable'], '/ReplicationController': ['status.replicas'],
  'batch/Job': ['status.successful'], 'apps/ReplicaSet': ['status.replicas'],
};

/** `metadata.name=x,status.phase!=Running`. Throws 400 on a field the kind cannot be selected by. */
export function fieldSelector(text: string, type: ResourceType): Match {
  const known = ['metadata.name', 'metadata.namespace', ...(FIELDS[`${type.group}/${type.kind}`] ?? [])];
  const tests = parts(text).map((part): Match => {
    const [, field = '', word = '', wanted = ''] = /^([^=!]+)(==|!=|=)(.*)$/.exec(part) ?? [];
    if (word === '') throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`);
    if (!known.includes(field)) throw badRequest(`field label not supported: ${field}`);
    return (object) => (String(at(object, ...field.split('.')) ?? (field === 'spec.unschedulable' ? 'false' : '')) === wanted) === (word !== '!=');
  });
  return (object) => tests.every((test) => test(object));
}
