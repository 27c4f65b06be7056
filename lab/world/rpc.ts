/** What the stand-in and the machines say to each other: JSON over the machine's TLS listener, POST /lab/talos/<Method>. */

/** gRPC's codes by name, as Go prints them. */
export type RpcCode = 'Unknown' | 'InvalidArgument' | 'NotFound' | 'AlreadyExists' | 'PermissionDenied' | 'FailedPrecondition' | 'Unimplemented' | 'Internal' | 'Unavailable' | 'DeadlineExceeded';

/** A refusal with gRPC's code. */
export class RpcError extends Error {
  readonly code: RpcCode;
  constructor(code: RpcCode, message: string) {
    super(message);
    this.code = code;
  }
}

export interface RpcRequest {
  /** As given to -n; empty means the machine that is dialled. */
  readonly nodes: readonly string[];
  readonly params: Readonly<Record<string, unknown>>;
}
/** One per node, in the order asked. `node` is the very text the client sent; empty when it sent none. */
export type RpcMessage = { readonly node: string } & ({ readonly result: Readonly<Record<string, unknown>> } | { readonly error: { readonly code: RpcCode; readonly message: string } });
export interface RpcReply { readonly messages: readonly RpcMessage[] }
/** How Go's gRPC client words it when nothing listens. */
export const refusedText = (address: string): string => `connection error: desc = "transport: Error while dialing: dial tcp ${address}: connect: connection refused"`;
