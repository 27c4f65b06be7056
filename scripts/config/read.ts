import { posix } from 'node:path';
import { isMap, isNode } from 'yaml';
import { dig, listIn, mapIn, textAt, textIn } from './data.ts';
import { readCalendar, readRecovery } from './recovery-file.ts';
import { readDocument, record, text } from './shape.ts';
import { keySpot, type At, type Path, type Sources, type Spot, type Written } from './source.ts';
import { readTree } from './tree.ts';
import { listed, meant } from './words.ts';
import {
  clusterShape, crdsShape, fluxShape, secretsShape, versionsShape,
  type WrittenCluster, type WrittenRelease, type WrittenSettings, type WrittenSite,
} from './written.ts';

/**
 * Reads every file of the configuration, and `added`, what the target adds to bootstrap/dr.yaml. What is wrong with single files
 * is reported; what they say together is for the rules.
 */
export function readSite(sources: Sources, added?: string): WrittenSite {
  const files = clusterFiles(sources);
  const stems = files.map((file) => posix.basename(file, '.yaml'));
  const clusters = readClusters(sources, files);
  otherEndings(sources);
  const bootstrap = (name: string): Written | undefined => sources.one(`bootstrap/${name}.yaml`);
  return {
    stems,
    clusters,
    versions: readDocument(bootstrap('versions'), versionsShape, 'bootstrap/versions.yaml', sources.report),
    namespaces: readNamespaces(sources),
    secrets: readDocument(bootstrap('secrets'), secretsShape, 'bootstrap/secrets.yaml', sources.report)?.value ?? [],
    crds: readDocument(bootstrap('crds'), crdsShape, 'bootstrap/crds.yaml', sources.report),
    flux: readDocument(bootstrap('flux'), fluxShape, 'bootstrap/flux.yaml', sources.report),
    releases: { crds: readHelmfile(sources, 'helmfile.d/00-crds.yaml'), core: readHelmfile(sources, 'helmfile.d/01-core.yaml') },
    settings: new Map(stems.flatMap((stem) => {
      const settings = readSettings(sources, stem);
      return settings === undefined ? [] : [[stem, settings] as const];
    })),
    trees: [...clusters.map(({ stem }) => stem), ...stems.filter((stem) => !clusters.some((each) => each.stem === stem))].map((stem) => readTree(sources, stem)),
    patches: new Map(sources.filesBelow('talos/patches').flatMap((file) => {
      const documents = sources.yaml(file);
      return documents === undefined ? [] : [[file, documents] as const];
    })),
    schematic: sources.one('talos/schematic.yaml'),
    recovery: readRecovery(sources, added),
    calendar: readCalendar(sources),
  };
}

/** Files of clusters; those that begin with a dot are an editor's. */
function clusterFiles(sources: Sources): readonly string[] {
  return sources.files('talos/clusters').filter((file) => !posix.basename(file).startsWith('.'));
}

/** Every file here ends in .yaml; one with another ending of YAML would be there and never read. */
function otherEndings(sources: Sources): void {
  for (const folder of ['talos', 'bootstrap', 'helmfile.d', 'kubernetes']) {
    for (const file of [...sources.filesBelow(folder, '.yml'), ...sources.filesBelow(folder, '.YAML'), ...sources.filesBelow(folder, '.YML')]) {
      sources.report({ file, line: 1, column: 1, length: 1 }, 'file-ending', `${file} is never read: files of the configuration end in .yaml`, `did you mean ${file.replace(/\.\w+$/, '.yaml')}?`);
    }
  }
}

function readClusters(sources: Sources, files: readonly string[]): readonly WrittenCluster[] {
  if (files.length === 0 && !sources.problems.some(({ rule }) => rule === 'folder-unreadable')) {
    sources.report({ file: 'talos/clusters', line: 0, column: 0, length: 1 }, 'no-clusters', 'there is no cluster: talos/clusters holds no .yaml file', 'each cluster is one file there; docs/schemas/cluster.schema.json describes it');
  }
  return files.flatMap((file) => {
    const cluster = readDocument(sources.one(file), clusterShape, file, sources.report);
    return cluster === undefined ? [] : [{ ...cluster, file, stem: posix.basename(file, '.yaml') }];
  }).toSorted((a, b) => (a.id?.value ?? 256) - (b.id?.value ?? 256));
}

