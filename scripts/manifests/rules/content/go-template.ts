import { nearest } from '../../../config/words.ts';

/**
 * Reads Go templates as far as telling what text/template refuses when it parses one: actions that do not end, blocks that do not close,
 * functions and variables nobody defined. What a template does with its data is not looked at.
 */

export interface TemplateTrouble { readonly message: string; readonly hint: string; readonly needle: string }
export interface TemplateWords { readonly functions: ReadonlySet<string>; readonly variables: ReadonlySet<string> }

/** text/template's own. */
const BUILT_IN = 'and break call continue eq ge gt html index js le len lt ne not nil or print printf println slice true false urlquery'.split(' ');

const ACTION = /\{\{(?<trim>- )?\s*(?<body>\/\*[^]*?\*\/|(?:"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)*'|(?!\}\})[^"`'])*)\s*(?: -)?\}\}/gy;
const TOKEN = /\s+|"(?:[^"\\]|\\.)*"|`[^`]*`|'(?:[^'\\]|\\.)+'|\$[\w]*(?:\.\w+)*|\.(?:\w+(?:\.\w+)*)?|:=|[=|(),]|[-+]?(?:0[xX][0-9a-fA-F]+|\d[\d_]*\.?\d*(?:[eE][-+]?\d+)?)i?|[A-Za-z_]\w*(?:\.\w+)*/y;

interface Block { readonly keyword: string; readonly action: string; readonly variables: readonly string[] }

/** What is wrong with a template; undefined for one that parses. */
export function templateTrouble(text: string, words: TemplateWords): TemplateTrouble | undefined {
  const open: Block[] = [];
  const variables: string[] = [...words.variables];
  for (let at = text.indexOf('{{'); at >= 0;) {
    ACTION.lastIndex = at;
    const match = ACTION.exec(text);
    const rest = text.slice(at).split('\n')[0] ?? '';
    if (match === null) return { message: 'a {{ is not closed', hint: 'close it with }} on the same line, and every quote in it', needle: rest };
    const trouble = action((match.groups?.['body'] ?? '').trim().replace(/\s-$/, ''), match[0], open, variables, words);
    if (trouble !== undefined) return trouble;
    at = text.indexOf('{{', at + match[0].length);
  }
  const [left] = open.toReversed();
  return left === undefined ? undefined : { message: `${left.action} has no {{ end }}`, hint: 'add {{ end }} behind what it is about', needle: left.action };
}

function action(body: string, whole: string, open: Block[], variables: string[], words: TemplateWords): TemplateTrouble | undefined {
  if (body.startsWith('/*')) return undefined;
  const wrong = (message: string, hint: string, needle = whole): TemplateTrouble => ({ message, hint, needle });
  const [, keyword = '', rest = ''] = /^(if|else|end|range|with|define|block|template|break|continue)\b\s*([^]*)$/.exec(body) ?? [undefined, '', body];
  switch (keyword) {
    case 'end': {
      const block = open.pop();
      if (block === undefined) return wrong('{{ end }} closes nothing', 'remove it, or add what it should close');
      variables.length = block.variables.length;
      return undefined;
    }
    case 'else': {
      const top = open.at(-1);
      if (top === undefined || !['if', 'with', 'range'].includes(top.keyword)) return wrong('{{ else }} stands in no if, with or range', 'look for the {{ end }} before it');
      return rest === '' ? undefined : pipeline(rest.replace(/^(?:if|with)\s+/, ''), whole, variables, words);
    }
    case 'if':
    case 'with':
    case 'range':
      open.push({ keyword, action: whole, variables: [...variables] });
      return rest === '' ? wrong(`${keyword} says nothing about what`, `write {{ ${keyword} ... }}`) : pipeline(rest, whole, variables, words);
    case 'define':
    case 'block':
      open.push({ keyword, action: whole, variables: [...variables] });
      return /^"(?:[^"\\]|\\.)*"/.test(rest) ? undefined : wrong(`${keyword} needs a name in quotes`, `write {{ ${keyword} "name" }}`);
    case 'template': return /^"(?:[^"\\]|\\.)*"/.test(rest) ? undefined : wrong('template needs a name in quotes', 'write {{ template "name" . }}');
    case 'break':
    case 'continue': return open.some((each) => each.keyword === 'range') ? undefined : wrong(`{{ ${keyword} }} stands in no range`, 'remove it');
    default: return body === '' ? wrong('an action says nothing', 'write something between {{ and }}, or remove it') : pipeline(body, whole, variables, words);
  }
}

function pipeline(text: string, whole: string, variables: string[], { functions }: TemplateWords): TemplateTrouble | undefined {
  const wrong = (message: string, hint: string, needle = whole): TemplateTrouble => ({ message, hint, needle });
  const declared = /^\s*(\$\w+)(?:\s*,\s*(\$\w+))?\s*(:=|=)/.exec(text);
  if (declared?.[3] === ':=') variables.push(...declared.slice(1, 3).filter((each) => each !== undefined));
  let depth = 0;
  let before = '|';
  const from = declared?.[0].length ?? 0;
  for (let at = from; at < text.length;) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined) return wrong(`${JSON.stringify(text.slice(at, at + 1))} is no part of an action`, /["'`]/.test(text[at] ?? '') ? 'close the quote' : 'remove it', whole);
    at += token.length;
    if (/^\s/.test(token)) continue;
    if (token === '(') depth += 1;
    if (token === ')') depth -= 1;
    if (depth < 0) return wrong('a ) closes nothing', 'remove it, or open it before');
    if (token === '|' && (before === '|' || before === '(')) return wrong('nothing stands before a |', 'write what goes into it');
    const name = token.split('.')[0] ?? '';
    if (/^[A-Za-z_]/.test(token) && !functions.has(name) && !BUILT_IN.includes(name)) {
      const near = nearest(name, [...functions, ...BUILT_IN]);
      return wrong(`the template knows no function ${name}`, near === undefined ? 'fields of the data begin with a dot or with $labels.' : `did you mean ${near}?`, name);
    }
    if (token.startsWith('$') && name !== '$' && !variables.includes(name)) {
      const near = nearest(name, variables);
      return wrong(`the template has no variable ${name}`, near === undefined ? `there are ${variables.join(', ')}` : `did you mean ${near}?`, token);
    }
    before = token;
  }
  if (depth > 0) return wrong('a ( is not closed', 'close it with )');
  return before === '|' ? wrong('nothing stands behind a |', 'write the function it goes into') : undefined;
}

/** What templates of alerts may use: https://prometheus.io/docs/prometheus/latest/configuration/template_reference/ */
export const ALERT_TEMPLATES: TemplateWords = {
  functions: new Set('query first label value sortByLabel strvalue args reReplaceAll safeHtml match title toUpper toLower graphLink tableLink humanize humanize1024 humanizeDuration humanizePercentage humanizeTimestamp toTime toDuration now pathPrefix externalURL parseDuration stripPort stripDomain tmpl urlQueryEscape'.split(' ')),
  variables: new Set(['$labels', '$value', '$externalLabels', '$externalURL']),
};
/** And those of vmalert: https://docs.victoriametrics.com/victoriametrics/vmalert/#templating */
export const VMALERT_TEMPLATES: TemplateWords = {
  functions: new Set([...ALERT_TEMPLATES.functions, ...'crlfEscape formatTime htmlEscape jsonEscape parseDurationTime pathEscape queryEscape quotesEscape mustParse isNaN'.split(' ')]),
  variables: new Set([...ALERT_TEMPLATES.variables, '$expr', '$alertID', '$groupID', '$activeAt', '$for', '$type', '$isPartial']),
};
