import { readYaml } from '../build/yaml.ts';
import { readArchive, type ChartFiles } from './archive.ts';
import { isPlain, list, plain, text, type Values } from '../build/data.ts';
import { mergeMaps } from './merge.ts';

export interface Dependency {
  readonly name: string;
  /** As its values are called: the alias, or the name. */
  readonly called: string;
  readonly version: string;
  readonly conditions: readonly string[];
  readonly tags: readonly string[];
  /** Values taken over from it: path in its values, path in ours. */
  readonly imports: readonly { readonly child: readonly string[]; readonly parent: readonly string[] }[];
}

/** A chart, read. */
export interface Chart {
  readonly name: string;
  readonly version: string;
  readonly library: boolean;
  /** As values of the parent call it; its own name for the first. */
  readonly called: string;
  readonly values: Readonly<Values>;
  readonly schema: unknown;
  /** Text of everything below templates/, by path from the chart's folder. */
  readonly templates: ReadonlyMap<string, string>;
  /** Other texts a template can read with .Files. */
  readonly files: ReadonlyMap<string, string>;
  readonly dependencies: readonly Dependency[];
  readonly charts: readonly Chart[];
  /** Named in Chart.yaml and not inside. */
  readonly lacking: readonly string[];
}

/** The chart whose files these are, with those it depends on. */
export function readChart(files: ChartFiles): Chart {
  return readCalled(files, undefined);
}

function readCalled(files: ChartFiles, called: string | undefined): Chart {
  const meta = plain(yamlOf(files, 'Chart.yaml'));
  const name = text(meta['name']) ?? '';
  const templates = new Map<string, string>();
  const others = new Map<string, string>();
  const below = new Map<string, Map<string, Buffer>>();
  const packed: ChartFiles[] = [];
  for (const [path, bytes] of files) {
    if (path.startsWith('templates/')) templates.set(path, bytes.toString('utf8'));
    else if (path.startsWith('charts/')) {
      const [, folder = '', ...rest] = path.split('/');
      if (rest.length === 0) {
        if (folder.endsWith('.tgz') && !/^[._]/.test(folder)) packed.push(readArchive(bytes));
      } else if (!/^[._]/.test(folder)) below.set(folder, (below.get(folder) ?? new Map<string, Buffer>()).set(rest.join('/'), bytes));
    } else if (!path.startsWith('crds/')) others.set(path, bytes.toString('utf8'));
  }
  const inside = [...[...below.values()].filter((each) => each.has('Chart.yaml')), ...packed];
  const dependencies = [...list(meta['dependencies']), ...list(plain(yamlOf(files, 'requirements.yaml'))['dependencies'])].filter(isPlain).map(dependencyOf);
  const named = inside.map((each) => ({ name: text(plain(yamlOf(each, 'Chart.yaml'))['name']) ?? '', files: each }));
  const charts = [
    ...named.filter((each) => !dependencies.some((dependency) => dependency.name === each.name)).map((each) => readCalled(each.files, each.name)),
    ...dependencies.flatMap((dependency) => {
      const found = named.find((each) => each.name === dependency.name);
      return found === undefined ? [] : [readCalled(found.files, dependency.called)];
    }),
  ];
  return {
    name, version: String(meta['version'] ?? ''), library: meta['type'] === 'library', called: called ?? name,
    values: valuesOf(files), schema: jsonOf(files, 'values.schema.json'), templates, files: others, dependencies, charts,
    lacking: dependencies.filter((dependency) => !named.some((each) => each.name === dependency.name)).map((dependency) => dependency.name),
  };
}

function dependencyOf(entry: Readonly<Values>): Dependency {
  const name = text(entry['name']) ?? '';
  return {
    name, called: text(entry['alias']) ?? name, version: text(entry['version']) ?? '',
    conditions: (text(entry['condition']) ?? '').split(',').map((each) => each.trim()).filter((each) => each !== ''),
    tags: list(entry['tags']).filter((each) => typeof each === 'string'),
    imports: list(entry['import-values']).map((each) => (typeof each === 'string'
      ? { child: ['exports', ...each.split('.')], parent: [] }
      : { child: (text(plain(each)['child']) ?? '').split('.'), parent: (text(plain(each)['parent']) ?? '.').split('.').filter((part) => part !== '') })),
  };
}

/** All documents of values.yaml, merged as Helm does. */
function valuesOf(files: ChartFiles): Values {
  const content = files.get('values.yaml')?.toString('utf8');
  const read = content === undefined ? undefined : readYaml(content, true);
  return read === undefined || 'trouble' in read ? {} : read.documents.reduce<Values>((all, each) => mergeMaps(all, plain(each)), {});
}

function yamlOf(files: ChartFiles, path: string): unknown {
  const content = files.get(path)?.toString('utf8');
  const read = content === undefined ? undefined : readYaml(content, true);
  return read === undefined || 'trouble' in read ? undefined : read.documents[0];
}

function jsonOf(files: ChartFiles, path: string): unknown {
  const content = files.get(path)?.toString('utf8');
  if (content === undefined) return undefined;
  try {
    return JSON.parse(content);
  } catch {
    // Helm itself says what is wrong with it when it renders.
    return undefined;
  }
}

/** The chart's own values with those of the charts in it below their names: every key somebody wrote down as one that can be set. */
export function allValues(chart: Chart): Values {
  return chart.charts.reduce<Values>((all, each) => {
    const own = isPlain(all[each.called]) ? plain(all[each.called]) : {};
    return { ...all, [each.called]: mergeMaps(allValues(each), own) };
  }, { ...chart.values });
}
