import { writeFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { Failure } from '../engine/failure.ts';
import type { Style } from '../engine/outcome.ts';
import { askGraph, graphsJson } from '../manifests/graph/ask.ts';
import type { Drawn } from '../manifests/graph/picture.ts';
import { safeLines } from '../manifests/stable/safe.ts';
import { tellBroken } from '../manifests/stable/broken.ts';
import { aroundOf, readAsked } from './manifests-asked.ts';
import type { Action, ActionContext } from './task.ts';

type Form = 'text' | 'mermaid' | 'svg' | 'json';
const BY_ENDING: Readonly<Record<string, Form>> = { '.svg': 'svg', '.mmd': 'mermaid', '.md': 'mermaid', '.json': 'json', '.txt': 'text' };

/** What a tree is made of, what waits for what, and how long that may take. */
const manifestsGraph: Action = async (cx) => {
  const asked = readAsked(cx);
  const focus = cx.variables['FOCUS'] === '' ? undefined : cx.variables['FOCUS'];
  const tools = await aroundOf(cx, asked, { read: () => undefined, volatile: () => undefined });
  const drawn = await askGraph({ ...asked, ...(focus === undefined ? {} : { focus }), tools, ...(cx.variables['RENDER'] === 'true' ? { around: tools } : {}) });
  if ('broken' in drawn) throw tellBroken({ is: 'settings', findings: drawn.broken }, '');
  const file = cx.variables['FILE'] === undefined || cx.variables['FILE'] === '' ? undefined : resolve(cx.variables['FILE']);
  const form = formOf(cx, file);
  const lines = await linesAs(form, drawn, file);
  if (file !== undefined) writeTo(file, `${lines(PLAIN).join('\n')}\n`);
  return {
    exit: 'done', result: graphsJson(drawn),
    render: (style) => (file === undefined ? lines(style) : [`${style.green('✔')} ${drawn.map(({ graph }) => graph.name).join(', ')} as ${form} to ${file}`]),
  };
};
export default manifestsGraph;

const same = (text: string): string => text;
const PLAIN: Style = { width: 100, bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };

/** FORMAT has a default; the ending of FILE speaks where somebody named none. */
function formOf(cx: ActionContext, file: string | undefined): Form {
  const named = cx.variables['FORMAT'] as Form | undefined;
  return file !== undefined && (named === undefined || named === 'text') ? BY_ENDING[extname(file)] ?? 'text' : named ?? 'text';
}

async function linesAs(form: Form, drawn: readonly Drawn[], file: string | undefined): Promise<(style: Style) => readonly string[]> {
  switch (form) {
    case 'text': {
      const { graphLines } = await import('../manifests/graph/text.ts');
      return (style) => safeLines(drawn.flatMap(({ graph, timing }, index) => [...(index === 0 ? [] : ['']), ...graphLines(graph, timing, style)]));
    }
    case 'mermaid': {
      const lines = (await import('../manifests/graph/mermaid.ts')).mermaidOf(drawn).trimEnd().split('\n');
      return () => (file !== undefined && extname(file) === '.md' ? ['```mermaid', ...lines, '```'] : lines);
    }
    case 'svg': {
      const lines = (await import('../manifests/graph/svg.ts')).svgOf(drawn).trimEnd().split('\n');
      return () => lines;
    }
    case 'json': return () => JSON.stringify(graphsJson(drawn), null, 2).split('\n');
  }
}

function writeTo(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new Failure({ exit: 'rerun', what: `the graph cannot be written to ${file}`, because: error instanceof Error ? error.message : String(error), hint: 'name a file in a folder that is there and writable: FILE=graph.svg' });
  }
}
