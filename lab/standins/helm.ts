/** The lab's stand-in for helm 4.3.1: what reads releases (list, get, status, history), template of catalog charts, version. */
import { Exit, parseFlags, Unmodelled, type FlagTable, type Parsed } from './shared/flags.ts';
import { runStandin, tabbed } from './run.ts';

const GLOBAL: FlagTable = { kubeconfig: { type: 'string' }, 'kube-context': { type: 'string' }, namespace: { type: 'string', short: 'n', default: 'default' }, output: { type: 'string', short: 'o', default: 'table' }, debug: { type: 'bool' } };
const VERBS: Readonly<Record<string, FlagTable>> = {
  list: { 'all-namespaces': { type: 'bool', short: 'A' }, all: { type: 'bool', short: 'a' }, max: { type: 'int', short: 'm' }, filter: { type: 'string', short: 'f' } },
  get: { revision: { type: 'int' }, all: { type: 'bool', short: 'a' } }, status: { revision: { type: 'int' } }, history: { max: { type: 'int' } }, version: { short: { type: 'bool' }, client: { type: 'bool' } },
  template: { version: { type: 'string' }, 'include-crds': { type: 'bool' }, values: { type: 'strings', short: 'f' } },
};

function kubeconfigOf(flags: Parsed): string { return flags.text('kubeconfig') || process.env['KUBECONFIG'] || `${process.env['HOME'] ?? ''}/.kube/config`; }

async function releases(flags: Parsed, namespace: string | undefined): Promise<{ readonly records: import('../catalog/release.ts').HelmRecord[] }> {
  const { openCluster, KubeconfigError } = await import('./kubeapi.ts');
  const { decodeRelease, RELEASE_TYPE } = await import('../catalog/release.ts');
  let cluster;
  try { cluster = openCluster(kubeconfigOf(flags), flags.given('kube-context') ? flags.text('kube-context') : undefined, 'helm'); } catch (error) {
    throw error instanceof KubeconfigError ? new Exit(1, `kubernetes cluster unreachable: ${error.message}`) : error;
  }
  try {
    const path = `/api/v1/${namespace === undefined ? '' : `namespaces/${namespace}/`}secrets?labelSelector=owner%3Dhelm`;
    const { isPlain, list, plain } = await import('../catalog/data.ts');
    const { isObject } = await import('../catalog/install.ts');
    const items = list(plain(await cluster.call('GET', path))['items']).map((item) => (isPlain(item) ? { apiVersion: 'v1', kind: 'Secret', ...item } : item)).filter(isObject);
    return { records: items.filter((secret) => secret['type'] === RELEASE_TYPE).map(decodeRelease).toSorted((a, b) => a.name.localeCompare(b.name) || a.revision - b.revision) };
  } catch (error) {
    throw new Exit(1, `kubernetes cluster unreachable: ${error instanceof Error ? error.message : String(error)}`);
  } finally { cluster.close(); }
}
/** Times as helm prints them in lists. */
const shown = (time: string): string => `${time.replace('T', ' ').replace('Z', '')} +0000 UTC`;

