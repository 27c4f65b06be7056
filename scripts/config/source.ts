import { readdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import { isAlias, isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseAllDocuments, visit, type Document, type Node, type YAMLError } from 'yaml';
import { kindOfPath, readTextFile, troubleWith, wordsFor, type ReadText } from './file.ts';
import { keptParses, type KeptParses } from './kept.ts';
import type { Problem } from './problem.ts';

/** A place in a file: 1-based line and column, and how many characters to underline. Line 0 is the whole file. */
export interface Spot { readonly file: string; readonly line: number; readonly column: number; readonly length: number }

/** A value and where it is written. */
export interface At<T> { readonly value: T; readonly spot: Spot }

export type Path = readonly (string | number)[];

/** One YAML document of a file. `data` is its plain value. */
export interface Written {
  readonly file: string;
  readonly data: unknown;
  readonly root: Node | null;
  spotOf(node: Node): Spot;
  /** Where the value at `path` is written; the nearest parent that exists when it is not there. */
  spotAt(path: Path): Spot;
}

/** Says one more thing that is wrong. Rules get this and nothing else that writes. */
export type Report = (spot: Spot, rule: string, message: string, hint: string) => void;

/** The spot of a problem that is the whole file: it is missing, or it is empty. */
export function wholeFile(file: string): Spot {
  return { file, line: 0, column: 0, length: 1 };
}

/** Reads every file at most once and collects what is wrong with them. All paths are relative to the root, with `/`. */
export class Sources {
  readonly root: string;
  readonly #texts = new Map<string, ReadText>();
  readonly #documents = new Map<string, readonly Written[] | undefined>();
  readonly #problems = new Map<string, Problem>();

  readonly #kept: KeptParses;

  constructor(root: string, kept: KeptParses = keptParses(undefined)) {
    this.root = root;
    this.#kept = kept;
  }

  /** Problems so far by file and place, each once however many clusters led to it. */
  get problems(): readonly Problem[] {
    return [...this.#problems.values()].toSorted((a, b) => (
      (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column || (a.rule < b.rule ? -1 : 1)
    ));
  }

  readonly report: Report = (spot, rule, message, hint) => {
    const problem: Problem = { file: spot.file, line: spot.line, column: spot.column, length: Math.max(1, spot.length), rule, message, hint };
    this.#problems.set(JSON.stringify([spot.file, spot.line, spot.column, rule, message]), problem);
  };

  kind(path: string): 'file' | 'directory' | undefined {
    return kindOfPath(join(this.root, path));
  }

  /**
   * Files directly in a folder, sorted; [] when there is no such folder. A link, or a folder with the name of a file, is one
   * of them: who reads it is told what it really is. Left out, it would look as if it had never been there.
   */
  files(folder: string, ending = '.yaml'): readonly string[] {
    return this.#entries(folder).filter((entry) => entry.name.endsWith(ending)).map((entry) => posix.join(folder, entry.name)).toSorted();
  }

  folders(folder: string): readonly string[] {
    return this.#entries(folder).filter((entry) => entry.isDirectory()).map((entry) => posix.join(folder, entry.name)).toSorted();
  }

  #entries(folder: string): readonly { readonly name: string; isDirectory(): boolean }[] {
    const path = join(this.root, folder);
    let because = troubleWith(path, 'directory');
    try {
      if (this.kind(folder) === 'directory') return readdirSync(path, { withFileTypes: true });
    } catch (error) {
      // A folder that may not be looked into is not an empty one.
      because = wordsFor(error, path);
    }
    if (because !== undefined) this.report(wholeFile(folder), 'folder-unreadable', `${folder} cannot be read: ${because}`, 'every folder of the configuration is an ordinary one; restore it from Git, or mend its rights');
    return [];
  }

  /** Files in a folder and everything below it, sorted. */
  filesBelow(folder: string, ending = '.yaml'): readonly string[] {
    return [...this.files(folder, ending), ...this.folders(folder).flatMap((each) => this.filesBelow(each, ending))].toSorted();
  }

  /** The text of a file, without a byte order mark; undefined when it is not there or cannot be read. */
  text(file: string): string | undefined {
    const read = this.#read(file);
    return 'text' in read ? read.text : undefined;
  }

  #read(file: string): ReadText {
    const known = this.#texts.get(file);
    if (known !== undefined) return known;
    const read = readTextFile(join(this.root, file));
    this.#texts.set(file, read);
    return read;
  }

  /**
   * The documents of a YAML file. Undefined when it is missing (`file-missing`, said here unless `optional`) or broken
   * (`file-unreadable`, `file-large`, `not-text`, `merge-conflict`, `empty-file`, `yaml-*`, `duplicate-key`, all said here).
   */
  yaml(file: string, options: { readonly optional?: boolean; readonly missing?: string } = {}): readonly Written[] | undefined {
    if (!this.#documents.has(file)) this.#documents.set(file, this.#parse(file, options));
    return this.#documents.get(file);
  }

  /** From now on the file has no documents: what is wrong with it is told, and its YAML would only tell it again in other words. */
  leave(file: string): void {
    this.#documents.set(file, undefined);
  }

  /** The one document of a file that has exactly one. */
  one(file: string, options: { readonly optional?: boolean; readonly missing?: string } = {}): Written | undefined {
    const documents = this.yaml(file, options);
    const second = documents?.[1];
    if (second !== undefined) {
      this.report(second.spotAt([]), 'one-document', 'this file holds one document, here a second one begins', 'remove the --- and what follows it, or move it into a file of its own');
      return undefined;
    }
    return documents?.[0];
  }

  #parse(file: string, options: { readonly optional?: boolean; readonly missing?: string }): readonly Written[] | undefined {
    const read = this.#read(file);
    if ('missing' in read) {
      if (options.optional !== true) this.report(wholeFile(file), 'file-missing', `${file} is missing`, options.missing ?? 'restore it from Git');
      return undefined;
    }
    if ('trouble' in read) {
      const { rule, because, hint, line = 0, column = 0 } = read.trouble;
      this.report({ file, line, column, length: 1 }, rule, line === 0 ? `${file} cannot be read: ${because}` : because, hint);
      return undefined;
    }
    const { text } = read;
    const kept = this.#kept.get(text);
    if (kept !== undefined) return kept.map((data, index) => placedLater(file, text, data, index));
    if (this.#conflicts(file, text)) return undefined;
    const { documents, lines } = documentsOf(text);
    const errors = documents.flatMap((document) => document.errors);
    // One broken line makes the parser stumble over what follows it; only the first stumble is the mistake. Repeated
    // keys do not confuse it, so each of those is told.
    const stumbles = errors.filter((error) => error.code !== 'DUPLICATE_KEY').slice(0, 1);
    for (const error of [...errors.filter((each) => each.code === 'DUPLICATE_KEY'), ...stumbles]) this.#syntax(file, text, lines, error);
    if (errors.length > 0) return undefined;
    const full = documents.filter(holdsSomething);
    if (full.length === 0) {
      this.report(wholeFile(file), 'empty-file', `${file} holds nothing`, 'restore it from Git, or remove it together with what refers to it');
      return undefined;
    }
    const before = this.#problems.size;
    const found = full.map((document) => written(file, document, lines, this.report));
    if (this.#problems.size > before) return undefined;
    this.#kept.put(text, found.map(({ data }) => data));
    return found;
  }

  /** Marks that Git leaves where two changes met: whatever YAML makes of them, that is the mistake. */
  #conflicts(file: string, text: string): boolean {
    const found = text.split('\n').flatMap((line, index) => (/^(?:<{7}|>{7})(?: |\r?$)/.test(line) ? [{ line: index + 1, length: line.trimEnd().length }] : []));
    for (const each of found) this.report({ file, line: each.line, column: 1, length: each.length }, 'merge-conflict', 'a mark of an unfinished merge stands here', 'decide between the two versions and remove the marks (git status names all such files)');
    return found.length > 0;
  }

  #syntax(file: string, text: string, lines: LineCounter, error: YAMLError): void {
    const { line, col } = lines.linePos(error.pos[0]);
    const rest = /^[^\n]*/.exec(text.slice(error.pos[0]))?.[0].trimEnd() ?? '';
    const spot = { file, line, column: col, length: Math.max(1, Math.min(rest.length, error.pos[1] - error.pos[0])) };
    if (error.code === 'DUPLICATE_KEY') {
      const key = /^["']?([\w.\-/${}]+)/.exec(rest)?.[1] ?? rest;
      this.report({ ...spot, length: key.length }, 'duplicate-key', `the key ${key} is given twice in this map`, 'YAML keeps only one of them; remove the other');
    } else if (error.code === 'TAB_AS_INDENT' || rest.startsWith('\t')) {
      this.report(spot, 'yaml-tab', 'a tab is used as indentation', 'YAML is indented with spaces only');
    } else if (/call stack/i.test(error.message)) {
      this.report({ ...spot, length: 1 }, 'yaml-deep', DEEP, DEEP_HINT);
    } else {
      const [first = error.message] = error.message.split('\n');
      this.report(spot, 'yaml-syntax', `this is not valid YAML: ${first.charAt(0).toLowerCase()}${first.slice(1)}`, 'look at this line and the one above it: indentation, colons, quotes and brackets');
    }
  }
}

