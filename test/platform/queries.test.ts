import { describe, expect, test } from 'vitest';
import { at, list, plain, text, type Plain } from '../../lab/catalog/data.ts';
import type { KubeObject } from '../../lab/world/types.ts';
import { all, each, infraOf, one, type Check, type Seen } from './networking.checks.ts';
import { DOCUMENTED, KNOWN, metricsIn, readable } from './metrics.ts';
import { dashboards, infraHas, modelOf } from './observability.seen.ts';
import { promqlParser, promqlTrouble } from '../../scripts/manifests/rules/content/queries/promql.ts';
import { built, CLUSTERS, type BuiltCluster } from './tree.ts';

/** Every alert and every panel of both clusters, whatever component they belong to: they can be read, and ask for what is there. */

const trees = CLUSTERS.map(built);
const parse = await promqlParser();
function seen(): Seen { return { clusters: structuredClone(trees), files: new Map() }; }

interface Asked { readonly where: string; readonly query: string }
const alertsOf = (cluster: BuiltCluster): readonly Asked[] => holders(cluster).flatMap(rulesIn).map((rule) => ({ where: String(rule['alert'] ?? rule['record']), query: text(rule['expr']) ?? '' }));
/** Panels, those in rows too. */
const panelsOf = (model: Plain): readonly Plain[] => list(model['panels']).map(plain).flatMap((panel) => [panel, ...list(panel['panels']).map(plain)]);
const sourceOf = (panel: Plain, target: Plain): string => String(at(target, 'datasource.type') ?? at(panel, 'datasource.type'));
const panelQueries = (cluster: BuiltCluster): readonly Asked[] => dashboards(cluster).flatMap((map) => panelsOf(modelOf(map)).flatMap((panel) => list(panel['targets']).map(plain)
  .filter((target) => sourceOf(panel, target) === 'prometheus').map((target) => ({ where: `${map.metadata.name}, ${String(panel['title'])}`, query: readable(text(target['expr']) ?? '') }))));

/** Kinds that stand for pods: where one of them is, something can break. */
const RUNS = ['HelmRelease', 'Deployment', 'StatefulSet', 'DaemonSet', 'Cluster', 'VMCluster', 'VMAgent', 'Kafka', 'Keycloak', 'Dragonfly', 'CephCluster'];
/** Namespaces whose pods are watched by the rules of another: the metric that says so. */
const WATCHED_FROM: Readonly<Record<string, string>> = { 'node-exporter': 'observability' };
const holders = (cluster: BuiltCluster): readonly KubeObject[] => ['VMRule', 'PrometheusRule'].flatMap((kind) => all(cluster, kind));
const rulesIn = (object: KubeObject): readonly Plain[] => list(at(object.spec, 'groups')).flatMap((group) => list(at(group, 'rules'))).map(plain);

/** Of Grafana's own model of a dashboard (kinds/dashboard), as far as ours use it. */
const PANELS = ['bargauge', 'gauge', 'heatmap', 'logs', 'piechart', 'row', 'stat', 'state-timeline', 'table', 'text', 'timeseries'];

function troubleOf({ where, query }: Asked): readonly string[] {
  const trouble = promqlTrouble(query, parse);
  return trouble === undefined ? [] : [`${where}: ${trouble.message}`];
}
function unknownOf({ where, query }: Asked): readonly string[] {
  try { return metricsIn(query).filter((name) => !KNOWN.has(name)).map((name) => `${where}: nobody documents ${name}`); } catch (trouble) { return [`${where}: ${String(trouble)}`]; }
}
function setQuery(seen_: Seen, query: string): void {
  const [map] = dashboards(infraOf(seen_));
  if (map === undefined) throw new Error('no dashboard');
  const model = modelOf(map);
  const panel = panelsOf(model).find((each_) => list(each_['targets']).length > 0);
  plain(list(panel?.['targets'])[0])['expr'] = query;
  map.data = { [Object.keys(map.data ?? {})[0] ?? '']: JSON.stringify(model) };
}
const rule = (seen_: Seen): Plain => plain(list(at(list(at(one(infraOf(seen_), 'VMRule', 'keycloak').spec, 'groups'))[0], 'rules'))[0]);
/** A dashboard with one of its panels changed. */
function spoil(seen_: Seen, change: (model: Plain, panel: Plain) => void): void {
  const [, map] = dashboards(infraOf(seen_));
  if (map === undefined) throw new Error('no dashboard');
  const model = modelOf(map);
  const panel = panelsOf(model).find((each_) => each_['type'] === 'timeseries');
  if (panel === undefined) throw new Error('no panel');
  change(model, panel);
  map.data = { 'x.json': JSON.stringify(model) };
}

