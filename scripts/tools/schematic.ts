import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { schematicId } from '../config/rules/versions.ts';
import { Failure } from '../engine/failure.ts';

/** A schematic as the image factory knows it: its id is the digest of its canonical form, so it is known without asking anybody. */
export interface Schematic { readonly id: string; readonly extensions: readonly string[]; readonly kernelArgs: readonly string[] }
export const SCHEMATIC = 'talos/schematic.yaml';
const FACTORY = 'factory.talos.dev';

/** Reads talos/schematic.yaml. Throws a Failure (65) when it is not there or holds what the factory's form does not have. */
export async function readSchematic(root: string): Promise<Schematic> {
  const { load } = await import('js-yaml');
  let text: string;
  try {
    text = readFileSync(join(root, SCHEMATIC), 'utf8');
  } catch (error) {
    throw new Failure({ exit: 'configuration', what: `${SCHEMATIC} cannot be read`, because: error instanceof Error ? error.message : String(error), hint: 'it says which extensions and kernel arguments the machines boot with', cause: error });
  }
  const parsed = load(text);
  const list = (...path: readonly string[]): readonly string[] => {
    let at: unknown = parsed;
    for (const key of path) at = typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined;
    return Array.isArray(at) ? at.map(String) : [];
  };
  return { id: schematicId(parsed), extensions: list('customization', 'systemExtensions', 'officialExtensions'), kernelArgs: list('customization', 'extraKernelArgs') };
}

export type Arch = 'amd64' | 'arm64';
export interface Medium { readonly what: string; readonly address: string }

/** Where the image factory serves what machines of this schematic boot and are installed from (docs: Image Factory, HTTP frontend API). Nothing is asked. */
export function mediaOf(schematic: Pick<Schematic, 'id'>, version: string, arch: Arch): readonly Medium[] {
  const v = `v${version.replace(/^v/, '')}`;
  const image = (path: string): string => `https://${FACTORY}/image/${schematic.id}/${v}/${path}`;
  return [
    { what: 'ISO', address: image(`metal-${arch}.iso`) },
    { what: 'ISO, Secure Boot', address: image(`metal-${arch}-secureboot.iso`) },
    { what: 'disk image', address: image(`metal-${arch}.raw.zst`) },
    { what: 'PXE script', address: `https://pxe.${FACTORY}/pxe/${schematic.id}/${v}/metal-${arch}` },
    { what: 'kernel', address: image(`kernel-${arch}`) },
    { what: 'initramfs', address: image(`initramfs-${arch}.xz`) },
    { what: 'installer', address: `${FACTORY}/metal-installer/${schematic.id}:${v}` },
    { what: 'installer, Secure Boot', address: `${FACTORY}/metal-installer-secureboot/${schematic.id}:${v}` },
  ];
}

/** SHA-256 of a file, lower-case hex. Throws a Failure (75) when it cannot be read. */
export async function fileDigest(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(file), hash);
  } catch (error) {
    throw new Failure({ exit: 'rerun', what: `${file} cannot be read`, because: error instanceof Error ? error.message : String(error), hint: 'FILE names an image that was downloaded', cause: error });
  }
  return hash.digest('hex');
}
