import type { KubeObject } from '../../config/cluster.ts';
import { get, isPlain, list, plain, text, type Plain } from '../build/data.ts';
import type { JsonSchema } from './trouble.ts';

/** One version of a custom resource definition. */
export interface DefinedVersion {
  readonly group: string;
  readonly kind: string;
  readonly version: string;
  readonly served: boolean;
  /** The definition's own words, or true when it has none. */
  readonly deprecated: string | true | undefined;
  /** What the API server checks objects by; undefined for one without a schema. */
  readonly openAPI: Plain | undefined;
  readonly definition: KubeObject;
}

/** The versions a definition defines, in its order; [] for anything else. */
export function versionsOf(object: KubeObject): readonly DefinedVersion[] {
  if (object.kind !== 'CustomResourceDefinition' || !object.apiVersion.startsWith('apiextensions.k8s.io/')) return [];
  const group = text(get(object, 'spec', 'group'));
  const kind = text(get(object, 'spec', 'names', 'kind'));
  if (group === undefined || kind === undefined) return [];
  return list(get(object, 'spec', 'versions')).flatMap((each) => {
    const version = text(get(each, 'name'));
    if (version === undefined) return [];
    const openAPI = get(each, 'schema', 'openAPIV3Schema');
    const deprecated = get(each, 'deprecated') === true ? text(get(each, 'deprecationWarning')) ?? true : undefined;
    return [{ group, kind, version, served: get(each, 'served') !== false, deprecated, openAPI: isPlain(openAPI) ? openAPI : undefined, definition: object }];
  });
}

/**
 * The JSON schema of one version: fields nobody defined are refused where the API server would drop them or Flux's apply would fail, as
 * kubeconform's own converter does, but never inside anyOf and its like, nor where unknown fields are to be kept, which it gets wrong.
 */
export function jsonSchema(openAPI: Plain): JsonSchema {
  const root = structural(openAPI);
  const properties = plain(root['properties']);
  return { ...root, properties: { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { type: 'object' }, ...properties } };
}

/** Parts that describe the value itself; what they say of its fields is another condition on them, not their list. */
const CONDITIONS = ['allOf', 'anyOf', 'oneOf'] as const;

function structural(schema: Plain): Plain {
  const made: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties') made[key] = Object.fromEntries(Object.entries(plain(value)).map(([name, each]) => [name, structural(plain(each))]));
    else if (key === 'items' || (key === 'additionalProperties' && isPlain(value))) made[key] = structural(plain(value));
    // Words of OpenAPI that JSON schema writes otherwise; see below.
    else if (key !== 'nullable' && key !== 'x-kubernetes-int-or-string') made[key] = value;
  }
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (schema['x-kubernetes-embedded-resource'] === true) {
    made['properties'] = { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { type: 'object' }, ...plain(made['properties']) };
    made['required'] = [...new Set(['apiVersion', 'kind', ...list(made['required'])])];
  }
  if (isPlain(made['properties']) && made['additionalProperties'] === undefined && !open) made['additionalProperties'] = false;
  if (schema['x-kubernetes-int-or-string'] === true) {
    delete made['type'];
    if (!CONDITIONS.some((each) => made[each] !== undefined)) made['anyOf'] = [{ type: 'integer' }, { type: 'string' }];
  }
  return schema['nullable'] === true ? nullable(made) : made;
}

function nullable(schema: Readonly<Record<string, unknown>>): Plain {
  const { type, enum: values, ...rest } = schema;
  const conditions = CONDITIONS.some((each) => rest[each] !== undefined);
  // A null meets none of the conditions that are meant for the value.
  if (conditions) return { anyOf: [{ type: 'null' }, schema] };
  return { ...rest, ...(type === undefined ? {} : { type: [type, 'null'] }), ...(Array.isArray(values) ? { enum: [...values, null] } : {}) };
}
