import { isAlias, isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseAllDocuments, type Document, type Node, type Pair } from 'yaml';
import { wholeFile, type Path, type Spot } from '../../config/source.ts';

/** Places in one file's text. The text is parsed for them once, when the first is asked for. */
export class Positions {
  readonly #file: string;
  readonly #text: string;
  #parsed: { readonly documents: readonly Document.Parsed[]; readonly lines: LineCounter } | undefined;

  constructor(file: string, text: string) {
    this.#file = file;
    this.#text = text;
  }

  /**
   * Where the value at `path` is written, or its key; the nearest parent that is written when it is not. A path may go on inside a
   * block of text that is YAML itself (an inline patch, values in a ConfigMap).
   */
  spot(document: number, path: Path, part: 'key' | 'value' = 'value'): Spot {
    const inside = this.#inside(document, path);
    if (inside !== undefined) return outer(inside, inside.positions.spot(0, inside.rest, part));
    const found = this.#find(document, path);
    if (found === undefined) return this.#start();
    const { node, key, whole } = found;
    return part === 'key' && whole && key !== null ? this.#spotOf(key) : this.#spotOf(node);
  }

  /** Where `needle` stands inside the scalar at `path` (in the whole text for a file that is no YAML); the scalar itself when it cannot be told. */
  spotIn(document: number, path: Path, needle: string): Spot {
    const inside = this.#inside(document, path);
    if (inside !== undefined) return outer(inside, inside.positions.spotIn(0, inside.rest, needle));
    const found = path.length === 0 ? undefined : this.#find(document, path);
    const [from, to] = found === undefined ? [0, this.#text.length] : [found.key?.range?.[0] ?? found.node.range?.[0] ?? 0, found.node.range?.[1] ?? this.#text.length];
    const at = needle === '' ? -1 : this.#text.slice(from, to).indexOf(needle);
    if (at < 0) return this.spot(document, path);
    return { ...this.offset(from + at), length: /^[^\n]*/.exec(needle)?.[0].length ?? 1 };
  }

  /** How a value is written, where that changes what it is: a key with nothing behind it, or in quotes. */
  style(document: number, path: Path): 'nothing' | 'quoted' | 'plain' {
    const inside = this.#inside(document, path);
    if (inside !== undefined) return inside.positions.style(0, inside.rest);
    const found = this.#find(document, path);
    if (found === undefined || !found.whole) return 'plain';
    if (found.node === found.key || (isScalar(found.node) && found.node.source === '' && found.node.type === 'PLAIN')) return 'nothing';
    return isScalar(found.node) && found.node.type !== undefined && found.node.type !== 'PLAIN' ? 'quoted' : 'plain';
  }

  /** A single value as it is written; undefined when it is none, or is not written. */
  scalar(document: number, path: Path): string | undefined {
    const inside = this.#inside(document, path);
    if (inside !== undefined) return inside.positions.scalar(0, inside.rest);
    const found = this.#find(document, path);
    return found !== undefined && found.whole && found.node !== found.key && isScalar(found.node) ? found.node.source : undefined;
  }

  /** A place by its offset in the text. */
  offset(offset: number): Spot {
    const before = this.#text.slice(0, offset);
    const line = before.split('\n').length;
    return { file: this.#file, line, column: offset - before.lastIndexOf('\n'), length: 1 };
  }

  #start(): Spot {
    return this.#text === '' ? wholeFile(this.#file) : { file: this.#file, line: 1, column: 1, length: 1 };
  }

  #find(document: number, path: Path): { readonly node: Node; readonly key: Node | null; readonly whole: boolean } | undefined {
    const root = this.#documents()[document];
    if (root === undefined || root.contents === null) return undefined;
    let node: Node = root.contents;
    let key: Node | null = null;
    for (const part of path) {
      const next = step(resolved(node, root), part, root);
      if (next === undefined) return { node, key, whole: false };
      key = next.key;
      // A value that is not written (`key:` alone) stands where its key does.
      if (next.node === null || (isScalar(next.node) && next.node.range !== undefined && next.node.range !== null && next.node.range[0] === next.node.range[1] && next.node.source === '')) return next.key === null ? { node, key, whole: true } : { node: next.key, key, whole: true };
      node = next.node;
    }
    return { node, key, whole: true };
  }

  /** The block of text a path leads into, and what is left of the path there. */
  #inside(document: number, path: Path): Inside | undefined {
    for (let length = path.length - 1; length > 0; length -= 1) {
      const found = this.#find(document, path.slice(0, length));
      if (found?.whole !== true) continue;
      if (!isScalar(found.node) || found.node.type !== 'BLOCK_LITERAL' || typeof found.node.value !== 'string') return undefined;
      const known = this.#blocks.get(found.node);
      const block = known ?? this.#block(found.node, found.node.value);
      this.#blocks.set(found.node, block);
      return { ...block, rest: path.slice(length) };
    }
    return undefined;
  }
  readonly #blocks = new Map<Node, Omit<Inside, 'rest'>>();

  #block(node: Node, value: string): Omit<Inside, 'rest'> {
    const { line } = this.offset(node.range?.[0] ?? 0);
    const inner = value.split('\n');
    const first = inner.findIndex((each) => each.trim() !== '');
    const written = this.#text.split('\n')[line + first] ?? '';
    return { positions: new Positions(this.#file, value), line, indent: Math.max(0, written.trimEnd().length - (inner[first] ?? '').trimEnd().length) };
  }

  #documents(): readonly Document.Parsed[] {
    if (this.#parsed === undefined) {
      const lines = new LineCounter();
      const parsed = parseAllDocuments(this.#text, { lineCounter: lines, prettyErrors: false, logLevel: 'silent', uniqueKeys: false, merge: false });
      this.#parsed = { documents: 'empty' in parsed ? [] : parsed, lines };
    }
    return this.#parsed.documents;
  }

  #spotOf(node: Node): Spot {
    const [start, end] = node.range ?? [0, 1];
    const lines = this.#parsed?.lines ?? new LineCounter();
    const from = lines.linePos(start);
    const to = lines.linePos(end);
    // What spans lines is underlined at its first character only.
    return { file: this.#file, line: from.line, column: from.col, length: from.line === to.line ? Math.max(1, end - start) : 1 };
  }
}

interface Inside { readonly positions: Positions; readonly rest: Path; readonly line: number; readonly indent: number }
function outer({ line, indent }: Inside, spot: Spot): Spot {
  return { ...spot, line: spot.line + line, column: spot.column + indent };
}

function resolved(node: Node, document: Document.Parsed): Node {
  return isAlias(node) ? node.resolve(document) ?? node : node;
}

function step(node: Node, part: string | number, document: Document.Parsed): { readonly node: Node | null; readonly key: Node | null } | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(part)];
    return isNode(item) ? { node: item, key: null } : undefined;
  }
  if (!isMap(node)) return undefined;
  const own = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(part));
  if (own !== undefined) return ofPair(own);
  for (const item of node.items) {
    if (!isScalar(item.key) || item.key.value !== '<<' || !isNode(item.value)) continue;
    const merged = resolved(item.value, document);
    for (const source of isSeq(merged) ? merged.items.filter(isNode) : [merged]) {
      const found = step(resolved(source, document), part, document);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function ofPair(pair: Pair): { readonly node: Node | null; readonly key: Node | null } {
  return { node: isNode(pair.value) ? pair.value : null, key: isNode(pair.key) ? pair.key : null };
}
