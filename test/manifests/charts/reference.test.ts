import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, type TestContext } from 'vitest';
import { allValues, readChart } from '../../../scripts/manifests/charts/chart.ts';
import { isPlain, replaced, spoken, without } from '../../../scripts/manifests/build/data.ts';
import { unreadValues } from '../../../scripts/manifests/charts/unread.ts';
import { realTool } from '../../real-tool.ts';
import { REFERENCE } from '../planted.ts';
import { sampled, some } from '../sample.ts';

/** Charts other people wrote, where they are at hand: what is called unread is held against helm. */
const CHARTS = join(REFERENCE, 'charts');
/** Of so many values of a chart one is changed. */
const VALUES = 3;
const names = existsSync(CHARTS) ? readdirSync(CHARTS) : [];

function need(context: TestContext): void {
  if (realTool('helm') === undefined) context.skip('skipped: no helm here');
}
function chartOf(name: string): ReturnType<typeof readChart> {
  const folder = join(CHARTS, name);
  return readChart(new Map(globSync('**/*', { cwd: folder }).filter((file) => statSync(join(folder, file)).isFile()).map((file) => [file, readFileSync(join(folder, file))])));
}
function render(name: string, values: unknown): string {
  const said = spawnSync(realTool('helm') ?? '', ['template', 'r', join(CHARTS, name), '--skip-schema-validation', '--values', '-'], { encoding: 'utf8', input: JSON.stringify(values), maxBuffer: 256 * 1_048_576 });
  // Checksums change with everything.
  return said.status === 0 ? said.stdout.replaceAll(/\b[0-9a-f]{32,}\b/g, '#') : said.stderr;
}
const changed = (value: unknown): unknown => (typeof value === 'boolean' ? !value : typeof value === 'string' ? `${value}-x` : typeof value === 'number' ? value + 1 : Array.isArray(value) ? [...value, 'x'] : { ...(isPlain(value) ? value : {}), changed: 'x' });

test.runIf(names.length === 0)('charts of others (skipped: no reference here)', () => undefined);

describe.runIf(names.length > 0)('charts of others', () => {
  test.for(names)(`%s: its own values that are called unread change nothing${sampled(VALUES)}`, { timeout: 60_000 }, (name, context) => {
    need(context);
    const chart = chartOf(name);
    const values = allValues(chart);
    const unread = unreadValues(chart, values);
    if (unread.length === 0 || chart.library) return;
    const before = render(name, values);
    for (const { path } of some(unread, VALUES)) for (const other of [without(values, path), replaced(values, path, changed)]) expect(`${spoken(path)}: ${render(name, other) === before}`).toBe(`${spoken(path)}: true`);
  });

  test.each<readonly [string, Record<string, unknown>, readonly string[]]>([
    ['reloader', { replicas: 2, reloader: { deployment: { replicas: 2, replica: 2 } } }, ['replicas', 'reloader.deployment.replica']],
    ['coredns', { replicaCount: 2, k8sAppLabelOveride: 'x', service: { clusterip: 'x' } }, ['k8sAppLabelOveride', 'service.clusterip']],
    ['external-secrets', { replicaCount: 2, webhook: { replicas: 2 } }, ['webhook.replicas']],
    ['cert-manager', { crd: { enabled: true }, webhook: { replicaCount: 2, timeout: 3 } }, ['crd', 'webhook.timeout']],
    ['spegel', { registries: ['x'], resources: { limits: { cpu: 1 } } }, ['registries']],
    ['rook-ceph', { monitoring: { enable: true }, resources: {} }, ['monitoring.enable']],
  ])('%s: mistakes people make', (name, values, expected) => {
    if (!names.includes(name)) return;
    expect(unreadValues(chartOf(name), values).map(({ path }) => spoken(path))).toEqual(expected);
  });
});
