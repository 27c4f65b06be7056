/** What a method of the wire is, and what it is given. */
import type { LabCluster } from '../world/cluster.ts';
import type { Machine } from '../world/machine.ts';
import type { Fields } from '../world/value.ts';
import type { Table } from './codec.ts';

type Params = Readonly<Record<string, unknown>>;

/** One call on one machine, after proxying. */
export interface NodeCall {
  readonly cluster: LabCluster;
  /** Throws RpcError `Unavailable` for a node that no machine answers to. */
  readonly machine: Machine;
  readonly request: Fields;
  /** Aborted when the client goes away, or the machine that was dialled goes down. */
  readonly signal: AbortSignal;
  /** Asks the simulation (lab/world/talos-api.ts), which checks roles and mode, and logs. Rejects with RpcError. */
  ask(method: string, params?: Params): Promise<Fields>;
}

type Answer = Fields | Promise<Fields>;
/** One answer per node. `reply` is the table of the whole answer (`messages`), or of the only one when `alone`. */
export interface Unary { readonly kind: 'unary'; readonly request: Table; readonly reply: Table; readonly alone?: true; readonly run: (call: NodeCall) => Answer }
/** Many items. `oneOnly` is what a call that names several nodes is refused with. */
export interface Streaming { readonly kind: 'stream'; readonly request: Table; readonly item: Table; readonly oneOnly?: string; readonly run: (call: NodeCall, send: (item: Fields) => Promise<void>) => Promise<void> }
/** Many items from the client, one answer per node. */
export interface Upload { readonly kind: 'upload'; readonly item: Table; readonly reply: Table; readonly run: (call: NodeCall, items: readonly Fields[]) => Answer }
export type Rpc = Unary | Streaming | Upload;
/** By path, e.g. `/machine.MachineService/Version`. */
export type Service = Readonly<Record<string, Rpc>>;

/** A table of methods under their service's name. */
export const service = (name: string, methods: Readonly<Record<string, Rpc>>): Service => Object.fromEntries(Object.entries(methods).map(([method, rpc]) => [`/${name}/${method}`, rpc]));
export const unary = (request: Table, reply: Table, run: Unary['run']): Unary => ({ kind: 'unary', request, reply, run });
export const stream = (request: Table, item: Table, run: Streaming['run']): Streaming => ({ kind: 'stream', request, item, run });

/** Bytes in pieces, as byte streams are sent. */
export async function sendBytes(send: (item: Fields) => Promise<void>, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; at += PIECE) await send({ bytes: bytes.subarray(at, at + PIECE) });
}
const PIECE = 64 * 1024;
/** The wire has no two kinds of text: bytes that are text. */
export const textOf = (value: unknown): string => (value instanceof Uint8Array ? Buffer.from(value).toString() : typeof value === 'string' ? value : '');
export const listOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value : []);
