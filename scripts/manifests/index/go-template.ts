/** What a Go template uses and whether it can be read: enough for templates of Secrets, which are short. */
export interface GoTemplate {
  /** Why it cannot be read. */
  readonly trouble: string | undefined;
  /** Names of the root it uses (`.name`, `$.name`, `index . "name"`), without those inside a range or a with, where the dot is another. */
  readonly names: readonly string[];
}

interface Block { readonly word: string; readonly moves: boolean }
const OPENS: Readonly<Record<string, boolean>> = { if: false, range: true, with: true, define: true, block: true };

/** Reads a template as text/template does, as far as blocks, parentheses, quotes and names go. */
export function readGoTemplate(text: string): GoTemplate {
  const names = new Set<string>();
  const open: Block[] = [];
  const fail = (trouble: string): GoTemplate => ({ trouble, names: [...names] });
  let at = 0;
  for (;;) {
    const start = text.indexOf('{{', at);
    if (start < 0) break;
    const end = endOf(text, start + 2);
    if (typeof end === 'string') return fail(end);
    const action = text.slice(start + 2, end).replace(/^-\s/, '').replace(/\s-$/, '').trim();
    at = end + 2;
    if (action.startsWith('/*')) continue;
    if (action === '') return fail('{{ }} is empty');
    const word = /^[a-z]+/.exec(action)?.[0] ?? '';
    const inside = open.some(({ moves }) => moves);
    if (word === 'end') {
      if (open.pop() === undefined) return fail('there is an end too many');
      continue;
    }
    if (word === 'else') {
      if (!['if', 'range', 'with'].includes(open.at(-1)?.word ?? '')) return fail('an else stands outside of if, range and with');
      read(action.slice(4), open.slice(0, -1).some(({ moves }) => moves), names);
      continue;
    }
    const trouble = parentheses(action);
    if (trouble !== undefined) return fail(trouble);
    read(action, inside, names);
    const moves = OPENS[word];
    if (moves !== undefined && Object.hasOwn(OPENS, word)) open.push({ word, moves });
  }
  const [last] = open.slice(-1);
  if (last !== undefined) return fail(`${last.word} has no end`);
  return { trouble: undefined, names: [...names] };
}

/** Where an action ends, quotes heeded. */
function endOf(text: string, from: number): number | string {
  if (/^(?:-\s)?\s*\/\*/.test(text.slice(from, from + 8))) {
    const close = text.indexOf('*/', from);
    const end = close < 0 ? -1 : text.indexOf('}}', close);
    return end < 0 ? 'a comment has no end' : end;
  }
  let quote = '';
  for (let at = from; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (quote !== '') {
      if (character === '\\' && quote === '"') at += 1;
      else if (character === quote) quote = '';
      else if (character === '\n' && quote === '"') return 'a quote has no end';
    } else if (character === '"' || character === '`') quote = character;
    else if (character === '}' && text.charAt(at + 1) === '}') return at;
  }
  return quote === '' ? '{{ has no }}' : 'a quote has no end';
}

function parentheses(action: string): string | undefined {
  let depth = 0;
  for (const character of unquoted(action)) {
    if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    if (depth < 0) return 'there is a ) too many';
  }
  return depth > 0 ? 'a ( has no )' : undefined;
}

/** Without what stands in quotes; the quotes stay. */
function unquoted(action: string): string {
  return action.replaceAll(/"(?:\\.|[^"\\])*"|`[^`]*`/g, '""');
}

function read(action: string, inside: boolean, names: Set<string>): void {
  for (const [, of, name] of unquoted(action).matchAll(/(^|[\s(|,=!$])\.([A-Za-z_]\w*)/g)) if (name !== undefined && (!inside || of === '$')) names.add(name);
  for (const [, of, name] of action.matchAll(/\bindex\s+(\$|\.)\s+"([^"\\]*)"/g)) if (name !== undefined && (!inside || of === '$')) names.add(name);
}
