import { posix } from 'node:path';
import { dig, isMapping, listIn, mapIn, textAt, textIn } from './data.ts';
import { wholeFile, keySpot, type At, type Path, type Sources, type Spot, type Written } from './source.ts';
import { listed, meant } from './words.ts';
import type { TreeObject, WrittenTree } from './written.ts';

/** What of kustomize the tree may use. Anything else is refused: it would be built by Flux in a way nobody here looked at. */
const LISTS = ['resources', 'components', 'configMapGenerator', 'patches', 'labels', 'images'];
const KNOWN_KEYS = ['apiVersion', 'kind', 'metadata', 'namespace', 'resources', 'components', 'configMapGenerator', 'generatorOptions', 'patches', 'labels', 'images'];

/** Filled in from platform-mode, which is made with the cluster (docs/decisions/0011). */
export const BY_MODE = '${DATA_MODE}';
export const MODES = ['fresh', 'restore'] as const;

/** `own`: variables the Kustomization fills in itself (postBuild.substitute), for whatever else uses the same files. */
interface Unit { readonly owner: string | undefined; readonly substituted: boolean; readonly own: Readonly<Record<string, string>> }
const NONE: Unit = { owner: undefined, substituted: false, own: {} };
interface Scope {
  readonly folder: string;
  readonly namespace: string | undefined;
  readonly unit: Unit;
  /** Folders whose resources led here, the outermost first. */
  readonly above: readonly string[];
}

/**
 * Walks from kubernetes/clusters/<cluster> through kustomization resources and the paths of Flux Kustomizations, as Flux
 * will, without a cluster. Dangling and doubled things are reported where they are written.
 */
export function readTree(sources: Sources, cluster: string): WrittenTree {
  const walk = new Walk(sources);
  const entry = `kubernetes/clusters/${cluster}`;
  if (sources.kind(entry) === 'directory') walk.folder({ folder: entry, namespace: undefined, unit: NONE, above: [] });
  else sources.report(wholeFile(`${entry}/kustomization.yaml`), 'file-missing', `cluster ${cluster} has no ${entry}/kustomization.yaml`, `add ${entry}/ with kustomization.yaml and cluster-settings.yaml, as the other clusters have`);
  return { cluster, objects: walk.objects, files: walk.files, substituted: walk.substituted, own: walk.own, generated: walk.generated };
}

