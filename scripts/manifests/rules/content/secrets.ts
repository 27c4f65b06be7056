import { Buffer } from 'node:buffer';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../../engine/failure.ts';
import type { Path, Spot } from '../../../config/source.ts';
import { findGitleaks, gitleaks } from '../../../tools/gitleaks.ts';
import { get, isPlain, strings } from '../../build/data.ts';
import { isUnknown } from '../../build/unknown.ts';
import type { Built, Found, Rule, Texts, View } from '../../model.types.ts';
import { isPlaceholder, looksSecret, shapesIn } from './shapes.ts';

type Say = Omit<Found, 'rule'>;

const OUT = 'take it out of Git, give out a new one (this one is known), and refer to it by an ExternalSecret, or encrypt it with SOPS';

/** Keys of Secrets that are in one beside what is secret. */
const HARMLESS_KEY = /(?:^|[_.-])(?:user|username|login|host|hostname|port|url|uri|endpoint|address|database|db|dbname|name|namespace|region|bucket|email|type|enabled|ca\.crt|ca|tls\.crt|crt|cert|certificate|known_hosts|public[-_]?key|\.?pub|issuer|client[-_]?id|account[-_]?id|project|tenant|zone|domain)$/i;

export const secretPlain: Rule = {
  id: 'secret-plain', severity: 'error', secret: true,
  summary: 'No Secret of the tree holds its values unencrypted',
  why: 'Whoever can read the repository, or ever could, has them; Base64 is no encryption, and Git forgets nothing.',
  *check(view) {
    for (const built of view.all) {
      const { object } = built;
      if (object.kind !== 'Secret' || object.apiVersion !== 'v1' || built.release !== undefined || isPlain(object['sops'])) continue;
      // A generator's file that SOPS encrypted has its own lines about that.
      if (Object.keys(strings(object['data'])).some((key) => /^sops_mac$/.test(key))) continue;
      for (const field of ['stringData', 'data']) {
        for (const [key, value] of Object.entries(strings(object[field]))) {
          const clear = field === 'data' ? decoded(value) : value;
          if (isUnknown(value) || harmless(key, clear) || fromVariable(built, [field, key])) continue;
          yield { built, path: [field, key], message: `${key} of a Secret stands in the tree unencrypted`, hint: OUT };
        }
      }
    }
  },
};

function decoded(value: string): string {
  return /^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(value) ? Buffer.from(value, 'base64').toString('utf8') : value;
}

/** What may be read by everybody: empty, a placeholder, a switch, an address without a password. */
function harmless(key: string, value: string): boolean {
  if (isPlaceholder(value) || /^(?:\d{1,6}|true|false|yes|no)$/i.test(value.trim())) return true;
  const shaped = [...shapesIn(value)].length > 0;
  if (shaped) return false;
  return HARMLESS_KEY.test(key) || /^https?:\/\/[^\s@?]+$/.test(value.trim()) || /^-----BEGIN (?:CERTIFICATE|PUBLIC KEY)/.test(value.trim());
}

