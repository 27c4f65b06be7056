/** cosi.resource.State: Get, List and Watch. Nobody writes resources through the API but by methods of their own. */
import { RpcError } from '../../world/rpc.ts';
import type { Fields } from '../../world/value.ts';
import { service, stream } from '../call.ts';
import type { NodeCall, Rpc, Service } from '../call.ts';
import { fits, resources } from '../cosi.ts';
import type { Resource } from '../cosi.ts';
import { GetRequest, ListRequest, ResourceResponse, WatchRequest, WatchResponse } from '../fields/cosi.ts';
import { looks } from '../watching.ts';

type Send = (item: Fields) => Promise<void>;
const key = (request: Fields): readonly [string, string, string] => [String(request['type']), String(request['namespace']), String(request['id'] ?? '')];

async function get(call: NodeCall): Promise<Fields> {
  const [type, namespace, id] = key(call.request);
  const [found] = await resources(call, type, namespace, id);
  if (found === undefined) throw new RpcError('NotFound', `resource ${type}(${namespace}/${id}@undefined) doesn't exist`);
  return { resource: found.wire };
}

async function list(call: NodeCall, send: Send): Promise<void> {
  const [type, namespace] = key(call.request);
  for (const resource of await resources(call, type, namespace)) if (fits(resource, call.request['options'])) await send({ resource: resource.wire });
}

/** What is gone: its metadata without a spec, as COSI tells of it. */
const tombstone = (type: string, namespace: string, id: string): Fields => ({ metadata: { namespace, type, id, version: '1', phase: 'running' }, spec: {} });

async function watch(call: NodeCall, send: Send): Promise<void> {
  const [type, namespace, id] = key(call.request);
  const options = call.request['options'];
  const wants = Object(options);
  const now = async (again: boolean): Promise<ReadonlyMap<string, Resource>> => new Map((await resources(call, type, namespace, id, again)).filter((resource) => fits(resource, options)).map((resource) => [resource.id, resource]));
  let known = await now(false);
  // The client waits for a first message, which says nothing.
  await send({});
  const tell = (...events: readonly Fields[]): Promise<void> => (events.length === 0 ? Promise.resolve() : send({ events }));
  if (id !== '') {
    const [found] = known.values();
    await tell(found === undefined ? { type: 'DESTROYED', resource: tombstone(type, namespace, id) } : { type: 'CREATED', resource: found.wire });
  } else if (wants['bootstrapContents'] === true) {
    const first = [...known.values()].map((resource): Fields => ({ type: 'CREATED', resource: resource.wire }));
    const end: Fields = { type: 'BOOTSTRAPPED', resource: tombstone(type, namespace, '') };
    // An aggregated watch has its first contents in one message.
    if (wants['aggregated'] === true) await tell(...first, end);
    else for (const event of [...first, end]) await tell(event);
  }
  for await (const _look of looks(call)) {
    const young = await now(true);
    for (const [name, resource] of young) {
      const before = known.get(name);
      if (before === undefined) await tell({ type: 'CREATED', resource: resource.wire });
      else if (before.digest !== resource.digest) await tell({ type: 'UPDATED', resource: resource.wire, old: before.wire });
    }
    for (const [name, resource] of known) if (!young.has(name)) await tell({ type: 'DESTROYED', resource: resource.wire });
    known = young;
  }
}

const readOnly = (): Rpc => ({ kind: 'unary', alone: true, request: GetRequest, reply: ResourceResponse, run: async ({ ask }) => {
  await ask('ResourceDefinitions');
  throw new RpcError('PermissionDenied', 'not authorized');
} });

const SEVERAL = 'one-2-many proxying is not supported for COSI methods';
export const COSI: Service = service('cosi.resource.State', {
  Get: { kind: 'unary', alone: true, request: GetRequest, reply: ResourceResponse, run: get },
  List: { ...stream(ListRequest, ResourceResponse, list), oneOnly: SEVERAL },
  Watch: { ...stream(WatchRequest, WatchResponse, watch), oneOnly: SEVERAL },
  Create: readOnly(), Update: readOnly(), Destroy: readOnly(),
});
