import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { reconcileArgs } from '../../scripts/tools/flux.ts';
import { listArgs, valuesArgs } from '../../scripts/tools/helm.ts';
import { syncArgs, templateArgs } from '../../scripts/tools/helmfile.ts';
import { VERSION_CALLS } from '../../scripts/tools/versions.ts';
import { realTool, scratch } from './support.ts';

// Our words against the real tools', where they are at hand: an unreachable API is the proof that the words were understood.
const KUBECONFIG = 'apiVersion: v1\nkind: Config\ncurrent-context: infra\nclusters: [{name: infra, cluster: {server: "https://127.0.0.1:1"}}]\nusers: [{name: infra, user: {}}]\ncontexts: [{name: infra, context: {cluster: infra, user: infra}}]\n';
const HELMFILE = 'releases:\n  - {name: one, namespace: ns, chart: ./chart, version: 1.0.0}\n';

function place(dir: string): { readonly kubeconfig: string; readonly context: string; readonly file: string } {
  const kubeconfig = join(dir, 'kubeconfig');
  writeFileSync(kubeconfig, KUBECONFIG, { mode: 0o600 });
  const file = join(dir, 'helmfile.yaml');
  writeFileSync(file, HELMFILE);
  return { kubeconfig, context: 'infra', file };
}
const run = (tool: string, argv: readonly string[], dir: string) => spawnSync(realTool(tool) ?? '', argv, { encoding: 'utf8', timeout: 30_000, killSignal: 'SIGKILL', cwd: dir, env: { HOME: dir, PATH: [dirname(realTool('helm') ?? '/usr/bin'), '/usr/bin', '/bin'].join(delimiter) } });

const tools = ['helm', 'flux', 'helmfile', 'talosctl', 'kustomize', 'git'];
const here = tools.filter((tool) => realTool(tool) !== undefined);
const title = (...needed: readonly string[]): string => { const absent = needed.filter((tool) => !here.includes(tool)); return absent.length === 0 ? needed.join(' with ') : `skipped: no real ${absent.join(', ')} on PATH or in the tools cache`; };

test.each(here)('%s says its version in the words we read', (tool) => {
  using dir = scratch();
  const call = VERSION_CALLS[tool];
  const said = run(tool, call?.argv ?? [], dir.path);
  expect(said.status).toBe(0);
  expect(call?.parse(said.stdout)).toMatch(/^v?\d+\.\d+/);
});

describe.runIf(here.includes('helm'))(title('helm'), () => { test('understands our calls', () => {
  using dir = scratch();
  const at = place(dir.path);
  for (const argv of [listArgs(at), valuesArgs(at, 'x', 'y')]) expect(run('helm', argv, dir.path).stderr).toMatch(/cluster unreachable.*connection refused/s);
}); });
describe.runIf(here.includes('flux'))(title('flux'), () => { test('understands our calls', () => {
  using dir = scratch();
  const at = place(dir.path);
  for (const kind of ['source git', 'kustomization', 'helmrelease'] as const) expect(run('flux', reconcileArgs(at, kind, 'x', 'y'), dir.path).stderr).toMatch(/connection refused/);
}); });
describe.runIf(here.includes('helmfile') && here.includes('helm'))(title('helmfile', 'helm'), () => { test('understands our calls, and renders without a cluster', () => {
  using dir = scratch();
  const at = place(dir.path);
  expect(run('helm', ['create', 'chart'], dir.path).status).toBe(0);
  const rendered = run('helmfile', templateArgs(at, { includeCrds: true }), dir.path);
  expect(rendered.stderr).not.toMatch(/unknown flag/);
  expect(rendered.stdout).toMatch(/^kind: Deployment$/m);
  expect(run('helmfile', syncArgs(at, ['one']), dir.path).stderr).toMatch(/cluster unreachable|connection refused/);
}); });