function readNamespaces(sources: Sources): readonly Written[] {
  const documents = sources.yaml('bootstrap/namespaces.yaml') ?? [];
  return documents.filter((document) => {
    if (dig(document.data, ['kind']) === 'Namespace' && dig(document.data, ['apiVersion']) === 'v1') return true;
    sources.report({ ...document.spotAt(['kind']), length: 1 }, 'not-a-namespace', 'only Namespace objects (apiVersion v1) belong in this file', 'secrets go to bootstrap/secrets.yaml, everything else to the Flux tree');
    return false;
  });
}

function readSettings(sources: Sources, cluster: string): WrittenSettings | undefined {
  const file = `kubernetes/clusters/${cluster}/cluster-settings.yaml`;
  // A missing folder is told once, by who walks the tree.
  if (sources.kind(posix.dirname(file)) === undefined) return undefined;
  const document = sources.one(file, { missing: `add a ConfigMap cluster-settings in namespace flux-system for ${cluster}, as the other clusters have` });
  if (document === undefined) return undefined;
  const node = isMap(document.root) ? document.root.get('data', true) : undefined;
  if (!isNode(node)) {
    // What is no object at all is told by who walks the tree.
    if (isMap(document.root)) sources.report({ ...document.spotAt([]), length: 1 }, 'missing-key', 'data is missing', 'add data: with the variables of this cluster');
    return undefined;
  }
  const data = record(text)(node, { document, report: sources.report, what: 'data' });
  return data === undefined ? undefined : { file, document, data };
}

const RELEASE_KEYS = ['name', 'namespace', 'chart', 'version', 'needs', 'values', 'set', 'wait', 'waitForJobs'];
const FILE_KEYS = ['repositories', 'helmDefaults', 'releases'];

