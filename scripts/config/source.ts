import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseAllDocuments, type Document, type Node, type YAMLError } from 'yaml';
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
  readonly #texts = new Map<string, string | undefined>();
  readonly #documents = new Map<string, readonly Written[] | undefined>();
  readonly #problems = new Map<string, Problem>();

  constructor(root: string) {
    this.root = root;
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
    const found = statSync(join(this.root, path), { throwIfNoEntry: false });
    return found?.isDirectory() === true ? 'directory' : found?.isFile() === true ? 'file' : undefined;
  }

  /** Files directly in a folder, sorted; [] when there is no such folder. */
  files(folder: string, ending = '.yaml'): readonly string[] {
    if (this.kind(folder) !== 'directory') return [];
    return readdirSync(join(this.root, folder), { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
      .map((entry) => posix.join(folder, entry.name)).toSorted();
  }

  folders(folder: string): readonly string[] {
    if (this.kind(folder) !== 'directory') return [];
    return readdirSync(join(this.root, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory()).map((entry) => posix.join(folder, entry.name)).toSorted();
  }

  /** Files in a folder and everything below it, sorted. */
  filesBelow(folder: string, ending = '.yaml'): readonly string[] {
    return [...this.files(folder, ending), ...this.folders(folder).flatMap((each) => this.filesBelow(each, ending))].toSorted();
  }

  /** The text of a file; undefined when it is not there or cannot be read. */
  text(file: string): string | undefined {
    if (!this.#texts.has(file)) this.#texts.set(file, readText(join(this.root, file)));
    return this.#texts.get(file);
  }

  /**
   * The documents of a YAML file. Undefined when it is missing (`file-missing`, said here unless `optional`) or broken
   * (`yaml-syntax`, `yaml-tab`, `duplicate-key`, `empty-file`, all said here).
   */
  yaml(file: string, options: { readonly optional?: boolean; readonly missing?: string } = {}): readonly Written[] | undefined {
    if (!this.#documents.has(file)) this.#documents.set(file, this.#parse(file, options));
    return this.#documents.get(file);
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
    const text = this.text(file);
    if (text === undefined) {
      if (options.optional !== true) this.report(wholeFile(file), 'file-missing', `${file} is missing or cannot be read`, options.missing ?? 'restore it from Git');
      return undefined;
    }
    const lines = new LineCounter();
    const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
    const documents = 'empty' in parsed ? [] : parsed;
    const errors = documents.flatMap((document) => document.errors);
    // One broken line makes the parser stumble over what follows it; only the first stumble is the mistake. Repeated
    // keys do not confuse it, so each of those is told.
    const stumbles = errors.filter((error) => error.code !== 'DUPLICATE_KEY').slice(0, 1);
    for (const error of [...errors.filter((each) => each.code === 'DUPLICATE_KEY'), ...stumbles]) this.#syntax(file, text, lines, error);
    if (errors.length > 0) return undefined;
    const full = documents.filter((document) => document.contents !== null && !(isScalar(document.contents) && document.contents.value === null));
    if (full.length === 0) {
      this.report(wholeFile(file), 'empty-file', `${file} holds nothing`, 'restore it from Git, or remove it together with what refers to it');
      return undefined;
    }
    return full.map((document) => written(file, document, lines));
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
    } else {
      const [first = error.message] = error.message.split('\n');
      this.report(spot, 'yaml-syntax', `this is not valid YAML: ${first.charAt(0).toLowerCase()}${first.slice(1)}`, 'look at this line and the one above it: indentation, colons, quotes and brackets');
    }
  }
}

function written(file: string, document: Document.Parsed, lines: LineCounter): Written {
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
  return { file, data: document.toJS() as unknown, root: document.contents, spotOf, spotAt };
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

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}