function documentsOf(text: string): { readonly documents: readonly Document.Parsed[]; readonly lines: LineCounter } {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  return { documents: 'empty' in parsed ? [] : parsed, lines };
}

function holdsSomething(document: Document.Parsed): boolean {
  return document.contents !== null && !(isScalar(document.contents) && document.contents.value === null);
}

/** A document of a text that was found good before: its places are looked up when somebody asks for one. */
function placedLater(file: string, text: string, data: unknown, index: number): Written {
  let placed: Written | undefined;
  const whole = (): Written => {
    if (placed === undefined) {
      const { documents, lines } = documentsOf(text);
      const document = documents.filter(holdsSomething)[index];
      if (document === undefined) throw new TypeError(`${file} was kept with more documents than it has`);
      placed = written(file, document, lines, () => undefined);
    }
    return placed;
  };
  return { file, data, get root() { return whole().root; }, spotOf: (node) => whole().spotOf(node), spotAt: (path) => whole().spotAt(path) };
}

/** Maps within maps; Kubernetes' deepest objects (definitions with their schemas) stay far below. */
const DEEPEST = 100;
const DEEP = `maps and lists are nested more than ${DEEPEST} deep here`;
const DEEP_HINT = 'look for brackets or indentation that never end';

/** Tells what YAML allows and the tools that read these files (kustomize, Helm, talosctl, this program) read differently, or not at all. */
function strict(document: Document.Parsed, spotOf: (node: Node) => Spot, report: Report): boolean {
  let good = true;
  const wrong = (node: Node, rule: string, message: string, hint: string): void => {
    good = false;
    report(spotOf(node), rule, message, hint);
  };
  visit(document, {
    Alias(_, node) {
      if (node.resolve(document) === undefined) wrong(node, 'yaml-alias', `there is no anchor &${node.source} before this`, 'write the value out, or set the anchor above');
    },
    Pair(_, pair) {
      if (isScalar(pair.key) && pair.key.value === '<<') wrong(pair.key, 'yaml-merge', 'merge keys (<<) are not used here', 'they are no part of YAML 1.2, and tools differ about them; write the values out');
      else if (isNode(pair.key) && !isScalar(pair.key)) wrong(pair.key, 'yaml-key', `a key is text, here it is ${isMap(pair.key) ? 'a map' : isAlias(pair.key) ? 'an alias' : 'a list'}`, 'is a quote missing around {...} or [...]?');
    },
    Node(_, node, path) {
      if (!isAlias(node) && node.tag !== undefined && !node.tag.startsWith('tag:yaml.org,2002:')) wrong(node, 'yaml-tag', `${node.tag} is a tag no tool here knows`, 'remove the tag');
      else if (!isAlias(node) && node.tag !== undefined && !STANDARD_TAGS.test(node.tag)) wrong(node, 'yaml-tag', `!!${node.tag.slice('tag:yaml.org,2002:'.length)} is a tag no tool here knows`, 'remove the tag');
      if (path.length > 2 * DEEPEST) {
        wrong(node, 'yaml-deep', DEEP, DEEP_HINT);
        return visit.BREAK;
      }
      return undefined;
    },
  });
  return good;
}
const STANDARD_TAGS = /^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)$/;

