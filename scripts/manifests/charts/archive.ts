import { gunzipSync } from 'node:zlib';

/** Files of a chart by path below its folder. */
export type ChartFiles = ReadonlyMap<string, Buffer>;

/** Bytes; the largest charts there are hold a few megabytes of definitions. */
const LARGEST = 64 * 1_048_576;
const BLOCK = 512;

/** The files of a chart's archive (gzip, tar), without the folder they all lie in. Throws an Error that says what is wrong with it. */
export function readArchive(bytes: Uint8Array): ChartFiles {
  const tar = gunzipSync(bytes, { maxOutputLength: LARGEST });
  const files = new Map<string, Buffer>();
  let longName: string | undefined;
  for (let at = 0; at + BLOCK <= tar.length;) {
    const head = tar.subarray(at, at + BLOCK);
    at += BLOCK;
    if (head.every((byte) => byte === 0)) continue;
    const size = Number.parseInt(field(head, 124, 12).trim() || '0', 8);
    if (!Number.isInteger(size) || size < 0 || at + size > tar.length) throw new Error('the archive is cut off');
    const body = tar.subarray(at, at + size);
    at += Math.ceil(size / BLOCK) * BLOCK;
    const type = field(head, 156, 1);
    // PAX and GNU write a long name as an entry of its own before the file.
    if (type === 'x') { longName = paxPath(body) ?? longName; continue; }
    if (type === 'L') { longName = untilZero(body); continue; }
    const prefix = field(head, 257, 5) === 'ustar' ? field(head, 345, 155) : '';
    const name = longName ?? (prefix === '' ? field(head, 0, 100) : `${prefix}/${field(head, 0, 100)}`);
    longName = undefined;
    if (type !== '0' && type !== '') continue;
    const path = name.replace(/^\.\//, '').split('/').slice(1).join('/');
    if (path === '' || path.split('/').includes('..')) continue;
    files.set(path, body);
  }
  if (!files.has('Chart.yaml')) throw new Error('it holds no Chart.yaml');
  return files;
}

function field(head: Buffer, at: number, length: number): string {
  return untilZero(head.subarray(at, at + length));
}

function untilZero(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** `27 path=charts/x/y\n` among the records of a PAX header. */
function paxPath(body: Buffer): string | undefined {
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const length = Number.parseInt(body.subarray(at, space).toString('utf8'), 10);
    if (space < 0 || !Number.isInteger(length) || length <= 0) return undefined;
    const record = body.subarray(space + 1, at + length - 1).toString('utf8');
    if (record.startsWith('path=')) return record.slice(5);
    at += length;
  }
  return undefined;
}
