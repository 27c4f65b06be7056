/** A piece of an action of a Go template. `glued`: nothing stands between it and the piece before. */
export interface Token {
  readonly is: 'field' | 'variable' | 'identifier' | 'string' | 'number' | 'char' | 'dot' | 'open' | 'close' | 'pipe' | 'comma' | 'assign' | 'declare';
  readonly text: string;
  readonly glued: boolean;
}

/** Thrown for what Go's own parser would refuse as well. */
export class TemplateError extends Error {}

/** The actions of a template's text in order, each as its tokens; comments left out. */
export function actionsOf(text: string): readonly (readonly Token[])[] {
  const actions: Token[][] = [];
  for (let at = text.indexOf('{{'); at >= 0; at = text.indexOf('{{', at)) {
    at += 2;
    if (/^-\s/.test(text.slice(at, at + 2))) at += 1;
    COMMENT.lastIndex = at;
    const comment = COMMENT.exec(text);
    if (comment !== null) { at += comment[0].length; continue; }
    const action = lexAction(text, at);
    actions.push(action.tokens);
    at = action.end;
  }
  return actions;
}

const COMMENT = /\s*\/\*[\s\S]*?\*\/\s*-?\}\}/y;
const PATTERNS: readonly { readonly is: Token['is'] | 'space' | 'end'; readonly pattern: RegExp }[] = [
  { is: 'space', pattern: /\s+/y },
  { is: 'end', pattern: /-?\}\}/y },
  { is: 'string', pattern: /"(?:[^"\\\n]|\\.)*"/y },
  { is: 'string', pattern: /`[^`]*`/y },
  { is: 'char', pattern: /'(?:[^'\\\n]|\\[^\n])+'/y },
  { is: 'number', pattern: /[-+]?(?:0[xX][0-9a-fA-F_]+|\.?\d[\d_]*(?:\.\d*)?(?:[eE][-+]?\d+)?)i?/y },
  { is: 'field', pattern: /\.[\p{L}_][\p{L}\p{N}_]*/yu },
  { is: 'variable', pattern: /\$[\p{L}\p{N}_]*/yu },
  { is: 'identifier', pattern: /[\p{L}_][\p{L}\p{N}_]*/yu },
  { is: 'dot', pattern: /\./y },
  { is: 'open', pattern: /\(/y },
  { is: 'close', pattern: /\)/y },
  { is: 'pipe', pattern: /\|/y },
  { is: 'comma', pattern: /,/y },
  { is: 'declare', pattern: /:=/y },
  { is: 'assign', pattern: /=/y },
];

function lexAction(text: string, start: number): { readonly tokens: Token[]; readonly end: number } {
  const tokens: Token[] = [];
  let glued = false;
  for (let at = start; ;) {
    const next = nextPiece(text, at);
    if (next === undefined) throw new TemplateError(at >= text.length ? 'an action is not closed' : `unexpected "${text.slice(at, at + 12)}" in an action`);
    at += next.text.length;
    if (next.is === 'end') return { tokens, end: at };
    if (next.is === 'space') { glued = false; continue; }
    tokens.push({ is: next.is, text: next.is === 'string' ? unquoted(next.text) : next.text, glued });
    glued = true;
  }
}

function nextPiece(text: string, at: number): { readonly is: Token['is'] | 'space' | 'end'; readonly text: string } | undefined {
  for (const { is, pattern } of PATTERNS) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) return { is, text: found[0] };
  }
  return undefined;
}

/** A Go string: JSON's escapes, and \x.., \a, \v, octal besides. */
function unquoted(quoted: string): string {
  if (quoted.startsWith('`')) return quoted.slice(1, -1);
  return quoted.slice(1, -1).replaceAll(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/g, (_, x?: string, u?: string, long?: string, octal?: string, one?: string) => {
    const hex = x ?? u ?? long;
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16) % 0x110000);
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
    return { n: '\n', t: '\t', r: '\r', a: '\u0007', b: '\b', f: '\f', v: '\v' }[one ?? ''] ?? one ?? '';
  });
}
