/** A small gRPC client over our own tables: what it sends is what the test says, what it gets is what came. */
import { connect } from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { decode, encode } from '../../../lab/wire/codec.ts';
import type { Table } from '../../../lab/wire/codec.ts';
import { METHODS } from '../../../lab/wire/methods/index.ts';
import { opensslKey } from '../../../lab/world/pki.ts';
import type { Pair } from '../../../lab/world/pki.ts';
import type { Fields } from '../../../lab/world/value.ts';

export interface Outcome { readonly code: number; readonly message: string; readonly items: readonly Fields[]; readonly broke?: string }
export interface Call { readonly items: Fields[]; readonly outcome: Promise<Outcome>; until(fits: (items: readonly Fields[]) => boolean): Promise<void>; cancel(): void }
export interface Client { /** Sends these very bytes as the body; the items are not read. */ raw(path: string, body: Buffer): Promise<Outcome>; call(path: string, request?: Fields, headers?: Readonly<Record<string, string>>): Promise<Outcome>; open(path: string, request?: Fields, headers?: Readonly<Record<string, string>>): Call; close(): void }

function tablesOf(path: string): { readonly request: Table; readonly reply: Table } {
  const rpc = METHODS[path];
  if (rpc === undefined) throw new Error(`no method ${path}`);
  return { request: rpc.kind === 'upload' ? rpc.item : rpc.request, reply: rpc.kind === 'stream' ? rpc.item : rpc.reply };
}

/** Dials a machine; with `as` and its CA by certificates, without as anybody who trusts anything. */
export function dial(port: number, as?: Pair & { readonly ca: string }): Client {
  const session: ClientHttp2Session = connect(`https://127.0.0.1:${port}`, as === undefined ? { rejectUnauthorized: false } : { ca: as.ca, cert: as.crt, key: opensslKey(as.key) });
  let broken: Error | undefined;
  session.on('error', (error) => { broken = error; });
  const open = (path: string, request: Fields = {}, headers: Readonly<Record<string, string>> = {}, raw?: Buffer): Call => {
    const tables = raw === undefined ? tablesOf(path) : undefined;
    const items: Fields[] = [];
    const waiting = new Set<() => void>();
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers });
    let rest = Buffer.alloc(0);
    let told: IncomingHttpHeaders = {};
    const { promise: outcome, resolve } = Promise.withResolvers<Outcome>();
    const end = (): void => {
      const broke = told['grpc-status'] === undefined ? { broke: broken?.message ?? 'no status' } : {};
      resolve({ code: Number(told['grpc-status'] ?? 14), message: decodeURIComponent(String(told['grpc-message'] ?? '')), items, ...broke });
      for (const look of waiting) look();
    };
    stream.on('response', (given) => { told = { ...told, ...given }; });
    stream.on('trailers', (given) => { told = { ...told, ...given }; });
    stream.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (tables !== undefined && rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
        items.push(decode(tables.reply, rest.subarray(5, 5 + rest.readUInt32BE(1))));
        rest = rest.subarray(5 + rest.readUInt32BE(1));
      }
      for (const look of waiting) look();
    });
    stream.on('error', (error) => { broken ??= error; });
    stream.on('close', end);
    if (tables === undefined) stream.end(raw);
    else {
      const bytes = encode(tables.request, request);
      const head = Buffer.alloc(5);
      head.writeUInt32BE(bytes.length, 1);
      stream.end(Buffer.concat([head, bytes]));
    }
    return {
      items, outcome, cancel: () => stream.close(),
      until: (fits) => new Promise((done, fail) => {
        const look = (): void => {
          if (fits(items)) {
            waiting.delete(look);
            done();
          } else if (stream.closed) fail(new Error(`ended before that: ${JSON.stringify(items, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)).slice(0, 2000)}`));
        };
        waiting.add(look);
        look();
      }),
    };
  };
  return { open, raw: (path, body) => open(path, {}, {}, body).outcome, call: (path, request, headers) => open(path, request, headers).outcome, close: () => session.destroy() };
}

/** What every answer of one per node has: `messages`. */
export const messages = (outcome: Outcome): readonly Fields[] => {
  const list = outcome.items[0]?.['messages'];
  if (!Array.isArray(list)) throw new Error(`no messages: ${outcome.code} ${outcome.message}`);
  return list;
};
