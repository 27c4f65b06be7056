import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.cncf.helm.config.v1+json';
const CHART = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';

/** What may be wrong with a registry. */
export interface Faults { /** Nobody is let in without a name. */ locked?: true; /** Bytes of blobs are not those their digest says. */ damaged?: true }

export interface Registry {
  /** `oci://127.0.0.1:PORT/charts`. */
  readonly url: string;
  /** Method and path of everything that was asked. */
  readonly asked: string[];
  /** Names somebody gave to be let in. */
  readonly logins: string[];
  readonly faults: Faults;
  /** Keeps a chart's archive below a tag; the digest of its manifest. `layer`: what its layer is said to be. */
  push(name: string, tag: string, archive: Uint8Array, meta?: Readonly<Record<string, string>>, layer?: string): string;
}

const digestOf = (bytes: string | Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A registry of charts on the loopback, without TLS: the part of the OCI distribution API (1.1) that pulling takes. It goes with the test. */
export async function serveRegistry(): Promise<Registry> {
  const blobs = new Map<string, { readonly type: string; readonly bytes: Buffer }>();
  const tags = new Map<string, Map<string, string>>();
  const [asked, logins, faults]: [string[], string[], Faults] = [[], [], {}];

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname } = new URL(request.url ?? '/', 'http://registry');
    asked.push(`${request.method ?? ''} ${pathname}`);
    if (request.headers.authorization !== undefined) logins.push(request.headers.authorization);
    const refuse = (status: number, code: string): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...(status === 401 ? { 'www-authenticate': 'Basic realm="charts"' } : {}) });
      response.end(JSON.stringify({ errors: [{ code, message: code }] }));
    };
    if (faults.locked === true) { refuse(401, 'UNAUTHORIZED'); return; }
    if (pathname === '/v2/') { response.end(); return; }
    const [, name = '', what = '', reference = ''] = /^\/v2\/(.+)\/(manifests|blobs|tags)\/([^/]+)$/.exec(pathname) ?? [];
    if (what === 'tags') { response.writeHead(200, { 'content-type': 'application/json' }); response.end(JSON.stringify({ name, tags: [...tags.get(name)?.keys() ?? []] })); return; }
    const digest = reference.startsWith('sha256:') ? reference : tags.get(name)?.get(reference);
    const blob = digest === undefined ? undefined : blobs.get(digest);
    if (blob === undefined || digest === undefined) { refuse(404, what === 'manifests' ? 'MANIFEST_UNKNOWN' : 'BLOB_UNKNOWN'); return; }
    const bytes = what === 'blobs' && faults.damaged === true ? Buffer.alloc(blob.bytes.length) : blob.bytes;
    response.writeHead(200, { 'content-type': blob.type, 'content-length': bytes.length, 'docker-content-digest': digest });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  };
  const server = createServer(answer);
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  onTestFinished(() => { server.closeAllConnections(); server.close(); });
  const address = server.address();

  const keep = (type: string, bytes: Buffer): { readonly mediaType: string; readonly digest: string; readonly size: number } => {
    blobs.set(digestOf(bytes), { type, bytes });
    return { mediaType: type, digest: digestOf(bytes), size: bytes.length };
  };
  return {
    url: `oci://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/charts`, asked, logins, faults,
    push(name, tag, archive, meta = {}, layer = CHART) {
      const manifest = { schemaVersion: 2, mediaType: MANIFEST, config: keep(CONFIG, Buffer.from(JSON.stringify({ name, version: tag, apiVersion: 'v2', ...meta }))), layers: [keep(layer, Buffer.from(archive))] };
      const { digest } = keep(MANIFEST, Buffer.from(JSON.stringify(manifest)));
      const there = tags.get(`charts/${name}`) ?? new Map<string, string>();
      tags.set(`charts/${name}`, there.set(tag, digest));
      return digest;
    },
  };
}