function written(file: string, document: Document.Parsed, lines: LineCounter, report: Report): Written {
  const spotOf = (node: Node): Spot => {
    const [start, end] = node.range ?? [0, 1];
    const from = lines.linePos(start);
    const to = lines.linePos(end);
    // What spans lines is underlined at its first character only.
    return { file, line: from.line, column: from.col, length: from.line === to.line ? Math.max(1, end - start) : 1 };
  };
  const spotAt = (path: Path): Spot => {
    let node: Node | null = document.contents;
    let spot = node === null ? wholeFile(file) : spotOf(node);
    for (const part of path) {
      const next: unknown = isMap(node) || isSeq(node) ? node.get(part, true) : undefined;
      if (!isNode(next)) return spot;
      node = next;
      spot = spotOf(next);
    }
    return spot;
  };
  return { file, data: strict(document, spotOf, report) ? plainData(document, spotAt([]), report) : undefined, root: document.contents, spotOf, spotAt };
}

/** Plain values; a handful of aliases that stand for millions of values is the one thing that is noticed only here. */
function plainData(document: Document.Parsed, spot: Spot, report: Report): unknown {
  try {
    return document.toJS() as unknown;
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    report({ ...spot, length: 1 }, 'yaml-alias', 'aliases in this document stand for far too much', 'write the values out');
    return undefined;
  }
}

/** Where the key of a map entry is written; the map itself when it has no such key. */
export function keySpot(document: Written, path: Path, key: string): Spot {
  let node: Node | null = document.root;
  for (const part of path) {
    const next: unknown = isMap(node) || isSeq(node) ? node.get(part, true) : undefined;
    if (!isNode(next)) return document.spotAt(path);
    node = next;
  }
  const pair = isMap(node) ? node.items.find((item) => isScalar(item.key) && String(item.key.value) === key) : undefined;
  return pair !== undefined && isPair(pair) && isNode(pair.key) ? document.spotOf(pair.key) : document.spotAt(path);
}
