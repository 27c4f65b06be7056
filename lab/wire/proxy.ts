/** Whom a call is for: apid sends it on by the headers `node` (one, its answer untouched) and `nodes` (several, each answer with its name). */
import type { IncomingHttpHeaders } from 'node:http';
import { RpcError, refusedText } from '../world/rpc.ts';
import { callTalos } from '../world/talos-api.ts';
import type { Arrival } from '../world/talos-api.ts';
import type { Fields } from '../world/value.ts';
import type { NodeCall, Rpc } from './call.ts';
import { codeNumber } from './grpc.ts';

/** `one`: the machine that was dialled, or the one `node` names. */
export type Destination = { readonly how: 'one'; readonly node: string } | { readonly how: 'many'; readonly nodes: readonly string[] };

/** Reads the two headers; a machine in maintenance has no proxy and answers for itself. Throws RpcError when a worker is asked for others. */
export function destination(headers: IncomingHttpHeaders, arrival: Arrival): Destination {
  const words = (name: string): readonly string[] => [headers[name] ?? []].flat().flatMap((value) => value.split(',')).map((word) => word.trim()).filter((word) => word !== '');
  if (arrival.face !== 'installed') return { how: 'one', node: '' };
  const nodes = words('nodes');
  // A worker's API passes nothing on to others; alone, its own address is as good as none.
  const others = [...nodes, ...words('node')].some((node) => arrival.cluster.machine(node) !== arrival.machine);
  if (arrival.machine.config?.type === 'worker' && (others || nodes.length > 1)) throw new RpcError('PermissionDenied', 'no request forwarding');
  return nodes.length > 0 ? { how: 'many', nodes } : { how: 'one', node: words('node')[0] ?? '' };
}

/** The call as one node sees it. */
export function nodeCall(arrival: Arrival, node: string, request: Fields, signal: AbortSignal): NodeCall {
  return {
    cluster: arrival.cluster, request, signal,
    get machine() {
      const machine = node === '' ? arrival.machine : arrival.cluster.machine(node);
      if (machine === undefined) throw new RpcError('Unavailable', refusedText(`${node}:50000`));
      return machine;
    },
    async ask(method, params = {}) {
      const { messages: [message] } = await callTalos(arrival, method, { nodes: node === '' ? [] : [node], params });
      if (message === undefined) throw new RpcError('Internal', 'no answer');
      if ('error' in message) throw new RpcError(message.error.code, message.error.message);
      return { ...message.result };
    },
  };
}

/** What an answer says of a node that could not give one. */
export function failureOf(node: string, error: unknown): Fields {
  const { code, message } = error instanceof RpcError ? error : new RpcError('Internal', error instanceof Error ? error.message : String(error));
  return { metadata: { hostname: node, error: `rpc error: code = ${code} desc = ${message}`, status: { code: codeNumber(code), message } } };
}

/** Answers a call of one answer: the reply's fields, ready to be written. Rejects with RpcError when it was for one node and failed there. */
export async function answerOnce(arrival: Arrival, to: Destination, rpc: Exclude<Rpc, { kind: 'stream' }>, requests: readonly Fields[], signal: AbortSignal): Promise<Fields> {
  const run = async (node: string): Promise<Fields> => {
    const call = nodeCall(arrival, node, requests[0] ?? {}, signal);
    return rpc.kind === 'upload' ? rpc.run(call, requests) : rpc.run(call);
  };
  const alone = rpc.kind === 'unary' && rpc.alone === true;
  if (to.how === 'one') {
    const answer = await run(to.node);
    return alone ? answer : { messages: [answer] };
  }
  if (alone) throw new RpcError('InvalidArgument', 'one-2-many proxying is not supported for COSI methods');
  return {
    messages: await Promise.all(to.nodes.map(async (node): Promise<Fields> => {
      try {
        return { ...(await run(node)), metadata: { hostname: node } };
      } catch (error) {
        return failureOf(node, error);
      }
    })),
  };
}

/** Answers a call of many items, those of several nodes as they come. */
export async function answerMany(arrival: Arrival, to: Destination, rpc: Extract<Rpc, { kind: 'stream' }>, request: Fields, signal: AbortSignal, send: (item: Fields) => Promise<void>): Promise<void> {
  if (to.how === 'one') return rpc.run(nodeCall(arrival, to.node, request, signal), send);
  if (rpc.oneOnly !== undefined) throw new RpcError('InvalidArgument', rpc.oneOnly);
  await Promise.all(to.nodes.map(async (node) => {
    try {
      await rpc.run(nodeCall(arrival, node, request, signal), (item) => send({ ...item, metadata: { hostname: node } }));
    } catch (error) {
      // What befalls the dialled machine itself ends the whole call; what befalls another one is an item of its own.
      if (signal.aborted) throw error;
      await send(failureOf(node, error));
    }
  }));
}
