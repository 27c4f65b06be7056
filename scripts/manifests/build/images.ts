import type { KubeObject } from '../../config/cluster.ts';
import type { Path } from '../../config/source.ts';
import { isPlain, text, type Plain } from './data.ts';
import { alter, IMAGES } from './fieldspecs.ts';

/** The images transformer: by name, wherever an object has containers, and in the fields of kustomize's own list. */
export function withImage(object: KubeObject, image: Plain, set: (path: Path) => void): KubeObject {
  if (object.kind === 'CustomResourceDefinition') return object;
  const pattern = patternOf(text(image['name']) ?? '');
  const change = (value: unknown, path: Path): unknown => {
    if (typeof value !== 'string' || pattern === undefined || !pattern.test(value)) return value;
    const next = renamed(value, image);
    if (next !== value) set(path);
    return next;
  };
  let next = containers(object, [], change) as KubeObject;
  for (const spec of IMAGES) next = alter(next, spec, 'none', change);
  return next;
}

/** The name of an image is a regular expression for kustomize. */
function patternOf(name: string): RegExp | undefined {
  try {
    return new RegExp(`^${name}(?::[a-zA-Z0-9_.{}-]*)?(?:@sha256:[a-zA-Z0-9_.{}-]*)?$`);
  } catch {
    return undefined;
  }
}

function containers(value: unknown, path: Path, change: (value: unknown, path: Path) => unknown): unknown {
  if (Array.isArray(value)) {
    let different = false;
    const next = value.map((each: unknown, index) => {
      const changed = typeof each === 'object' && each !== null ? containers(each, [...path, index], change) : each;
      different ||= changed !== each;
      return changed;
    });
    return different ? next : value;
  }
  if (!isPlain(value)) return value;
  let out: Record<string, unknown> | undefined;
  for (const [key, each] of Object.entries(value)) {
    if (typeof each !== 'object' || each === null) continue;
    let next = containers(each, [...path, key], change);
    if ((key === 'containers' || key === 'initContainers') && Array.isArray(next)) {
      const list: readonly unknown[] = next;
      const changed = list.map((entry, index) => {
        if (!isPlain(entry) || typeof entry['image'] !== 'string') return entry;
        const image = change(entry['image'], [...path, key, index, 'image']);
        return image === entry['image'] ? entry : { ...entry, image };
      });
      if (changed.some((entry, index) => entry !== list[index])) next = changed;
    }
    if (next !== each) (out ??= { ...value })[key] = next;
  }
  return out ?? value;
}

/** The reference with another name, tag or digest; a new tag or digest takes the place of both. */
function renamed(reference: string, image: Plain): string {
  const { name, tag, digest } = split(reference);
  const newTag = image['newTag'] === undefined || image['newTag'] === null ? '' : String(image['newTag']);
  const newDigest = text(image['digest']) ?? '';
  const suffix = text(image['tagSuffix']) ?? '';
  const version = newTag !== '' || newDigest !== '' ? { tag: newTag, digest: newDigest } : suffix === '' ? { tag, digest } : { tag: tag + suffix, digest: '' };
  return `${text(image['newName']) || name}${version.tag === '' ? '' : `:${version.tag}`}${version.digest === '' ? '' : `@${version.digest}`}`;
}

function split(reference: string): { readonly name: string; readonly tag: string; readonly digest: string } {
  const slash = Math.max(0, reference.indexOf('/'));
  const at = reference.indexOf('@', slash);
  const colon = reference.indexOf(':', slash);
  if (at < 0 && colon < 0) return { name: reference, tag: '', digest: '' };
  if (at >= 0 && (colon < 0 || at < colon)) return { name: reference.slice(0, at), tag: '', digest: reference.slice(at + 1) };
  if (at >= 0) return { name: reference.slice(0, colon), tag: reference.slice(colon + 1, at), digest: reference.slice(at + 1) };
  return { name: reference.slice(0, colon), tag: reference.slice(colon + 1), digest: '' };
}
