import { parseAllDocuments } from 'yaml';

/** What keeps a text from being JSON, and where. */
export interface JsonTrouble { readonly message: string; readonly at: number }

export type Json = { readonly data: unknown } | { readonly trouble: JsonTrouble };

/** Reads JSON; `lenient` takes comments and commas at the end as well, as many readers of such files do. */
export function readJson(text: string, options: { readonly lenient?: boolean } = {}): Json {
  try {
    return { data: JSON.parse(text) as unknown };
  } catch {
    const bare = options.lenient === true ? text.replaceAll(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[^]*?\*\//g, (each) => (each.startsWith('"') ? each : each.replaceAll(/[^\n]/g, ' '))) : text;
    if (options.lenient === true && /^\s*[[{]/.test(bare)) {
      // YAML's reader takes commas at the end, and all else that JSON is.
      const read = parseAllDocuments(bare, { prettyErrors: false, logLevel: 'silent' });
      const [document] = 'empty' in read ? [] : read;
      if (document?.errors.length === 0) return { data: document.toJS() };
    }
    return { trouble: stumble(bare) };
  }
}

/** A piece of JSON; `$` is the end of the text. */
const PIECE = /\s*(?:"(?:[^"\\\n\r\t]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.])|(?:true|false|null)\b|[{}[\],:]|$)/y;

/** Where a text stops being JSON: JavaScript's own reader says so only sometimes. */
function stumble(text: string): JsonTrouble {
  const open: ('{' | '[')[] = [];
  let want: 'value' | 'key' | 'key or }' | 'value or ]' | ':' | ', or end' | 'end' = 'value';
  for (let at = 0; at <= text.length;) {
    PIECE.lastIndex = at;
    const found = PIECE.exec(text)?.[0];
    const here = at + (/^\s*/.exec(text.slice(at))?.[0].length ?? 0);
    const piece = found?.trim();
    if (piece === undefined) return { message: text[here] === '"' ? 'a text in quotes does not end, or holds what it may not' : `${JSON.stringify(text.slice(here, here + 1))} is not expected there`, at: here };
    if (piece === '') return { message: open.length > 0 || want !== 'end' ? 'it ends too early' : 'it is no JSON', at: Math.max(0, text.trimEnd().length - 1) };
    const value = /^["\-\dtfn]/.test(piece);
    const wrong = { message: `${JSON.stringify(piece.slice(0, 20))} is not expected there`, at: here };
    if (value || piece === '{' || piece === '[') {
      if ((want === 'key' || want === 'key or }') && piece.startsWith('"')) want = ':';
      else if (want !== 'value' && want !== 'value or ]') return want === ', or end' ? { message: 'a comma is missing before it', at: here } : wrong;
      else if (piece === '{' || piece === '[') {
        open.push(piece);
        want = piece === '{' ? 'key or }' : 'value or ]';
      } else want = open.length === 0 ? 'end' : ', or end';
    } else if (piece === ':') {
      if (want !== ':') return wrong;
      want = 'value';
    } else if (piece === ',') {
      if (want !== ', or end') return wrong;
      want = open.at(-1) === '{' ? 'key' : 'value';
    } else {
      const closes = piece === '}' ? '{' : '[';
      if (open.at(-1) !== closes || !(want === ', or end' || want === 'key or }' || want === 'value or ]')) return want === 'key' || (want === 'value' && open.at(-1) === '[') ? { message: `a comma stands before ${piece}`, at: here } : wrong;
      open.pop();
      want = open.length === 0 ? 'end' : ', or end';
    }
    at += found?.length ?? 1;
  }
  return { message: 'it is no JSON', at: 0 };
}
