import { parseAllDocuments } from 'yaml';

/** What keeps a text from being JSON, and where. */
export interface JsonTrouble { readonly message: string; readonly at: number }

export type Json = { readonly data: unknown } | { readonly trouble: JsonTrouble };

/** Reads JSON; `lenient` takes comments and commas at the end as well, as many readers of such files do. */
export function readJson(text: string, options: { readonly lenient?: boolean } = {}): Json {
  try {
    return { data: JSON.parse(text) as unknown };
  } catch (error) {
    const bare = options.lenient === true ? text.replaceAll(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[^]*?\*\//g, (each) => (each.startsWith('"') ? each : each.replaceAll(/[^\n]/g, ' '))) : text;
    // YAML's reader is as patient with commas, and always tells a place.
    const read = parseAllDocuments(bare, { prettyErrors: false, logLevel: 'silent' });
    const [document] = 'empty' in read ? [] : read;
    const [first] = document?.errors ?? [];
    if (options.lenient === true && first === undefined && /^\s*[[{]/.test(bare)) return { data: document?.toJS() };
    const said = error instanceof Error ? error.message : String(error);
    const position = /position (\d+)/.exec(said)?.[1];
    const ended = /end of JSON input|Unterminated/.test(said);
    return { trouble: { message: wordsFor(said), at: position !== undefined ? Number(position) : ended ? Math.max(0, text.trimEnd().length - 1) : first?.pos[0] ?? 0 } };
  }
}

function wordsFor(said: string): string {
  const token = /^Unexpected token '?([^',]+)'?/.exec(said)?.[1];
  if (token !== undefined) return `${JSON.stringify(token)} is not expected there`;
  if (/end of JSON input/.test(said)) return 'it ends too early';
  const short = said.replace(/ in JSON at position[^]*|,? ?\.\.\.[^]*| is not valid JSON[^]*|\(line[^]*/g, '').trim();
  return `${short.charAt(0).toLowerCase()}${short.slice(1)}`;
}
