/**
 * A database file as bbolt lays it out (go.etcd.io/bbolt, file format 2), written once and read back: two meta pages, an empty free
 * list, and one leaf that holds every bucket inline. Enough for etcd's own tools to open, check and list it.
 */
const PAGE = 4096;
const [LEAF, META, FREELIST] = [0x02, 0x04, 0x10];
const MAGIC = 0xed0cdaed;
/** A leaf counts its entries in 16 bits. */
const MOST = 0xffff;
const BUCKET = 1;

export type Entry = readonly [key: Buffer, value: Buffer];

function fnv64(bytes: Buffer): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}

function pageHead(id: number, flags: number, count: number, overflow: number): Buffer {
  const head = Buffer.alloc(16);
  head.writeBigUInt64LE(BigInt(id), 0);
  head.writeUInt16LE(flags, 8);
  head.writeUInt16LE(count, 10);
  head.writeUInt32LE(overflow, 12);
  return head;
}

/** A leaf's table of entries and their bytes; keys must be in order. */
function leaf(entries: readonly Entry[], flags: number): Buffer {
  if (entries.length > MOST) throw new Error(`${entries.length} keys are more than a leaf of the lab's snapshots holds (${MOST})`);
  const table = Buffer.alloc(entries.length * 16);
  let at = table.length;
  entries.forEach(([key, value], n) => {
    table.writeUInt32LE(flags, n * 16);
    // Positions count from the entry itself.
    table.writeUInt32LE(at - n * 16, n * 16 + 4);
    table.writeUInt32LE(key.length, n * 16 + 8);
    table.writeUInt32LE(value.length, n * 16 + 12);
    at += key.length + value.length;
  });
  return Buffer.concat([table, ...entries.flat()]);
}

function meta(id: number, root: number, pages: number): Buffer {
  const body = Buffer.alloc(64);
  body.writeUInt32LE(MAGIC, 0);
  body.writeUInt32LE(2, 4);
  body.writeUInt32LE(PAGE, 8);
  body.writeBigUInt64LE(BigInt(root), 16);
  body.writeBigUInt64LE(2n, 32);
  body.writeBigUInt64LE(BigInt(pages), 40);
  body.writeBigUInt64LE(BigInt(id), 48);
  body.writeBigUInt64LE(fnv64(body.subarray(0, 56)), 56);
  return padded(Buffer.concat([pageHead(id, META, 0, 0), body]));
}
const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((PAGE - (bytes.length % PAGE)) % PAGE)]);

/** The file's bytes. Buckets and the keys in them are put in order here. */
export function writeBolt(buckets: Readonly<Record<string, readonly Entry[]>>): Buffer {
  const inline = Object.entries(buckets).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, entries]): Entry => {
    const sorted = entries.toSorted(([a], [b]) => Buffer.compare(a, b));
    return [Buffer.from(name), Buffer.concat([Buffer.alloc(16), pageHead(0, LEAF, sorted.length, 0), leaf(sorted, 0)])];
  });
  const body = leaf(inline, BUCKET);
  const pages = Math.ceil((body.length + 16) / PAGE);
  const root = padded(Buffer.concat([pageHead(3, LEAF, inline.length, pages - 1), body]));
  return Buffer.concat([meta(0, 3, 3 + pages), meta(1, 3, 3 + pages), padded(pageHead(2, FREELIST, 0, 0)), root]);
}

/** The entries of a leaf that begins at `page`. Throws RangeError for bytes that are none. */
function entriesAt(file: Buffer, page: number): readonly Entry[] {
  const count = file.readUInt16LE(page + 10);
  return Array.from({ length: count }, (_, n): Entry => {
    const at = page + 16 + n * 16;
    const from = at + file.readUInt32LE(at + 4);
    const middle = from + file.readUInt32LE(at + 8);
    return [file.subarray(from, middle), file.subarray(middle, middle + file.readUInt32LE(at + 12))];
  });
}

/** The entries of one bucket; undefined when the file is none of ours, or has no such bucket. */
export function readBolt(file: Buffer, bucket: string): readonly Entry[] | undefined {
  try {
    if (file.readUInt32LE(16) !== MAGIC) return undefined;
    const found = entriesAt(file, Number(file.readBigUInt64LE(32)) * PAGE).find(([name]) => name.toString() === bucket);
    return found === undefined ? undefined : entriesAt(found[1], 16);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});
/** CRC-32C (Castagnoli) over pieces, as etcd hashes a database: eight hex digits. */
export function crc32c(pieces: Iterable<Uint8Array>): string {
  let crc = 0xffffffff;
  for (const piece of pieces) for (const byte of piece) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0);
  return ((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, '0');
}