class Walk {
  readonly objects: TreeObject[] = [];
  readonly files = new Set<string>();
  readonly substituted = new Set<string>();
  readonly own = new Map<string, ReadonlySet<string>[]>();
  readonly generated = new Map<string, Map<string, string>>();
  readonly #sources: Sources;
  readonly #seen = new Set<string>();
  /** Flux Kustomizations whose path is still to be walked: after everything of the folder that declares them. */
  readonly #waiting: { readonly document: Written; readonly name: string }[] = [];

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** A folder with a kustomization.yaml, everything it lists, and then the folders its Flux Kustomizations point to. */
  folder(scope: Scope): void {
    this.#kustomization(scope);
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) this.#fluxPath(next.document, next.name);
  }

  #kustomization(scope: Scope): void {
    const file = `${scope.folder}/kustomization.yaml`;
    const document = this.#sources.one(file, { missing: 'every folder that is listed or pointed to needs a kustomization.yaml; kustomize does not guess' });
    this.files.add(file);
    if (document === undefined) return;
    if (!isMapping(document.data)) {
      this.#sources.report({ ...document.spotAt([]), length: 1 }, 'kustomization-shape', 'a kustomization.yaml is a map', `known here: ${KNOWN_KEYS.join(', ')}`);
      return;
    }
    for (const key of LISTS) {
      const value = dig(document.data, [key]);
      if (value !== undefined && !Array.isArray(value)) this.#sources.report({ ...document.spotAt([key]), length: 1 }, 'kustomization-shape', `${key} must be a list`, typeof value === 'string' ? `did you mean [${value}]?` : 'write - before each of its lines');
    }
    for (const key of Object.keys(mapIn(document.data))) {
      if (!KNOWN_KEYS.includes(key)) this.#sources.report(keySpot(document, [], key), 'kustomize-unknown', `${key} is not used in this tree`, meant(key, KNOWN_KEYS, `known here: ${KNOWN_KEYS.join(', ')}`));
    }
    const inner = { ...scope, above: [...scope.above, scope.folder], namespace: textIn(document.data, 'namespace') ?? scope.namespace };
    const listedBefore = new Set<string>();
    for (const key of ['resources', 'components']) {
      listIn(document.data, key).forEach((_, index) => {
        const entry = textAt(document, key, index);
        if (entry === undefined) this.#sources.report(document.spotAt([key, index]), 'wrong-type', `each of ${key} must be text`, 'write the path of a file or a folder');
        else if (listedBefore.has(entry.value)) this.#sources.report(entry.spot, 'listed-twice', `${entry.value} is listed twice`, 'remove one of them');
        else {
          listedBefore.add(entry.value);
          this.#entry(entry, inner, listIn(document.data, key));
        }
      });
    }
    this.#generators(document, inner);
    listIn(document.data, 'patches').forEach((_, index) => this.#use(textAt(document, 'patches', index, 'path'), inner));
  }

  #entry(entry: At<string>, scope: Scope, siblings: readonly unknown[]): void {
    const path = posix.join(scope.folder, entry.value).replace(/\/$/, '');
    if (/^\w+:\/\//.test(entry.value)) {
      this.#sources.report(entry.spot, 'remote-resource', `${entry.value} is fetched from elsewhere at every build`, 'put the manifest into the tree, or pin it with its digest in bootstrap/crds.yaml');
      return;
    }
    if (entry.value === '' || posix.isAbsolute(entry.value) || path.startsWith('../')) {
      this.#sources.report(entry.spot, 'resource-outside', entry.value === '' ? 'a resource has no name' : `${entry.value} is outside the configuration`, 'resources are named relative to this folder, and stay below kubernetes/');
      return;
    }
    if (scope.above.includes(path)) {
      this.#sources.report(entry.spot, 'resource-cycle', `${entry.value} leads back to ${path}, which led here`, 'a folder cannot be part of itself; take it off the list');
      return;
    }
    switch (this.#sources.kind(path)) {
      case 'directory': this.#kustomization({ ...scope, folder: path }); break;
      case 'file': this.#resource(path, scope); break;
      case undefined: {
        const around = [...this.#sources.files(posix.dirname(path)), ...this.#sources.folders(posix.dirname(path))].map((each) => posix.relative(scope.folder, each));
        this.#sources.report(entry.spot, 'dangling-resource', `${entry.value} is listed here but ${path} does not exist`, meant(entry.value, around.filter((each) => !siblings.includes(each)), `add it or take it off the list; there is ${listed(around)}`));
      }
    }
  }

  #resource(file: string, scope: Scope): void {
    this.#part(file, scope);
    for (const document of this.#sources.yaml(file) ?? []) this.#object(document, scope);
  }

  /** A file whose text becomes part of what is applied. */
  #part(file: string, { unit }: Scope): void {
    this.files.add(file);
    if (unit.substituted) this.substituted.add(file);
    this.own.set(file, [...this.own.get(file) ?? [], new Set(Object.keys(unit.own))]);
  }

  #object(document: Written, scope: Scope): void {
    // One file may be several Kustomizations' own, each under the names they fill in.
    const filled = (text: string | undefined): string | undefined => text?.replaceAll(/\$\{(\w+)\}/g, (whole, variable: string) => scope.unit.own[variable] ?? whole);
    const apiVersion = textIn(document.data, 'apiVersion');
    const kind = textIn(document.data, 'kind');
    const name = filled(textIn(document.data, 'metadata', 'name'));
    if (apiVersion === undefined || kind === undefined || name === undefined) {
      this.#sources.report({ ...document.spotAt([]), length: 1 }, 'not-an-object', 'this is no Kubernetes object: it needs apiVersion, kind and metadata.name', 'files that are not manifests do not belong in resources');
      return;
    }
    const namespace = filled(textIn(document.data, 'metadata', 'namespace') ?? scope.namespace);
    const twin = this.objects.find((each) => each.kind === kind && each.name === name && each.namespace === namespace && apiVersion.split('/')[0] === each.apiVersion.split('/')[0]);
    if (twin !== undefined) {
      const other = twin.document.spotAt(['metadata', 'name']);
      this.#sources.report(document.spotAt(['metadata', 'name']), 'object-twice', `${kind} ${name} is declared twice: also at ${other.file}:${other.line}`, 'remove one of them; two owners of one object undo each other for ever');
      return;
    }
    this.objects.push({ document, apiVersion, kind, name, namespace, owner: scope.unit.owner, substituted: scope.unit.substituted });
    if (isFluxKustomization(apiVersion, kind)) this.#waiting.push({ document, name });
  }

  #fluxPath(document: Written, name: string): void {
    const path = textAt(document, 'spec', 'path');
    if (path === undefined) {
      this.#sources.report(keySpot(document, [], 'spec'), 'dangling-path', `Kustomization ${name} has no path`, 'without one Flux would build the whole repository; add spec.path');
      return;
    }
    // A data set is built from another folder when it is restored; both bring the same objects, and both must be there.
    for (const mode of path.value.includes(BY_MODE) ? MODES : ['']) this.#fluxFolder(document, name, path, path.value.replaceAll(BY_MODE, mode), mode === '' || mode === MODES[0]);
  }

  #fluxFolder(document: Written, name: string, path: At<string>, value: string, walked: boolean): void {
    const folder = posix.normalize(value).replace(/^\.?\//, '').replace(/\/$/, '');
    if (folder === '..' || folder.startsWith('../')) {
      this.#sources.report(path.spot, 'dangling-path', `Kustomization ${name} points to ${value}, which is outside the repository`, 'paths begin at the root of the repository');
      return;
    }
    if (this.#sources.kind(folder) !== 'directory') {
      const around = this.#nearestFolder(folder);
      this.#sources.report(path.spot, 'dangling-path', `Kustomization ${name} points to ${value}, which does not exist`, meant(folder, around, `there is ${listed(around)}`));
      return;
    }
    const settings = listIn(document.data, 'spec', 'postBuild', 'substituteFrom');
    const substituted = settings.some((each) => textIn(each, 'kind') === 'ConfigMap' && textIn(each, 'name') === 'cluster-settings');
    const own = Object.fromEntries(Object.entries(mapIn(document.data, 'spec', 'postBuild', 'substitute')).map(([variable, text]) => [variable, String(text)]));
    if (!walked) {
      this.#aside(folder, { owner: undefined, substituted, own });
      return;
    }
    if (this.#seen.has(folder)) {
      const other = this.objects.find((each) => isFluxKustomization(each.apiVersion, each.kind) && each.name !== name && textIn(each.document.data, 'spec', 'path') === path.value);
      this.#sources.report(path.spot, 'path-twice', `${path.value} is applied by two Kustomizations: ${name}${other === undefined ? '' : ` and ${other.name}`}`, 'two owners of one folder undo each other; give each its own');
      return;
    }
    this.#seen.add(folder);
    this.#kustomization({ folder, namespace: textIn(document.data, 'spec', 'targetNamespace'), unit: { owner: name, substituted, own }, above: [] });
  }

  /** A folder that stands in for another: its files are in use, its objects are the other's. */
  #aside(folder: string, unit: Unit): void {
    const beside = new Walk(this.#sources);
    beside.#kustomization({ folder, namespace: undefined, unit, above: [] });
    for (const file of beside.files) this.files.add(file);
    for (const file of beside.substituted) this.substituted.add(file);
    for (const [file, own] of beside.own) this.own.set(file, [...this.own.get(file) ?? [], ...own]);
  }

  #nearestFolder(folder: string): readonly string[] {
    const parent = posix.dirname(folder);
    return parent === '.' || this.#sources.kind(parent) === 'directory' ? this.#sources.folders(parent) : this.#nearestFolder(parent);
  }

  #generators(document: Written, scope: Scope): void {
    listIn(document.data, 'configMapGenerator').forEach((generator, index) => {
      const name = textAt(document, 'configMapGenerator', index, 'name');
      if (name === undefined) return;
      const keys = new Map<string, string>();
      listIn(generator, 'files').forEach((_, at) => {
        const path: Path = ['configMapGenerator', index, 'files', at];
        const entry = textAt(document, ...path);
        const [key, file] = entry === undefined ? [] : splitGenerated(entry.value);
        if (entry === undefined || key === undefined || file === undefined) return;
        const used = this.#use({ value: file, get spot() { return entry.spot; } }, scope);
        if (used !== undefined) keys.set(key, used);
      });
      if (dig(generator, ['options', 'disableNameSuffixHash']) !== true && dig(document.data, ['generatorOptions', 'disableNameSuffixHash']) !== true) {
        this.#sources.report(name.spot, 'hashed-name', `ConfigMap ${name.value} gets a hash behind its name, which a HelmRelease's valuesFrom does not follow`, 'add options: {disableNameSuffixHash: true}');
      }
      this.generated.set(`${textIn(generator, 'namespace') ?? scope.namespace ?? ''}/${name.value}`, keys);
    });
  }

  /** A file that goes into the build without being a manifest. Answers its root-relative path when it is there. */
  #use(entry: { readonly value: string; readonly spot: Spot } | undefined, scope: Scope): string | undefined {
    if (entry === undefined) return undefined;
    const file = posix.join(scope.folder, entry.value);
    if (file.startsWith('../') || posix.isAbsolute(entry.value)) {
      this.#sources.report(entry.spot, 'resource-outside', `${entry.value} is outside the configuration`, 'files are named relative to this folder, and stay below kubernetes/');
      return undefined;
    }
    if (this.#sources.kind(file) !== 'file') {
      const around = this.#sources.files(scope.folder).map((each) => posix.basename(each));
      this.#sources.report(entry.spot, 'dangling-resource', `${entry.value} is used here but ${file} does not exist`, meant(entry.value, around, 'add it or take it off the list'));
      return undefined;
    }
    this.#part(file, scope);
    return file;
  }
}

function splitGenerated(entry: string): readonly [string, string] {
  const [key, file] = entry.includes('=') ? [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)] : [posix.basename(entry), entry];
  return [key, file];
}

export function isFluxKustomization(apiVersion: string, kind: string): boolean {
  return kind === 'Kustomization' && apiVersion.startsWith('kustomize.toolkit.fluxcd.io/');
}
