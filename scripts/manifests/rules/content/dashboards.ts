import type { Path } from '../../../config/source.ts';
import { get, isPlain, list, strings, text, type Plain } from '../../build/data.ts';
import { isUnknown } from '../../build/unknown.ts';
import type { Built, View } from '../../model.types.ts';
import { oncePer } from '../../once.ts';
import { readJson } from './json.ts';

/** A dashboard of Grafana as JSON in an object: in a ConfigMap its sidecar loads, or in a GrafanaDashboard. */
export interface Dashboard {
  readonly built: Built;
  /** Where its JSON is in the object. */
  readonly path: Path;
  readonly json: string;
  /** Undefined when the JSON cannot be read. */
  readonly data: Plain | undefined;
  /** Why not. */
  readonly trouble: { readonly message: string; readonly at: number } | undefined;
  /** Inputs that whatever loads it fills in. */
  readonly inputs: ReadonlySet<string>;
}

const known = new WeakMap<View, readonly Dashboard[]>();

/** Every dashboard of a view. */
export function dashboardsOf(view: View): readonly Dashboard[] {
  const found = known.get(view) ?? view.all.flatMap(inObject);
  known.set(view, found);
  return found;
}

/** Whether Grafana's sidecar takes a ConfigMap for dashboards: by a label, named as its chart names it or alike. */
export function isDashboardMap({ object }: Built): boolean {
  return object.kind === 'ConfigMap' && Object.keys(strings(get(object, 'metadata', 'labels'))).some((key) => /(?:^|[/_.-])grafana[_.-]?dashboards?$|^grafana_dashboard/i.test(key));
}

function inObject(built: Built): readonly Dashboard[] {
  const { object } = built;
  if (isDashboardMap(built)) {
    return Object.entries(strings(get(object, 'data'))).filter(([key]) => key.endsWith('.json')).flatMap(([key, json]) => readIn(built, ['data', key], json, new Set()));
  }
  if (object.kind !== 'GrafanaDashboard' || !object.apiVersion.startsWith('grafana.integreatly.org/')) return [];
  const json = text(get(object, 'spec', 'json'));
  return json === undefined ? [] : readIn(built, ['spec', 'json'], json, new Set(list(get(object, 'spec', 'datasources')).flatMap((each) => text(get(each, 'inputName')) ?? [])));
}

const readOnce = oncePer<ReturnType<typeof readJson>>();

function readIn(built: Built, path: Path, json: string, inputs: ReadonlySet<string>): readonly Dashboard[] {
  if (isUnknown(json)) return [];
  const read = readOnce(built.object, path.join('/'), () => readJson(json));
  if ('trouble' in read) return [{ built, path, json, data: undefined, trouble: read.trouble, inputs }];
  const parsed = read.data;
  // As the API of Grafana exports it, with the dashboard inside.
  const inner = isPlain(parsed) && isPlain(parsed['dashboard']) && parsed['panels'] === undefined ? parsed['dashboard'] : parsed;
  return [{ built, path: inner === parsed ? path : [...path, 'dashboard'], json, data: isPlain(inner) ? inner : {}, trouble: undefined, inputs }];
}

export interface Panel { readonly panel: Plain; readonly path: Path }

/** The panels of a dashboard and of its rows, with where each is. */
export function* panelsOf({ data, path }: Dashboard): Iterable<Panel> {
  yield* below(data?.['panels'], [...path, 'panels']);
  // Up to Grafana 5 panels were in rows only.
  for (const [index, row] of list(data?.['rows']).entries()) yield* below(get(row, 'panels'), [...path, 'rows', index, 'panels']);
}
function* below(panels: unknown, path: Path): Iterable<Panel> {
  for (const [index, panel] of list(panels).entries()) {
    if (!isPlain(panel)) continue;
    yield { panel, path: [...path, index] };
    yield* below(panel['panels'], [...path, index, 'panels']);
  }
}

/** The variables of a dashboard: name -> its type and, for one of type datasource, of which kind. */
export function variablesOf({ data }: Dashboard): ReadonlyMap<string, { readonly type: string; readonly of: string | undefined }> {
  return new Map(list(get(data, 'templating', 'list')).flatMap((each): [string, { readonly type: string; readonly of: string | undefined }][] => {
    const name = text(get(each, 'name'));
    return name === undefined ? [] : [[name, { type: text(get(each, 'type')) ?? '', of: text(get(each, 'query')) }]];
  }));
}

export const VARIABLE = /\$\{(\w+)(?:[.:][^}]*)?\}|\$(\w+)|\[\[(\w+)(?::[^\]]*)?\]\]/g;

/** The name of the variable a text is, if it is one and nothing else. */
export function variableIn(written: string): string | undefined {
  const match = /^(?:\$\{(\w+)(?:[.:][^}]*)?\}|\$(\w+)|\[\[(\w+)(?::[^\]]*)?\]\])$/.exec(written);
  return match?.[1] ?? match?.[2] ?? match?.[3];
}
