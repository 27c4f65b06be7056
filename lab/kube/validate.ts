/** What the API refuses: names, sizes, immutable fields, malformed CRDs. */
import type { KubeObject, ResourceType } from '../world/types.ts';
import { at, isFields, textAt } from '../world/value.ts';
import { equal } from './json.ts';
import { invalid } from './errors.ts';
import type { FieldProblem } from './errors.ts';

/** All annotations of an object together, in bytes. */
export const ANNOTATIONS_LIMIT = 262_144;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const SUBDOMAIN_SAYS = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_SAYS = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const VALUE_SAYS = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const IMMUTABLE: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'apps/Deployment': [['spec', 'selector']], 'apps/DaemonSet': [['spec', 'selector']], 'apps/StatefulSet': [['spec', 'selector'], ['spec', 'serviceName']],
  'batch/Job': [['spec', 'template'], ['spec', 'selector']], 'rbac.authorization.k8s.io/RoleBinding': [['roleRef']], 'rbac.authorization.k8s.io/ClusterRoleBinding': [['roleRef']],
  'storage.k8s.io/StorageClass': [['provisioner'], ['parameters'], ['reclaimPolicy']], 'apiextensions.k8s.io/CustomResourceDefinition': [['spec', 'group'], ['spec', 'names', 'plural'], ['spec', 'scope']],
  '/Service': [], '/Secret': [['type']], '/PersistentVolumeClaim': [['spec', 'storageClassName'], ['spec', 'accessModes'], ['spec', 'volumeName']],
};

/** Throws 422 with every problem of an object that is to be written; `before` is what it replaces. */
export function validate(object: KubeObject, type: ResourceType, before: KubeObject | undefined): void {
  const problems: FieldProblem[] = [...nameProblems(object, type), ...metadataProblems(object)];
  const id = `${type.group}/${type.kind}`;
  if (before !== undefined) {
    for (const path of IMMUTABLE[id] ?? []) {
      const [old, now] = [at(before, ...path), at(object, ...path)];
      // A claim's volume is bound by setting what was empty.
      if (!equal(old, now) && !(id === '/PersistentVolumeClaim' && (old === undefined || old === ''))) problems.push({ field: path.join('.'), reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(now ?? null)}: field is immutable` });
    }
    if (before.metadata.deletionTimestamp !== undefined) {
      const added = (object.metadata.finalizers ?? []).filter((name) => !(before.metadata.finalizers ?? []).includes(name));
      if (added.length > 0) problems.push({ field: 'metadata.finalizers', reason: 'FieldValueForbidden', message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((name) => JSON.stringify(name)).join(', ')}}` });
    }
  }
  if (type.kind === 'CustomResourceDefinition') problems.push(...crdProblems(object));
  if (type.group === 'apps' && type.kind !== 'ControllerRevision') problems.push(...workloadProblems(object));
  if (problems.length > 0) throw invalid(type, object.metadata.name, problems);
}

function nameProblems(object: KubeObject, type: ResourceType): FieldProblem[] {
  const name = object.metadata.name;
  const wrong = (says: string): FieldProblem[] => [{ field: 'metadata.name', reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(name)}: ${says}` }];
  if (typeof name !== 'string' || name === '') return [{ field: 'metadata.name', reason: 'FieldValueRequired', message: 'Required value: name or generateName is required' }];
  if (type.group === 'rbac.authorization.k8s.io') return name === '.' || name === '..' || /[/%]/.test(name) ? wrong("may not contain '/' or '%'") : [];
  if (type.group === '' && (type.kind === 'Namespace' || type.kind === 'Service')) return LABEL.test(name) ? (name.length > 63 ? wrong('must be no more than 63 characters') : []) : wrong(LABEL_SAYS);
  if (name.length > 253) return wrong('must be no more than 253 characters');
  return SUBDOMAIN.test(name) ? [] : wrong(SUBDOMAIN_SAYS);
}

function metadataProblems(object: KubeObject): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const { labels, annotations } = object.metadata;
  for (const value of Object.values(labels ?? {})) {
    if (typeof value !== 'string' || value.length > 63 || !LABEL_VALUE.test(value)) problems.push({ field: 'metadata.labels', reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value)}: ${VALUE_SAYS}` });
  }
  let size = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) size += Buffer.byteLength(key) + Buffer.byteLength(String(value));
  if (size > ANNOTATIONS_LIMIT) problems.push({ field: 'metadata.annotations', reason: 'FieldValueTooLong', message: `Too long: may not be more than ${ANNOTATIONS_LIMIT} bytes` });
  return problems;
}

const required = (field: string, extra = ''): FieldProblem => ({ field, reason: 'FieldValueRequired', message: `Required value${extra}` });

function crdProblems(object: KubeObject): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const group = textAt(object, 'spec', 'group');
  const plural = textAt(object, 'spec', 'names', 'plural');
  if (group === undefined) problems.push(required('spec.group'));
  if (plural === undefined) problems.push(required('spec.names.plural'));
  if (textAt(object, 'spec', 'names', 'kind') === undefined) problems.push(required('spec.names.kind'));
  if (!['Namespaced', 'Cluster'].includes(textAt(object, 'spec', 'scope') ?? '')) problems.push(required('spec.scope'));
  if (group !== undefined && plural !== undefined && object.metadata.name !== `${plural}.${group}`) {
    problems.push({ field: 'metadata.name', reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(object.metadata.name)}: must be spec.names.plural+"."+spec.group` });
  }
  const versions = at(object, 'spec', 'versions');
  const list = Array.isArray(versions) ? versions.filter(isFields) : [];
  if (list.filter((version) => version['storage'] === true).length !== 1) problems.push({ field: 'spec.versions', reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(list.map((version) => version['name']))}: must have exactly one version marked as storage version` });
  for (const [index, version] of list.entries()) if (!isFields(at(version, 'schema', 'openAPIV3Schema'))) problems.push(required(`spec.versions[${index}].schema.openAPIV3Schema`, ': schemas are required'));
  return problems;
}

function workloadProblems(object: KubeObject): FieldProblem[] {
  const selector = at(object, 'spec', 'selector', 'matchLabels');
  if (at(object, 'spec', 'selector') === undefined) return [required('spec.selector')];
  const labels = at(object, 'spec', 'template', 'metadata', 'labels');
  const fits = !isFields(selector) || Object.entries(selector).every(([key, value]) => isFields(labels) && labels[key] === value);
  return fits ? [] : [{ field: 'spec.template.metadata.labels', reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(labels ?? null)}: \`selector\` does not match template \`labels\`` }];
}
