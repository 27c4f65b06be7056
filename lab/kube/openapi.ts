/** The little of OpenAPI v3 that kubectl asks for before it applies: which kinds take a patch, and that fieldValidation is known. */
import type { Store } from '../world/types.ts';
import { groupVersionPaths, typesIn } from './discovery.ts';

const query = (name: string, type: string): object => ({ name, in: 'query', schema: { type, uniqueItems: true } });

/** The index: one document per group and version. */
export function openapiIndex(store: Store): object {
  return { paths: Object.fromEntries(groupVersionPaths(store).map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}` }])) };
}

/** The document of `api/v1` or `apis/G/V`; undefined when that is not served. */
export function openapiDocument(store: Store, path: string): object | undefined {
  const words = path.split('/');
  const [group = '', version = ''] = words[0] === 'api' ? ['', words[1]] : [words[1], words[2]];
  const types = groupVersionPaths(store).includes(path) ? typesIn(store, group, version) : [];
  if (types.length === 0) return undefined;
  const parameters = [query('dryRun', 'string'), query('fieldManager', 'string'), query('fieldValidation', 'string'), query('force', 'boolean')];
  return {
    openapi: '3.0.0', info: { title: 'Kubernetes (simulated)', version: 'simulated' },
    paths: Object.fromEntries(types.map((type) => {
      const gvk = { group, version, kind: type.kind };
      const operation = { 'x-kubernetes-group-version-kind': gvk, parameters, responses: { 200: { description: 'OK' } } };
      return [`/${path}/${type.namespaced ? 'namespaces/{namespace}/' : ''}${type.plural}/{name}`, { patch: { ...operation, 'x-kubernetes-action': 'patch' }, put: { ...operation, 'x-kubernetes-action': 'put' } }];
    })),
    components: { schemas: Object.fromEntries(types.map((type) => [[group, version, type.kind].join('.'), { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, 'x-kubernetes-group-version-kind': [{ group, version, kind: type.kind }] }])) },
  };
}