/** A value some variable is filled into is not in the tree as it is. */
function fromVariable({ raw }: Built, path: Path): boolean {
  const written = get(raw, ...path);
  return typeof written === 'string' && /(?<!\$)\$\{/.test(written);
}

/** Files the tree is made of, each once. */
function filesOf(view: View): readonly string[] {
  return [...new Set(view.tree.units.flatMap(({ files }) => [...files]))].toSorted();
}

type Shaped = readonly { readonly says: string; readonly at: number; readonly length: number }[];
interface Scanned { readonly text: string; readonly encrypted: boolean; readonly shapes: Shaped; values?: readonly Say[] }
const scanned = new WeakMap<object, Map<string, Scanned>>();

/** A file of the tree with the issued secrets in it, looked at once as long as it says the same; undefined for what is encrypted, or no text. */
function scan(texts: Texts, file: string): Scanned | undefined {
  const text = texts.text(file);
  if (text === undefined) return undefined;
  const kept = scanned.get(texts.memory) ?? new Map<string, Scanned>();
  scanned.set(texts.memory, kept);
  let known = kept.get(file);
  if (known?.text !== text) {
    const encrypted = isEncrypted(text);
    known = { text, encrypted, shapes: encrypted ? [] : [...shapesIn(text)] };
    kept.set(file, known);
  }
  return known.encrypted ? undefined : known;
}

/** Encrypted by SOPS as a whole: what is left readable in it is meant to be. */
function isEncrypted(text: string): boolean {
  return /^sops:\s*$|^\s*"sops":\s*\{|^sops_version=|^\s+mac: ENC\[/m.test(text) && text.includes('ENC[');
}

export const secretShape: Rule = {
  id: 'secret-shape', severity: 'error', secret: true,
  summary: 'Nothing in the files of the tree, nor in what its charts make of them, has the shape of an issued secret',
  why: 'Tokens and keys have shapes their issuers chose, so that scanners find them: those of others scan public repositories within minutes.',
  *check(view) {
    for (const file of filesOf(view)) {
      const { text = '', shapes = [] } = scan(view.tree.texts, file) ?? {};
      for (const { says, at, length } of shapes) yield { spot: spotAt(file, text, at, length), message: `${says} stands here in clear text`, hint: OUT };
    }
    for (const built of view.all) {
      // A chart makes keys of its own each time; what of it is not from the tree is random, or known to everybody.
      if (built.release === undefined || built.object.kind === 'Secret' || built.object.kind === 'CustomResourceDefinition') continue;
      for (const { path, value } of leaves(built.object, [])) {
        for (const { says } of shapesIn(value)) if (says !== 'a private key') yield { built, path, message: `the chart puts ${says} into ${built.object.kind} ${built.object.metadata.name}`, hint: OUT };
      }
    }
  },
};

function spotAt(file: string, text: string, at: number, length: number): Spot {
  const before = text.slice(0, at);
  const end = text.indexOf('\n', at);
  return { file, line: before.split('\n').length, column: at - before.lastIndexOf('\n'), length: Math.min(length, (end < 0 ? text.length : end) - at) };
}

function* leaves(value: unknown, path: Path): Iterable<{ readonly path: Path; readonly value: string }> {
  if (typeof value === 'string') yield { path, value };
  else if (Array.isArray(value)) for (const [index, each] of value.entries()) yield* leaves(each, [...path, index]);
  else if (isPlain(value)) for (const [key, each] of Object.entries(value)) yield* leaves(each, [...path, key]);
}

/** Kinds whose fields of such names say where a secret is, not what it is. */
const REFERRING = new Set(['ExternalSecret', 'ClusterExternalSecret', 'PushSecret', 'SecretStore', 'ClusterSecretStore', 'CustomResourceDefinition', 'Secret', 'Role', 'ClusterRole']);

export const secretValue: Rule = {
  id: 'secret-value', severity: 'error', secret: true,
  summary: 'No field, variable or line that is named as a secret holds one',
  why: 'Whoever can read the repository, or ever could, has it.',
  *check(view) {
    for (const file of filesOf(view)) {
      const known = scan(view.tree.texts, file);
      if (known === undefined) continue;
      // Places of a file hang on its text alone too, as sources: they are looked up when they are told.
      known.values ??= valuesIn(view.tree.texts, file, known.text, known.shapes);
      yield* known.values;
    }
  },
};

function valuesIn(texts: Texts, file: string, text: string, shapes: Shaped): readonly Say[] {
  return [.../\.ya?ml$/.test(file) ? inYaml(texts, file, text, shapes.length > 0) : inLines(text, shapes.map(({ at }) => at), (at, length) => ({ spot: spotAt(file, text, at, length) }))];
}

function* inYaml(texts: Texts, file: string, text: string, shaped: boolean): Iterable<Say> {
  if (!/pass|secret|token|credential|key|psk|pwd|hmac/i.test(text)) return;
  for (const { index, data } of texts.documents(file) ?? []) {
    if (isPlain(data) && typeof data['kind'] === 'string' && REFERRING.has(data['kind'])) continue;
    for (const { path, value } of leaves(data, [])) {
      const at = { file, document: index, at: path };
      if (value.includes('\n')) {
        // Text in a text: values, a script, a configuration. Its own lines are looked at.
        for (const { needle, ...say } of inLines(value, [], (from, length) => ({ source: at, needle: value.slice(from, from + length) }))) yield { ...say, ...(needle === undefined ? {} : { needle }) };
        continue;
      }
      const key = keyFor(path, data);
      if (key === undefined || !looksSecret(key, value) || (shaped && [...shapesIn(value)].length > 0)) continue;
      yield { source: at, message: `${key} holds what looks like a secret in clear text`, hint: OUT };
    }
  }
}

/** The key a value is under; of a list of names and values (environment variables), the name. */
function keyFor(path: Path, data: unknown): string | undefined {
  const last = path.at(-1);
  const above = path.slice(0, -1);
  if (last === 'value') {
    const name = get(data, ...above, 'name');
    return typeof name === 'string' ? name : 'value';
  }
  // `secretKeyRef: {name, key}`, `passwordSecretRef: {name, key}`: where it is, not what it is.
  if (above.some((part) => typeof part === 'string' && /ref(?:s|erence|erences)?$|selector$|^valueFrom$|^remoteRef$|^annotations$|^labels$/i.test(part))) return undefined;
  return typeof last === 'string' ? last : undefined;
}

const LINE = /^[ \t]*(?:export[ \t]+|-[ \t]+)?["']?([A-Za-z_][\w.-]*)["']?[ \t]*(?:=|:[ \t])[ \t]*(?:"([^"\n]*)"|'([^'\n]*)'|([^\s"'#,;]+))/gm;

function* inLines(text: string, shapes: readonly number[], place: (at: number, length: number) => Pick<Say, 'spot' | 'source' | 'needle'>): Iterable<Say> {
  for (const match of text.matchAll(LINE)) {
    const [whole, key = ''] = match;
    const value = match[2] ?? match[3] ?? match[4] ?? '';
    if (!looksSecret(key, value)) continue;
    const at = match.index + whole.lastIndexOf(value);
    if (shapes.some((each) => each >= at && each < at + value.length)) continue;
    yield { ...place(at, value.length), message: `${key} holds what looks like a secret in clear text`, hint: OUT };
  }
}

export const secretGitleaks: Rule = {
  id: 'secret-gitleaks', severity: 'error', secret: true,
  summary: 'gitleaks, where it is installed, finds no secret in the files of the tree',
  why: 'It knows the shapes of many more issuers than the rules here.',
  async check(view) {
    const { around } = view;
    const tool = around === undefined ? undefined : findGitleaks(around.environment);
    if (around === undefined || tool === undefined) return [];
    around.read(tool);
    const { root } = view.tree.texts;
    const config = join(root, '.gitleaks.toml');
    around.read(config);
    // All files as one text, in one process: what is laid over them in memory is looked at too.
    const parts: { readonly file: string; readonly text: string; readonly from: number }[] = [];
    let lines = 0;
    for (const file of filesOf(view)) {
      const text = scan(view.tree.texts, file)?.text;
      if (text === undefined) continue;
      parts.push({ file, text, from: lines });
      lines += text.split('\n').length;
    }
    try {
      const leaks = await gitleaks(around.proc, tool, parts.map(({ text }) => text).join('\n'), existsSync(config) ? config : undefined);
      return leaks.flatMap((leak): Say[] => {
        const part = parts.findLast(({ from }) => from < leak.line);
        const line = part === undefined ? 0 : leak.line - part.from;
        const written = part?.text.split('\n')[line - 1] ?? '';
        // Its guess by name and randomness is what secret-value does, which knows what the fields of Kubernetes mean.
        if (part === undefined || leak.rule === 'generic-api-key' || ownFinds(part.text, line) || isPlaceholder(written.slice(leak.column - 1, leak.endColumn))) return [];
        return [{ spot: { file: part.file, line, column: Math.min(leak.column, Math.max(1, written.length)), length: Math.max(1, leak.endColumn - leak.column + 1) }, message: `gitleaks (${leak.rule}): ${leak.says.replace(/\.$/, '').replace(/^./, (first) => first.toLowerCase())}`, hint: `${OUT}; where it is none, say so with a comment gitleaks:allow` }];
      });
    } catch (error) {
      if (!(error instanceof Failure) || error.exit === 'interrupted') throw error;
      around.volatile(error.what);
      const [first] = parts;
      return first === undefined ? [] : [{ unknown: true, spot: { file: first.file, line: 1, column: 1, length: 1 }, message: `gitleaks is here and could not look: ${error.message}`, hint: error.hint ?? 'task tools:check' }];
    }
  },
};

/** Whether the rules here have told of this line already. */
function ownFinds(text: string, line: number): boolean {
  const written = text.split('\n')[line - 1] ?? '';
  return [...shapesIn(text)].some(({ at }) => text.slice(0, at).split('\n').length === line) || [...inLines(written, [], () => ({}))].length > 0;
}
