/** The lab's stand-in for helmfile 1.8.0: template, sync, list over plain helmfiles; charts come from the lab's catalog. */
import { Exit, parseFlags, Unmodelled, type FlagTable } from './shared/flags.ts';
import { runStandin, tabbed } from './run.ts';

const FLAGS: FlagTable = {
  file: { type: 'string', short: 'f', default: 'helmfile.yaml' }, environment: { type: 'string', short: 'e', default: 'default' }, selector: { type: 'strings', short: 'l' }, kubeconfig: { type: 'string' },
  'kube-context': { type: 'string' }, 'log-level': { type: 'string', default: 'info' }, quiet: { type: 'bool', short: 'q' }, 'no-color': { type: 'bool' }, color: { type: 'bool' }, version: { type: 'bool', short: 'v' },
  'include-crds': { type: 'bool' }, 'skip-tests': { type: 'bool' }, 'skip-deps': { type: 'bool' }, 'skip-cleanup': { type: 'bool' }, 'no-hooks': { type: 'bool' }, 'include-needs': { type: 'bool' }, 'skip-needs': { type: 'bool' },
  output: { type: 'string', short: 'o' }, concurrency: { type: 'int', default: '0' }, wait: { type: 'bool' }, 'wait-for-jobs': { type: 'bool' }, 'skip-crds': { type: 'bool' },
};

async function main(argv: readonly string[]): Promise<void> {
  const flags = parseFlags('helmfile', FLAGS, argv);
  const verb = flags.args[0];
  if (flags.bool('version') && verb === undefined) { process.stdout.write('helmfile version 1.8.0\n'); return; }
  if (verb === undefined) throw new Exit(1, 'helmfile: a command is needed');
  if (flags.args.length > 1) throw new Unmodelled('helmfile', `argument ${flags.args[1] ?? ''}`);
  if (flags.text('environment') !== 'default') throw new Exit(1, `err: no releases found that matches specified selector() and environment(${flags.text('environment')}), in any helmfile`);
  if (verb === 'version') { process.stdout.write(flags.text('output') === 'short' ? '1.8.0\n' : 'Version            1.8.0\nGit Commit         "lab"\nBuild Date         unknown\nGo version         lab\n'); return; }
  if (!['template', 'sync', 'list'].includes(verb)) throw new Unmodelled('helmfile', `unknown command "${verb}" for "helmfile"`);
  const { readHelmfile, selected } = await import('./helmfile/file.ts');
  const file = flags.text('file');
  const selectors = flags.list('selector');
  const releases = selected(readHelmfile(file), selectors);
  if (releases.length === 0) throw new Exit(3, `err: no releases found that matches specified selector(${selectors.join(',')}) and environment(default), in any helmfile`);
  if (verb === 'list') {
    const rows = releases.map((release) => ({ name: release.name, namespace: release.namespace, enabled: true, installed: release.installed, labels: Object.keys(release.labels).toSorted().map((key) => `${key}:${release.labels[key] ?? ''}`).join(','), chart: release.chart, version: release.version }));
    if (flags.text('output') === 'json') process.stdout.write(JSON.stringify(rows));
    else process.stdout.write(tabbed([['NAME', 'NAMESPACE', 'ENABLED', 'INSTALLED', 'LABELS', 'CHART', 'VERSION'], ...rows.map((row) => [row.name, row.namespace, String(row.enabled), String(row.installed), row.labels, row.chart, row.version])]));
    return;
  }
  const quiet = flags.bool('quiet') || flags.text('log-level') === 'error' || flags.text('log-level') === 'warn';
  if (verb === 'template') {
    const { renderRelease, chartName } = await import('../catalog/charts.ts');
    const { installOrder } = await import('../catalog/install.ts');
    const { yamlStream } = await import('../catalog/downloads.ts');
    for (const release of releases) {
      if (!quiet) process.stderr.write(`Templating release=${release.name}, chart=${release.chart}\n`);
      const rendered = renderRelease({ ...release });
      const objects = [...installOrder(rendered.objects), ...(flags.bool('no-hooks') ? [] : rendered.hooks)].filter((object) => !(flags.bool('skip-crds') && object.kind === 'CustomResourceDefinition'));
      process.stdout.write(objects.map((object) => yamlStream([object]).replace('---\n', `---\n# Source: ${chartName(release.chart)}/templates/${object.kind.toLowerCase()}.yaml\n`)).join(''));
      process.stdout.write('\n');
    }
    return;
  }
  const { sync } = await import('./helmfile/sync.ts');
  const kubeconfig = flags.text('kubeconfig') || process.env['KUBECONFIG'] || `${process.env['HOME'] ?? ''}/.kube/config`;
  await sync({ kubeconfig, context: flags.given('kube-context') ? flags.text('kube-context') : undefined, file }, releases);
}
await runStandin('helmfile', '', main);
