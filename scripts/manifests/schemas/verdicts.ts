import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isPlain, list } from '../build/data.ts';
import type { Trouble } from './trouble.ts';

/**
 * Verdicts over objects, kept from run to run by the digest of object and schema: what was judged once is not judged again. A verdict
 * that another version of the evaluator gave is not believed. A file that cannot be read or written costs time and nothing else.
 */
export interface Verdicts {
  /** The troubles of an object that was judged before, [] for a good one; undefined when it was not. */
  get(key: string): readonly Trouble[] | undefined;
  put(key: string, troubles: readonly Trouble[]): void;
  /** When a kind was last not found in the catalogs, or (`network`) when they did not answer, ms. */
  absent(what: string): number | undefined;
  lack(what: string): void;
  save(): void;
}

const MOST = 20_000;
const SELF = [
  'evaluate.ts', 'strings.ts', 'answers.ts', 'definitions.ts',
  ...['functions', 'metricsql', 'promql', 'types'].map((name) => `../rules/content/queries/${name}.ts`),
].map((name) => new URL(name, import.meta.url));

/** The verdicts kept in a file; undefined: only for this process. */
export function verdicts(file: string | undefined): Verdicts {
  const known = open.get(file ?? '') ?? make(file);
  open.set(file ?? '', known);
  return known;
}
const open = new Map<string, Verdicts>();

function make(file: string | undefined): Verdicts {
  const stamp = SELF.map((each) => statSync(each, { throwIfNoEntry: false })?.mtimeMs ?? 0).join(' ');
  const { good, bad, lacking } = read(file, stamp);
  let changed = false;
  return {
    get: (key) => bad.get(key) ?? (good.has(key) ? [] : undefined),
    put(key, troubles) {
      changed = true;
      if (troubles.length === 0) good.add(key);
      else bad.set(key, troubles);
    },
    absent: (what) => lacking.get(what),
    lack(what) {
      changed = true;
      lacking.set(what, Date.now());
    },
    save() {
      if (!changed || file === undefined) return;
      changed = false;
      const text = JSON.stringify({ stamp, good: [...good].slice(-MOST), bad: [...bad].slice(-MOST / 10), lacking: [...lacking] });
      const part = `${file}.${process.pid}.part`;
      try {
        mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
        writeFileSync(part, text, { mode: 0o600 });
        renameSync(part, file);
      } catch {
        // A cache that cannot be written costs the next run its time.
      }
    },
  };
}

function read(file: string | undefined, stamp: string): { readonly good: Set<string>; readonly bad: Map<string, readonly Trouble[]>; readonly lacking: Map<string, number> } {
  const empty = { good: new Set<string>(), bad: new Map<string, readonly Trouble[]>(), lacking: new Map<string, number>() };
  if (file === undefined) return empty;
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // None yet, or damaged: as if nothing had been judged.
    return empty;
  }
  if (!isPlain(parsed) || parsed['stamp'] !== stamp) return empty;
  return {
    good: new Set(list(parsed['good']).map(String)),
    bad: new Map(list(parsed['bad']).flatMap((each): [string, readonly Trouble[]][] => (Array.isArray(each) && typeof each[0] === 'string' && Array.isArray(each[1]) && each[1].every(isTrouble) ? [[each[0], each[1]]] : []))),
    lacking: new Map(list(parsed['lacking']).flatMap((each): [string, number][] => (Array.isArray(each) && typeof each[0] === 'string' && typeof each[1] === 'number' ? [[each[0], each[1]]] : []))),
  };
}
function isTrouble(value: unknown): value is Trouble {
  return isPlain(value) && typeof value['is'] === 'string' && Array.isArray(value['path']);
}

/** The key of an object under a schema. */
export function keyOf(schema: string, object: unknown): string {
  return createHash('sha256').update(schema).update('\n').update(JSON.stringify(object) ?? '').digest('base64url').slice(0, 24);
}
