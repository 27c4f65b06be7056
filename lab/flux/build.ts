/** What Flux's kustomize-controller does with a path of a source: generate, build, transform, substitute. */
import type { KubeObject } from '../world/types.ts';
import { list, plain, strings, text } from '../catalog/data.ts';
import { build, BuildError, inNamespace, isDirectory, kustomizationFile, KUSTOMIZATION_FILES, normalise, patch, type Files } from './kustomize.ts';
import { substituteObject, SubstitutionError } from './substitute.ts';

/** Adds the kustomization.yaml Flux generates for a directory that has none: every YAML file below, and directories that have their own. */
function generated(files: Files, directory: string): Files {
  const prefix = directory === '' ? '' : `${directory}/`;
  const resources: string[] = [];
  const covered: string[] = [];
  for (const file of [...files.keys()].filter((path) => path.startsWith(prefix)).toSorted()) {
    const rest = file.slice(prefix.length);
    if (covered.some((folder) => rest.startsWith(`${folder}/`))) continue;
    const own = rest.split('/').slice(0, -1).map((_part, index, all) => all.slice(0, index + 1).join('/')).find((folder) => kustomizationFile(files, `${prefix}${folder}`) !== undefined);
    if (own !== undefined) { covered.push(own); resources.push(own); continue; }
    if (/\.ya?ml$/.test(rest) && !KUSTOMIZATION_FILES.includes(rest.split('/').at(-1) ?? '')) resources.push(rest);
  }
  return new Map([...files, [`${prefix}kustomization.yaml`, JSON.stringify({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources })]]);
}

const OVERLAY = '.flux-overlay';

/**
 * Objects of a Flux Kustomization's spec over the files of its source. `variables` undefined means no postBuild.
 * Throws BuildError in the words the controller would put into its condition.
 */
export function buildFluxKustomization(name: string, spec: Record<string, unknown>, files: Files, variables: Readonly<Record<string, string>> | undefined): KubeObject[] {
  const path = normalise(text(spec['path']) ?? './');
  if (!isDirectory(files, path)) throw new BuildError(`kustomization path not found: stat /tmp/kustomization-${name}/${path}: no such file or directory`);
  for (const field of ['namePrefix', 'nameSuffix']) if (spec[field] !== undefined) throw new BuildError(`spec.${field} is not in the subset of Flux the lab knows`);
  let tree = kustomizationFile(files, path) === undefined ? generated(files, path) : files;
  let entry = path;
  const overlay: Record<string, unknown> = {};
  if (list(spec['components']).length > 0) overlay['components'] = list(spec['components']).map((component) => `../${path === '' ? '' : `${path}/`}${String(component)}`);
  if (list(spec['images']).length > 0) overlay['images'] = spec['images'];
  if (Object.keys(overlay).length > 0) {
    tree = new Map([...tree, [`${OVERLAY}/kustomization.yaml`, JSON.stringify({ resources: [`../${path}`], ...overlay })]]);
    entry = OVERLAY;
  }
  let objects: KubeObject[];
  try {
    objects = build(tree, entry);
    const accumulator = { objects };
    for (const item of list(spec['patches']).map(plain)) patch(tree, path, `Kustomization/${name}`, item, accumulator);
    objects = accumulator.objects;
  } catch (error) {
    if (error instanceof BuildError) throw new BuildError(`kustomize build failed: ${error.message}`);
    throw error;
  }
  const namespace = text(spec['targetNamespace']);
  if (namespace !== undefined) objects = objects.map((object) => inNamespace(object, namespace));
  const common = plain(spec['commonMetadata']);
  objects = objects.map((object) => withMetadata(object, strings(common['labels']), strings(common['annotations'])));
  if (variables === undefined || Object.keys(variables).length === 0) return objects;
  return objects.map((object) => {
    try { return substituteObject(object, variables); } catch (error) {
      if (error instanceof SubstitutionError) throw new BuildError(`post build failed for '${object.metadata.name}': ${error.message}`);
      throw error;
    }
  });
}
function withMetadata(object: KubeObject, labels: Record<string, string>, annotations: Record<string, string>): KubeObject {
  if (Object.keys(labels).length === 0 && Object.keys(annotations).length === 0) return object;
  const metadata = { ...object.metadata };
  if (Object.keys(labels).length > 0) metadata.labels = { ...metadata.labels, ...labels };
  if (Object.keys(annotations).length > 0) metadata.annotations = { ...metadata.annotations, ...annotations };
  return { ...object, metadata };
}
