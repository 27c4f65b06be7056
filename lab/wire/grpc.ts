/** gRPC over HTTP/2 (grpc.io, PROTOCOL-HTTP2): frames of one flag byte and four length bytes, the outcome in trailers. */
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { RpcError } from '../world/rpc.ts';
import type { RpcCode } from '../world/rpc.ts';
import { CodecError } from './codec.ts';

/** gRPC's codes; the place is the number. */
const CODES = [
  'OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists', 'PermissionDenied', 'ResourceExhausted', 'FailedPrecondition', 'Aborted', 'OutOfRange',
  'Unimplemented', 'Internal', 'Unavailable', 'DataLoss', 'Unauthenticated',
] as const;
/** The number of a code on the wire. */
export const codeNumber = (code: RpcCode): number => CODES.indexOf(code);

/** Talos takes 4 MiB per message but for uploads, which come in pieces. */
const LARGEST = 32 * 1024 * 1024;

/** The messages a client sends, one by one. Throws RpcError for frames that are none. */
export async function* received(request: Http2ServerRequest): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of request) {
    const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    while (rest.length >= 5) {
      const length = rest.readUInt32BE(1);
      if (rest[0] !== 0) throw new RpcError('Unimplemented', 'grpc: Decompressor is not installed for grpc-encoding');
      if (length > LARGEST) throw new RpcError('InvalidArgument', `grpc: received message larger than max (${length} vs. ${LARGEST})`);
      if (rest.length < 5 + length) break;
      yield rest.subarray(5, 5 + length);
      rest = rest.subarray(5 + length);
    }
  }
  if (rest.length > 0) throw new RpcError('Internal', 'grpc: a message ends too early');
}

/** The answering side of a call. */
export interface Reply {
  /** Sends a message; resolves when more may be sent. Rejects with RpcError `Unavailable` when nobody listens any more. */
  send(bytes: Buffer): Promise<void>;
  /** Ends the call well, or with an error. */
  end(error?: unknown): void;
}

export function replyOn(response: Http2ServerResponse): Reply {
  let begun = false;
  const begin = (): void => {
    if (begun) return;
    begun = true;
    response.writeHead(200, { 'content-type': 'application/grpc' });
  };
  const gone = (): boolean => response.writableEnded || response.destroyed || response.stream === undefined || response.stream.destroyed;
  return {
    async send(bytes) {
      if (gone()) throw new RpcError('Unavailable', 'the client went away');
      begin();
      const head = Buffer.alloc(5);
      head.writeUInt32BE(bytes.length, 1);
      if (!response.write(Buffer.concat([head, bytes]))) await new Promise<void>((resolve) => {
        const go = (): void => {
          response.off('drain', go);
          response.off('close', go);
          resolve();
        };
        response.on('drain', go);
        response.on('close', go);
      });
    },
    end(error) {
      if (gone()) return;
      begin();
      const { code, message } = outcome(error);
      response.addTrailers({ 'grpc-status': String(code), ...(message === '' ? {} : { 'grpc-message': percent(message) }) });
      response.end();
    },
  };
}

function outcome(error: unknown): { readonly code: number; readonly message: string } {
  if (error === undefined) return { code: 0, message: '' };
  if (error instanceof RpcError) return { code: codeNumber(error.code), message: error.message };
  if (error instanceof CodecError) return { code: codeNumber('Internal'), message: `grpc: error unmarshalling request: ${error.message}` };
  return { code: codeNumber('Internal'), message: error instanceof Error ? error.message : String(error) };
}

/** Percent-encoded as the protocol wants status messages: everything but printable ASCII, and the percent sign. */
const percent = (text: string): string => [...Buffer.from(text)].map((byte) => (byte >= 0x20 && byte <= 0x7e && byte !== 0x25 ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)).join('');
