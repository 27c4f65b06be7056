import { listed } from '../../../config/words.ts';
import { get, isPlain, list, plain, strings, text } from '../../build/data.ts';
import type { Found, Rule, View } from '../../model.types.ts';
import { dashboardsOf, panelsOf, VARIABLE, variableIn, variablesOf, type Dashboard, type Panel } from './dashboards.ts';
import { pieceAt } from './place.ts';
import { queriesOf, type Queries } from './queries/query.ts';

type Say = Omit<Found, 'rule'>;

/** Dashboards of the tree itself: what is in one a chart brings is not for its users to mend. */
function own(view: View): readonly Dashboard[] {
  return dashboardsOf(view).filter(({ built }) => built.release === undefined);
}

const titleOf = ({ panel }: Panel): string => text(panel['title']) ?? `panel ${String(panel['id'] ?? '')}`;

export const dashboardJson: Rule = {
  id: 'dashboard-json', severity: 'error',
  summary: 'Dashboards are readable JSON',
  why: 'Grafana leaves a dashboard out that it cannot read, and says so only in its log.',
  *check(view) {
    for (const { built, path, json, trouble } of dashboardsOf(view)) {
      if (trouble === undefined) continue;
      const needle = pieceAt(json, trouble.at, undefined) ?? pieceAt(json, Math.max(0, json.trimEnd().length - 1), undefined);
      yield { built, path, ...(needle === undefined ? {} : { needle }), message: `the dashboard ${String(path.at(-1))} is no JSON: ${trouble.message}`, hint: 'look at the commas, quotes and brackets around there' };
    }
  },
};

export const dashboardUid: Rule = {
  id: 'dashboard-uid', severity: 'error',
  summary: 'Every dashboard of a cluster has a uid of its own that Grafana takes',
  why: 'Of two dashboards with one uid Grafana shows either, changing at every restart; links to it lead to the wrong one.',
  *check(view) {
    const seen = new Map<string, Dashboard>();
    for (const dashboard of dashboardsOf(view)) {
      const { built, path, data } = dashboard;
      const uid = text(data?.['uid']);
      if (uid === undefined || uid === '') continue;
      const at = { built, path: [...path, 'uid'] };
      if (uid.length > 40) yield { ...at, message: `the uid of a dashboard has ${uid.length} characters, and may have 40`, hint: 'shorten it' };
      else if (!/^[\w-]+$/.test(uid)) yield { ...at, message: `${JSON.stringify(uid)} is no uid of a dashboard`, hint: 'use letters, digits, "-" and "_"' };
      const known = seen.get(uid);
      if (known !== undefined && known.built.object !== built.object) yield { ...at, message: `the uid ${uid} is also that of ${String(known.path.at(-1))} in ${known.built.object.kind} ${known.built.object.metadata.name}`, hint: 'give one of them another uid' };
      else if (known !== undefined) yield { ...at, message: `the uid ${uid} is also that of ${String(known.path.at(-1))}`, hint: 'give one of them another uid' };
      if (known === undefined) seen.set(uid, dashboard);
    }
  },
};

export const dashboardPanel: Rule = {
  id: 'dashboard-panel', severity: 'warning',
  summary: 'The panels of a dashboard have different ids',
  why: 'Grafana shows, links and exports a panel by its id: of two with the same one the second cannot be opened.',
  *check(view) {
    for (const dashboard of own(view)) {
      const seen = new Map<unknown, string>();
      for (const each of panelsOf(dashboard)) {
        const { id } = each.panel;
        if (typeof id !== 'number') continue;
        const known = seen.get(id);
        if (known !== undefined) yield { built: dashboard.built, path: [...each.path, 'id'], message: `the id ${id} of "${titleOf(each)}" is also that of "${known}"`, hint: 'give one of them another number' };
        else seen.set(id, titleOf(each));
      }
    }
  },
};

/** Kinds of data sources that take PromQL, and of those the ones that take MetricsQL. */
const PROMQL = new Set(['prometheus', 'victoriametrics-metrics-datasource', 'victoriametrics-datasource', 'mimir', 'cortex', 'thanos']);

/** The kind of data source a query goes to; undefined when it cannot be told. */
function sourceType(dashboard: Dashboard, ...sources: readonly unknown[]): string | undefined {
  const source = sources.find((each) => each !== undefined && each !== null);
  const type = text(get(source, 'type'));
  if (type !== undefined) return type;
  const name = variableIn(text(get(source, 'uid')) ?? text(source) ?? '');
  const variable = name === undefined ? undefined : variablesOf(dashboard).get(name);
  if (variable?.type === 'datasource') return variable.of;
  const input = list(dashboard.data?.['__inputs']).find((each) => name !== undefined && get(each, 'name') === name);
  return text(get(input, 'pluginId'));
}

export const dashboardQuery: Rule = {
  id: 'dashboard-query', severity: 'error',
  summary: 'The queries of dashboards can be read, whatever their variables stand for',
  why: 'The panel shows an error instead of what it should, and is first looked at when something is wrong.',
  async check(view) {
    const queries = queriesOf(view);
    const found: Say[] = [];
    for (const dashboard of own(view)) {
      for (const each of panelsOf(dashboard)) {
        for (const [index, target] of list(each.panel['targets']).entries()) {
          const expr = text(get(target, 'expr'));
          const type = sourceType(dashboard, get(target, 'datasource'), each.panel['datasource']);
          if (expr === undefined || expr.trim() === '' || type === undefined || !PROMQL.has(type)) continue;
          const trouble = await queryTrouble(queries, expr, type.startsWith('victoria'));
          if (trouble !== undefined) found.push({ built: dashboard.built, path: [...each.path, 'targets', index, 'expr'], message: `a query of "${titleOf(each)}": ${trouble.message}`, hint: trouble.hint });
        }
      }
    }
    queries.keep();
    return found;
  },
};