async function main(argv: readonly string[]): Promise<void> {
  const verb = argv.find((word, index) => !word.startsWith('-') && !['--kubeconfig', '--kube-context', '--namespace', '-n', '--output', '-o'].includes(argv[index - 1] ?? ''));
  if (verb === undefined) throw new Exit(1, 'helm: a command is needed');
  const name = verb === 'ls' ? 'list' : verb;
  const table = VERBS[name];
  if (table === undefined) throw new Unmodelled('helm', `unknown command "${verb}" for "helm"`);
  const flags = parseFlags('helm', { ...GLOBAL, ...table }, argv);
  const [, first, second] = flags.args;
  const output = flags.text('output');
  if (!['table', 'json', 'yaml'].includes(output)) throw new Exit(1, `invalid argument "${output}" for "-o, --output" flag: invalid format type`);
  const print = async (value: unknown): Promise<void> => {
    if (output === 'yaml') { const { dump } = await import('js-yaml'); process.stdout.write(dump(value)); } else process.stdout.write(`${JSON.stringify(value)}\n`);
  };
  const one = async (release: string | undefined): Promise<import('../catalog/release.ts').HelmRecord> => {
    if (release === undefined) throw new Exit(1, `"helm ${name}" requires 1 argument`);
    const all = (await releases(flags, flags.text('namespace'))).records.filter((record) => record.name === release && (!flags.given('revision') || record.revision === Number(flags.text('revision'))));
    const last = all.at(-1);
    if (last === undefined) throw new Exit(1, 'release: not found');
    return last;
  };
  switch (name) {
    case 'version': process.stdout.write(flags.bool('short') ? 'v4.3\n' : 'version.BuildInfo{Version:"v4.3", GitCommit:"", GitTreeState:"", GoVersion:"lab", KubeClientVersion:"v1.37"}\n'); return;
    case 'list': {
      const { records } = await releases(flags, flags.bool('all-namespaces') ? undefined : flags.text('namespace'));
      const latest = [...new Map(records.map((record) => [`${record.namespace}/${record.name}`, record])).values()].filter((record) => !flags.given('filter') || new RegExp(flags.text('filter')).test(record.name));
      const rows = latest.map((record) => ({ name: record.name, namespace: record.namespace, revision: String(record.revision), updated: shown(record.lastDeployed), status: record.status, chart: `${record.chart.name}-${record.chart.version}`, app_version: record.chart.appVersion }));
      if (output !== 'table') { await print(rows); return; }
      process.stdout.write(tabbed([['NAME', 'NAMESPACE', 'REVISION', 'UPDATED', 'STATUS', 'CHART', 'APP VERSION'], ...rows.map((row) => Object.values(row))]));
      return;
    }
    case 'get': {
      const record = await one(second);
      if (first === 'values') {
        if (output === 'table') { const { dump } = await import('js-yaml'); process.stdout.write(`USER-SUPPLIED VALUES:\n${dump(record.values)}`); } else await print(Object.keys(record.values).length === 0 ? null : record.values);
      } else if (first === 'manifest') process.stdout.write(`${record.manifest}\n`);
      else throw new Unmodelled('helm', `helm get ${first ?? ''}`);
      return;
    }
    case 'status': {
      const record = await one(first);
      if (output === 'table') process.stdout.write(`NAME: ${record.name}\nLAST DEPLOYED: ${shown(record.lastDeployed)}\nNAMESPACE: ${record.namespace}\nSTATUS: ${record.status}\nREVISION: ${record.revision}\nDESCRIPTION: ${record.description}\nTEST SUITE: None\n`);
      else await print({ name: record.name, info: { first_deployed: record.firstDeployed, last_deployed: record.lastDeployed, deleted: '', description: record.description, status: record.status }, config: record.values, manifest: record.manifest, version: record.revision, namespace: record.namespace });
      return;
    }
    case 'history': {
      await one(first);
      const all = (await releases(flags, flags.text('namespace'))).records.filter((record) => record.name === first);
      const rows = all.map((record) => ({ revision: record.revision, updated: record.lastDeployed, status: record.status, chart: `${record.chart.name}-${record.chart.version}`, app_version: record.chart.appVersion, description: record.description }));
      if (output === 'table') process.stdout.write(tabbed([['REVISION', 'UPDATED', 'STATUS', 'CHART', 'APP VERSION', 'DESCRIPTION'], ...rows.map((row) => Object.values(row).map(String))]));
      else await print(rows);
      return;
    }
    default: {
      const chart = second ?? first;
      if (chart === undefined) throw new Exit(1, '"helm template" requires at least 1 argument');
      const { renderRelease } = await import('../catalog/charts.ts'); const { yamlStream } = await import('../catalog/downloads.ts');
      const { installOrder } = await import('../catalog/install.ts'); const { mergeValues, plain } = await import('../catalog/data.ts');
      const { readFileSync } = await import('node:fs'); const { readYaml } = await import('../flux/kustomize.ts');
      const values = flags.list('values').reduce((sum, file) => mergeValues(sum, plain(readYaml(readFileSync(file, 'utf8')))), {});
      process.stdout.write(yamlStream(installOrder(renderRelease({ name: second === undefined ? 'release-name' : first ?? '', namespace: flags.text('namespace'), chart, version: flags.text('version'), values }).objects)));
    }
  }
}
await runStandin('helm', 'Error: ', main);