const ALL: readonly Check[] = [
  {
    holds: 'every alert can be read',
    find: (seen_) => each(seen_, (cluster, say) => {
      if (alertsOf(cluster).length < 90) say(`only ${alertsOf(cluster).length} alerts`);
      for (const asked of alertsOf(cluster)) troubleOf(asked).forEach(say);
    }),
    plant: (seen_) => { rule(seen_)['expr'] = 'rate(up) > 0'; },
  },
  {
    holds: 'wherever pods run there are alerts, and no object of rules is empty', defect: 'rules announced and not written',
    find: (seen_) => each(seen_, (cluster, say) => {
      const watched = new Set(holders(cluster).filter((object) => rulesIn(object).length > 0).map(({ metadata }) => metadata.namespace));
      for (const { metadata } of holders(cluster).filter((object) => rulesIn(object).length === 0)) say(`${metadata.name} is empty`);
      for (const namespace of new Set(RUNS.flatMap((kind) => all(cluster, kind)).map(({ metadata }) => metadata.namespace ?? ''))) {
        const by = WATCHED_FROM[namespace] ?? namespace;
        if (!watched.has(by) || by !== namespace && !holders(cluster).some((object) => object.metadata.namespace === by && rulesIn(object).some((found) => String(found['expr']).includes(namespace)))) say(`nobody watches ${namespace}`);
      }
    }),
    plant: (seen_) => { plain(list(at(one(infraOf(seen_), 'VMRule', 'keycloak').spec, 'groups'))[0])['rules'] = []; },
  },
  {
    holds: 'every alert asks for metrics its component documents', defect: 'alerts on metrics nobody exports',
    find: (seen_) => each(seen_, (cluster, say) => { for (const asked of alertsOf(cluster)) unknownOf(asked).forEach(say); }),
    plant: (seen_) => { rule(seen_)['expr'] = 'absent(keycloak_up)'; },
  },
  {
    holds: 'every query of a panel can be read, and asks for metrics that are documented',
    find: (seen_) => infraHas(seen_, (cluster, say) => {
      const queries = panelQueries(cluster);
      if (queries.length < 80) say(`${queries.length} queries`);
      for (const asked of queries) { troubleOf(asked).forEach(say); unknownOf(asked).forEach(say); }
    }),
    plant: (seen_) => { setQuery(seen_, 'sum by (cluster) (rate(node_cpu_seconds_totals[5m]))'); },
  },
  {
    holds: 'a query of a panel that cannot be read is found',
    find: (seen_) => infraHas(seen_, (cluster, say) => { for (const asked of panelQueries(cluster)) troubleOf(asked).forEach(say); }),
    plant: (seen_) => { setQuery(seen_, 'sum by (cluster (rate(node_cpu_seconds_total[5m]))'); },
  },
  {
    holds: 'dashboards and panels are as Grafana\'s model has them: title, place, kind, data source, queries with names of their own, units',
    find: (seen_) => infraHas(seen_, (cluster, say) => {
      for (const map of dashboards(cluster)) {
        const model = modelOf(map);
        const say_ = (trouble: string): void => { say(`${map.metadata.name}: ${trouble}`); };
        if (!Number.isInteger(model['schemaVersion']) || text(at(model, 'time.from')) === undefined || text(model['refresh']) === undefined && model['refresh'] !== false || model['id'] !== undefined && model['id'] !== null) say_('the dashboard itself');
        for (const variable of list(at(model, 'templating.list')).map(plain)) if (text(variable['name']) === undefined || !['query', 'datasource', 'custom', 'interval', 'constant', 'textbox', 'adhoc'].includes(String(variable['type']))) say_(`variable ${String(variable['name'])}`);
        const ids = panelsOf(model).map((panel) => panel['id']);
        if (ids.some((id) => !Number.isInteger(id)) || new Set(ids).size !== ids.length) say_('two panels of one id');
        for (const panel of panelsOf(model)) {
          const place = plain(panel['gridPos']);
          const inside = ['x', 'y', 'w', 'h'].every((side) => Number.isInteger(place[side]) && Number(place[side]) >= 0) && Number(place['w']) > 0 && Number(place['x']) + Number(place['w']) <= 24;
          if (text(panel['title']) === undefined || !PANELS.includes(String(panel['type'])) || !inside) say_(`panel ${String(panel['title'])}`);
          if (['row', 'text'].includes(String(panel['type']))) continue;
          const targets = list(panel['targets']).map(plain);
          if (text(at(panel, 'datasource.uid')) === undefined || targets.length === 0 || targets.some((target) => !(text(target['expr'])?.trim()))) say_(`panel ${String(panel['title'])} asks nobody`);
          if (new Set(targets.map((target) => target['refId'])).size !== targets.length || targets.some((target) => text(target['refId']) === undefined)) say_(`queries of ${String(panel['title'])}`);
          if (panel['type'] !== 'logs' && text(at(panel, 'fieldConfig.defaults.unit')) === undefined) say_(`${String(panel['title'])} has no unit`);
        }
      }
    }),
    plant: (seen_) => { spoil(seen_, (_, panel) => { delete plain(at(panel, 'fieldConfig.defaults'))['unit']; }); },
  },
];

