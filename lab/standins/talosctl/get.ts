import { at, isFields, textAt } from '../../world/value.ts';
import type { Fields } from '../../world/value.ts';
import { Exit, parseFlags } from '../shared/flags.ts';
import { table } from '../shared/table.ts';
import { call, CallError, CLIENT_FLAGS, insecureTarget, shownNode, targetOf } from './client.ts';

/** `get TYPE [ID] -o table|json|yaml`; resources of each node in turn. */
export async function get(argv: readonly string[]): Promise<void> {
  const flags = parseFlags('talosctl', { ...CLIENT_FLAGS, insecure: { type: 'bool', short: 'i' }, namespace: { type: 'string' }, output: { type: 'string', short: 'o', default: 'table' } }, argv);
  const [type = '', id = ''] = flags.args;
  if (flags.args.length < 1 || flags.args.length > 2) throw new Exit(1, `accepts between 1 and 2 arg(s), received ${flags.args.length}`);
  const form = flags.text('output');
  if (!['table', 'json', 'yaml'].includes(form)) throw new Exit(1, `output format "${form}" is not supported`);
  const rows: string[][] = [];
  const problems: string[] = [];
  const goYaml = form === 'yaml' ? (await import('../shared/yaml.ts')).goYaml : undefined;
  let first = true;
  for (const target of flags.bool('insecure') ? insecureTarget(flags) : [await targetOf(flags)]) {
    let answers;
    try {
      answers = await call(target, 'Resources', { type, id });
    } catch (error) {
      if (error instanceof CallError) throw new Exit(1, error.message);
      throw error;
    }
    for (const answer of answers) {
      if (answer.error !== undefined) {
        const text = `rpc error: code = ${answer.error.code} desc = ${answer.error.message}`;
        // The kind is looked up at the first node; what goes wrong there ends everything. What goes wrong with a kind that is known comes below its headings.
        const kind = first ? (await import('../../world/resources.ts')).kindOf(type) : undefined;
        const denied = answer.error.code === 'PermissionDenied' && !(flags.bool('insecure') || kind?.sensitive === true);
        if (first && (answer.error.code === 'Unavailable' || kind === undefined || denied)) throw new Exit(1, text);
        if (first && kind !== undefined) rows.push(headings(kind.columns.map((column) => column.name)));
        first = false;
        problems.push(text);
        continue;
      }
      const items = at(answer.result, 'items');
      const columns = at(answer.result, 'columns');
      const display = textAt(answer.result, 'display') ?? '';
      const named = Array.isArray(columns) ? columns.filter(isFields) : [];
      if (form === 'table' && first) rows.push(headings(named.map((column) => String(column['name']))));
      for (const item of Array.isArray(items) ? items.filter(isFields) : []) {
        const node = shownNode(answer.node, target);
        if (form === 'table') rows.push([node, textAt(item, 'metadata', 'namespace') ?? '', display, textAt(item, 'metadata', 'id') ?? '', String(at(item, 'metadata', 'version')), ...named.map((column) => cell(at(item, 'spec', ...String(column['path']).split('.'))))]);
        else if (form === 'json') process.stdout.write(JSON.stringify(sorted({ ...item, node: answer.node }), null, 4) + '\n');
        else process.stdout.write(`${first ? '' : '---\n'}node: ${answer.node}\n${moments(goYaml?.(item) ?? '')}`);
        first = false;
      }
      first = false;
    }
  }
  if (form === 'table') process.stdout.write(table(rows));
  if (problems.length > 0) throw new Exit(1, (await import('../../world/machine-config.ts')).manyErrors(problems));
}

const headings = (columns: readonly string[]): string[] => ['NODE', 'NAMESPACE', 'TYPE', 'ID', 'VERSION', ...columns.map((column) => column.toUpperCase())];
/** Moments are no texts to Go's encoder: they stand without quotation marks. */
const moments = (yaml: string): string => yaml.replace(/^( +(?:created|updated): )"(.*)"$/gm, '$1$2');

/** A value as Go's jsonpath prints it in a column. */
const cell = (value: unknown): string => (value === undefined || value === null ? '' : Array.isArray(value) || isFields(value) ? JSON.stringify(value) : String(value));

/** Keys in order at every depth: the real tool encodes Go maps. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isFields(value)) return value;
  const answer: Fields = {};
  for (const key of Object.keys(value).toSorted()) answer[key] = sorted(value[key]);
  return answer;
}
