import { describe, expect, test } from 'vitest';
import { asks, view } from '../schemas/rig.ts';

type Json = Readonly<Record<string, unknown>>;
const map = (name: string, dashboard: Json | string, label = 'grafana_dashboard: "1"'): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, labels: {${label}}}\ndata:\n  ${name}.json: |\n${(typeof dashboard === 'string' ? dashboard : JSON.stringify(dashboard, undefined, 2)).replaceAll(/^/gm, '    ')}\n`;
const prometheus = { type: 'prometheus', uid: '${source}' };
const templating = { list: [{ name: 'source', type: 'datasource', query: 'prometheus' }, { name: 'ns', type: 'query' }] };
const panel = (id: number, expr: string, more: Json = {}): Json => ({ id, title: `p${id}`, datasource: prometheus, targets: [{ expr }], ...more });
const dashboard = (...panels: readonly Json[]): Json => ({ uid: 'a', title: 'A', templating, panels });

describe('dashboard-json', () => {
  test.each([
    [map('d', dashboard()), []],
    [map('d', '{"title": "x",\n"panels": [}'), ['ConfigMap d data["d.json"] <}>: the dashboard d.json is no JSON: "}" is not expected there | look at the commas, quotes and brackets around there']],
    [map('d', '{"title": "x"'), ['ConfigMap d data["d.json"] <">: the dashboard d.json is no JSON: expected \',\' or \'}\' after property value | look at the commas, quotes and brackets around there']],
    [map('d', '{"title', 'app: web'), []],
    ['apiVersion: grafana.integreatly.org/v1beta1\nkind: GrafanaDashboard\nmetadata: {name: d}\nspec: {json: "{"}\n', [expect.stringContaining('the dashboard json is no JSON: ')]],
  ])('%#', async (tree, says) => { expect(await asks('dashboard-json', view(tree))).toEqual(says); });
});

describe('dashboard-uid', () => {
  test('two dashboards with the same', async () => {
    expect(await asks('dashboard-uid', view(`${map('d', dashboard())}---\n${map('e', dashboard())}`))).toEqual(['ConfigMap e data["e.json"].uid: the uid a is also that of d.json in ConfigMap d | give one of them another uid'.replace('data["e.json"].uid', 'data["e.json"].uid')]);
  });
  test.each([[{ uid: 'a b' }, /"a b" is no uid/], [{ uid: 'x'.repeat(41) }, /41 characters/]])('%j', async (more, says) => {
    expect(await asks('dashboard-uid', view(map('d', { ...dashboard(), ...more })))).toEqual([expect.stringMatching(says)]);
  });
  test('no uid at all is Grafana\'s to give', async () => { expect(await asks('dashboard-uid', view(map('d', { title: 'x' })))).toEqual([]); });
});

test('dashboard-panel: ids are told apart, those in rows too', async () => {
  const found = await asks('dashboard-panel', view(map('d', dashboard(panel(1, 'up'), { type: 'row', id: 2, panels: [panel(1, 'up')] }))));
  expect(found).toEqual(['ConfigMap d data["d.json"].panels[1].panels[0].id: the id 1 of "p1" is also that of "p1" | give one of them another number']);
});

describe('dashboard-query', () => {
  const asked = async (expr: string, more: Json = {}): Promise<readonly string[]> => asks('dashboard-query', view(map('d', dashboard(panel(1, expr, more)))));
  test.each([
    'up{namespace="$ns"}', 'rate(x{a=~"${ns:regex}"}[$__rate_interval])', 'sum by ($ns) (x)', 'topk($ns, x)', '$ns', '${ns}_total > 1', 'rate(x[$interval]) offset $interval', '$agg(x)', 'label_replace(x, "a", "$1", "b", "(.*)")',
    'histogram_quantile(0.$ns, x)', 'x > $ns', 'increase(x[${__range_s}s])', 'x[[ns]]', 'sum(rate(x{a="[[ns]]"}[5m]))', 'avg_over_time(x[$__interval:])',
  ])('%s is read, whatever its variables are', async (expr) => { expect(await asked(expr)).toEqual([]); });

  test.each([
    ['sum(rate(x[5m])', 'a query of "p1": the query ends too early | ( is not closed'],
    ['rate(x)', 'a query of "p1": rate() takes a range vector, and x is an instant vector | give it a range: [5m]'],
    ['sum(x{a="$ns"}) by', 'a query of "p1": the query ends too early | "(" is wanted at its end'],
  ])('%s is not', async (expr, says) => { expect(await asked(expr)).toEqual([`ConfigMap d data["d.json"].panels[0].targets[0].expr: ${says}`]); });

  test('queries of other languages are left alone', async () => {
    expect(await asked('{app="x"} |= "y"', { datasource: { type: 'loki', uid: 'l' } })).toEqual([]);
    expect(await asked('{app="x"} |= "y"', { datasource: { uid: '${other}' } })).toEqual([]);
  });
});

describe('dashboard-source', () => {
  test.each([
    [dashboard(panel(1, 'up')), []],
    [dashboard(panel(1, 'up', { datasource: { type: 'prometheus', uid: '${DS_X}' } }), panel(2, 'up', { datasource: { type: 'prometheus', uid: '${DS_X}' } })), ['the dashboard has no variable DS_X, which its data source should be | add a variable of type datasource of that name, or use one of source and ns']],
    [{ ...dashboard(panel(1, 'up', { datasource: '${DS_X}' })), __inputs: [{ name: 'DS_X', pluginId: 'prometheus' }] }, ['the dashboard has no variable DS_X, which its data source should be | inputs (__inputs) are asked for when one imports by hand, never when a file is loaded: add a variable of type datasource of that name']],
    [dashboard(panel(1, 'up', { datasource: { uid: '-- Mixed --' } }), panel(2, 'up', { datasource: { type: '__expr__', uid: '${DS_EXPRESSION}' } }), panel(3, 'up', { datasource: { uid: 'anything' } })), []],
  ])('%#', async (json, says) => {
    expect((await asks('dashboard-source', view(map('d', json)))).map((each) => each.replace(/^.*?: /, ''))).toEqual(says);
  });

  test('a uid is held against those the tree provisions, where it provisions any', async () => {
    const source = 'apiVersion: grafana.integreatly.org/v1beta1\nkind: GrafanaDatasource\nmetadata: {name: s}\nspec: {datasource: {name: Metrics, uid: metrics}}\n---\n';
    const of = (uid: string) => view(source + map('d', dashboard(panel(1, 'up', { datasource: { type: 'prometheus', uid } }))));
    expect(await asks('dashboard-source', of('metrics'))).toEqual([]);
    expect((await asks('dashboard-source', of('metrcs')))[0]).toContain('there is no data source metrcs among those the tree provisions | use one of metrics and Metrics');
  });

  test('inputs a GrafanaDashboard fills in are there', async () => {
    const json = JSON.stringify({ ...dashboard(panel(1, 'up', { datasource: '${DS_X}' })), __inputs: [{ name: 'DS_X' }] });
    const of = (sources: string) => view(`apiVersion: grafana.integreatly.org/v1beta1\nkind: GrafanaDashboard\nmetadata: {name: d}\nspec:\n  datasources: ${sources}\n  json: '${json}'\n`);
    expect(await asks('dashboard-source', of('[{inputName: DS_X, datasourceName: m}]'))).toEqual([]);
    expect(await asks('dashboard-source', of('[]'))).toHaveLength(1);
  });
});