/** What Grafana fills in for these itself. */
const DURATIONS = /^(?:__interval|__rate_interval|__range|interval|resolution|rate_interval|step|period|window|range)$/i;

/** Reads a query with its variables filled in: by where they stand, and where that does not tell, by anything it can be read with. */
async function queryTrouble(queries: Queries, expr: string, metricsql: boolean): Promise<{ readonly message: string; readonly hint: string } | undefined> {
  const strict = metricsql ? { metricsql } : {};
  if (expr.search(VARIABLE) < 0) return queries.trouble(expr, strict);
  let first: { readonly message: string; readonly hint: string } | undefined;
  for (const otherwise of ['1', 'x', '5m', 'sum', '']) {
    const trouble = await queries.trouble(filled(expr, otherwise), { ...strict, loose: true });
    if (trouble === undefined) return undefined;
    first ??= trouble;
  }
  return first;
}

function filled(expr: string, otherwise: string): string {
  return expr.replaceAll(VARIABLE, (whole, a: string | undefined, b: string | undefined, c: string | undefined, at: number) => {
    const name = a ?? b ?? c ?? '';
    // `$1` of label_replace, and a lonely number of a regular expression, are no variables.
    if (b !== undefined && /^\d/.test(b)) return whole;
    const before = expr.slice(0, at);
    if (inQuotes(before)) return 'x';
    if (/(?:\[|:|offset\s*-?)\s*$/.test(before) || (DURATIONS.test(name) && !name.endsWith('_s') && !name.endsWith('_ms'))) return '5m';
    if (/^__(?:range_s|range_ms|interval_ms|from|to)$/.test(name)) return '1';
    if (/\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*$/i.test(before)) return 'x';
    return otherwise;
  });
}

function inQuotes(before: string): boolean {
  const rest = before.replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g, '');
  return /["'`]/.test(rest);
}

/** Data sources every Grafana has. */
const OWN = new Set(['grafana', '-- Grafana --', '-- Mixed --', '-- Dashboard --', '__expr__', '-100']);

export const dashboardSource: Rule = {
  id: 'dashboard-source', severity: 'error',
  summary: 'The data sources of a dashboard are variables it has, or ones the tree provisions',
  why: 'Grafana answers "Datasource was not found", and the panel stays empty.',
  *check(view) {
    const provisioned = datasourcesOf(view);
    for (const dashboard of own(view)) {
      const variables = variablesOf(dashboard);
      const told = new Set<string>();
      for (const { path, source } of sourcesOf(dashboard)) {
        const uid = text(get(source, 'uid')) ?? text(source);
        if (uid === undefined || uid === '' || OWN.has(uid) || told.has(uid) || get(source, 'type') === '__expr__') continue;
        const at = { built: dashboard.built, path: text(source) === undefined ? [...path, 'uid'] : path };
        const name = variableIn(uid);
        if (name !== undefined) {
          if (variables.has(name) || dashboard.inputs.has(name)) continue;
          told.add(uid);
          const asked = list(dashboard.data?.['__inputs']).some((each) => get(each, 'name') === name);
          yield { ...at, message: `the dashboard has no variable ${name}, which its data source should be`, hint: asked ? 'inputs (__inputs) are asked for when one imports by hand, never when a file is loaded: add a variable of type datasource of that name' : `add a variable of type datasource of that name${variables.size === 0 ? '' : `, or use one of ${listed([...variables.keys()])}`}` };
        } else if (provisioned.size > 0 && !uid.includes('$') && !provisioned.has(uid)) {
          told.add(uid);
          yield { ...at, message: `there is no data source ${uid} among those the tree provisions`, hint: `use one of ${listed([...provisioned])}, or a variable of type datasource` };
        }
      }
    }
  },
};

function* sourcesOf(dashboard: Dashboard): Iterable<{ readonly path: readonly (string | number)[]; readonly source: unknown }> {
  for (const { panel, path } of panelsOf(dashboard)) {
    if (panel['datasource'] !== undefined) yield { path: [...path, 'datasource'], source: panel['datasource'] };
    for (const [index, target] of list(panel['targets']).entries()) if (get(target, 'datasource') !== undefined) yield { path: [...path, 'targets', index, 'datasource'], source: get(target, 'datasource') };
  }
  for (const [index, variable] of list(get(dashboard.data, 'templating', 'list')).entries()) if (get(variable, 'datasource') !== undefined) yield { path: [...dashboard.path, 'templating', 'list', index, 'datasource'], source: get(variable, 'datasource') };
}

/** Names and uids of the data sources the tree provisions by objects of their own; empty when it has none, for then others make them. */
function datasourcesOf(view: View): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { object } of view.all) {
    if (object.kind !== 'GrafanaDatasource' || !object.apiVersion.startsWith('grafana.integreatly.org/')) continue;
    const source = plain(get(object, 'spec', 'datasource'));
    for (const each of [source['uid'], source['name'], get(object, 'spec', 'uid')]) if (typeof each === 'string') found.add(each);
  }
  // A Grafana outside (a sidecar, values of its chart) may know more than the tree's objects say.
  const more = view.all.some(({ object }) => Object.keys(strings(get(object, 'metadata', 'labels'))).includes('grafana_datasource')) || view.unrendered.some(({ chart }) => /grafana|kube-prometheus|k8s-stack/.test(chart.name)) || view.releases.some(({ values }) => isPlain(get(values, 'datasources')) || isPlain(get(values, 'grafana')));
  return more ? new Set() : found;
}
