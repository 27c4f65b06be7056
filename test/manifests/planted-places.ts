import type { Planted } from './planted.ts';

/** One place, changed; the finding is on the new text, or on another line of that file. */
export function at(file: string, from: string, to: string, line = to.trim()): Pick<Planted, 'change' | 'at'> {
  return { change: [{ file, from, to }], at: { file, line } };
}

/** Something more, in a namespace of its own that holds `base`, put beside what a folder applies already. Looked for together, several must not be in each other's way. */
export function besideWith(base: string, letter: string): (folder: string, list: string, manifests: string, line: string) => Pick<Planted, 'change' | 'at'> {
  let count = 0;
  return (folder, list, manifests, line) => {
    const file = `${folder}/shop.yaml`;
    count += 1;
    const whole = `${base}---\n${manifests}`.replaceAll(/\bshop\b(?!\.)/g, `shop-${letter}${count}`);
    return { change: [{ file: `${folder}/kustomization.yaml`, from: `  - ${list}\n`, to: `  - ${list}\n  - shop.yaml\n` }, { file, whole }], at: { file, line } };
  };
}