describe('queries of alerts and dashboards', () => {
  test.each(ALL)('$holds', ({ find }) => { expect(find(seen())).toEqual([]); });
  test.each(ALL)('a mistake is found: $holds', ({ find, plant }) => {
    const wrong = seen();
    plant(wrong);
    expect(find(wrong)).not.toEqual([]);
  });
  test('what is said to be documented is asked for somewhere, each once', () => {
    const asked = new Set(trees.flatMap((cluster) => [...alertsOf(cluster), ...panelQueries(cluster)]).flatMap(({ query }) => metricsIn(query)));
    const names = DOCUMENTED.flatMap(({ metrics }) => metrics.split(' '));
    expect(names.filter((name) => !asked.has(name))).toEqual([]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
  test.each([
    ['a panel of an unknown kind', (_: Plain, panel: Plain) => { panel['type'] = 'graph'; }], ['a panel beyond the edge', (_: Plain, panel: Plain) => { panel['gridPos'] = { x: 20, y: 0, w: 12, h: 8 }; }],
    ['two panels of one id', (model: Plain, panel: Plain) => { panel['id'] = list(model['panels']).map((each_) => at(each_, 'id')).find((id) => id !== panel['id']); }], ['a panel without a query', (_: Plain, panel: Plain) => { panel['targets'] = []; }],
    ['two queries of one name', (_: Plain, panel: Plain) => { panel['targets'] = [{ refId: 'A', expr: 'up' }, { refId: 'A', expr: 'up' }]; }], ['no version of the model', (model: Plain) => { delete model['schemaVersion']; }],
  ] as const)('%s is found', (_, change) => {
    const wrong = seen();
    spoil(wrong, change);
    expect(ALL.at(-1)?.find(wrong)).not.toEqual([]);
  });
});