function readHelmfile(sources: Sources, file: string): readonly WrittenRelease[] {
  const source = sources.text(file) ?? '';
  const template = source.indexOf('{{');
  if (template >= 0) {
    const line = source.slice(0, template).split('\n').length;
    sources.report({ file, line, column: template - source.lastIndexOf('\n', template), length: 2 }, 'helmfile-template', 'helmfile templates are not used: this file is read as plain YAML', 'write the value; what differs between clusters belongs in cluster-settings and the values files');
    sources.leave(file);
    return [];
  }
  const document = sources.one(file);
  if (document === undefined) return [];
  const wrong = (path: Path, key: string, message: string, hint: string): void => sources.report({ ...document.spotAt([...path, key]), length: 1 }, 'wrong-type', message, hint);
  if (!isMap(document.root)) {
    wrong([], '', `${file} must be a map with ${listed(FILE_KEYS)}`, 'restore it from Git');
    return [];
  }
  if (!Array.isArray(dig(document.data, ['releases'])) || listIn(document.data, 'releases').length === 0) {
    // Nothing to install would be a create that ends well with an empty cluster.
    if (dig(document.data, ['releases']) === undefined) sources.report({ ...document.spotAt([]), length: 1 }, 'missing-key', 'releases is missing', 'add releases: and what is to be installed');
    else wrong([], 'releases', 'releases must be a list with at least one release', 'write - name: ... for each');
    return [];
  }
  for (const key of ['repositories', 'helmDefaults']) {
    const value = dig(document.data, [key]);
    if (value !== undefined && (key === 'repositories' ? !Array.isArray(value) : !isMap(document.root.get(key, true)))) wrong([], key, `${key} must be a ${key === 'repositories' ? 'list' : 'map'}`, `write a ${key === 'repositories' ? 'list of {name, url}' : 'map'}`);
  }
  for (const key of Object.keys(mapIn(document.data))) if (!FILE_KEYS.includes(key)) unknown(sources, document, [], key, FILE_KEYS);
  const repositories = new Map(listIn(document.data, 'repositories').map((each) => [textIn(each, 'name') ?? '', (textIn(each, 'url') ?? '').replace(/\/$/, '')]));
  return listIn(document.data, 'releases').flatMap((release, index) => {
    if (typeof release !== 'object' || release === null || Array.isArray(release)) {
      sources.report({ ...document.spotAt(['releases', index]), length: 1 }, 'wrong-type', 'each release must be a map', 'write name, namespace, chart and version');
      return [];
    }
    for (const key of ['needs', 'values', 'set']) {
      // helmfile would refuse it in the middle of a run; read leniently it would look as if nothing stood there.
      const value = dig(release, [key]);
      if (value !== undefined && !Array.isArray(value)) wrong(['releases', index], key, `${key} must be a list`, typeof value === 'string' ? `did you mean [${value}]?` : 'write a list');
    }
    listIn(release, 'set').forEach((each, at) => {
      const plain = dig(each, ['value']);
      if (textIn(each, 'name') === undefined || plain === undefined || typeof plain === 'object') sources.report({ ...document.spotAt(['releases', index, 'set', at]), length: 1 }, 'wrong-type', 'each of set must be a name and a plain value', 'write - name: crds.enabled and value: true; anything larger belongs into a values file');
    });
    for (const key of Object.keys(mapIn(release))) if (!RELEASE_KEYS.includes(key)) unknown(sources, document, ['releases', index], key, RELEASE_KEYS);
    const required = (key: string): At<string> | undefined => {
      const found = textAt(document, 'releases', index, key);
      if (found !== undefined) return found;
      const value = dig(release, [key]);
      if (value === undefined) {
        const misspelt = Object.keys(mapIn(release)).some((each) => !RELEASE_KEYS.includes(each) && meant(each, [key], '') !== '');
        if (!misspelt) sources.report({ ...document.spotAt(['releases', index]), length: 1 }, 'missing-key', `${key} is missing from this release`, `add ${key}: ...`);
      } else sources.report(document.spotAt(['releases', index, key]), 'wrong-type', `${key} must be text`, 'put it in quotes');
      return undefined;
    };
    const texts = (key: string): readonly At<string>[] => listIn(release, key).flatMap((value, at) => {
      const found = textAt(document, 'releases', index, key, at);
      if (found !== undefined) return [found];
      sources.report({ ...document.spotAt(['releases', index, key, at]), length: 1 }, 'wrong-type', `each of ${key} must be text, not ${typeof value}`, key === 'values' ? 'values live in a file of the Flux tree, so that they exist once' : 'write namespace/name');
      return [];
    });
    const [name, namespace, chart, version] = [required('name'), required('namespace'), required('chart'), required('version')];
    const [needs, values] = [texts('needs'), texts('values')];
    if (name === undefined || namespace === undefined || chart === undefined || version === undefined) return [];
    return [{ file, name, namespace, chart, source: chartSource(sources, chart, repositories), version, needs, values }];
  });
}

function chartSource(sources: Sources, chart: At<string>, repositories: ReadonlyMap<string, string>): string | undefined {
  if (chart.value.startsWith('oci://')) return chart.value;
  const [repository = '', ...name] = chart.value.split('/');
  const url = repositories.get(repository);
  if (url === undefined) sources.report(chart.spot, 'repository-unknown', `${chart.value}: there is no repository ${repository} in this file`, meant(repository, repositories.keys(), 'charts are oci://... or <repository>/<chart>, with the repository listed above'));
  return url === undefined ? undefined : `${url}/${name.join('/')}`;
}

function unknown(sources: Sources, document: Written, path: readonly (string | number)[], key: string, known: readonly string[]): void {
  const why = key === 'hooks' ? 'hooks are not used: what would be a hook is a phase' : `${key} is not used here`;
  sources.report(keySpot(document, path, key), 'unknown-key', why, meant(key, known, `known here: ${listed(known)}`));
}

/** Every scalar of a document with the keys that lead to it, for rules that look at all values. */
export function scalars(document: Written): readonly { readonly path: readonly string[]; readonly value: string; readonly spot: Spot }[] {
  const found: { readonly path: readonly string[]; readonly value: string; readonly spot: Spot }[] = [];
  const visit = (value: unknown, path: Path): void => {
    if (typeof value === 'string') found.push({ path: path.map(String), value, get spot() { return document.spotAt(path); } });
    else if (Array.isArray(value)) value.forEach((item: unknown, index) => visit(item, [...path, index]));
    else if (typeof value === 'object' && value !== null) for (const [key, inner] of Object.entries(value)) visit(inner, [...path, key]);
  };
  visit(document.data, []);
  return found;
}
