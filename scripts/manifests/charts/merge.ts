import { copyOf, isPlain, put, type Values } from '../build/data.ts';
import { setLine } from './strvals.ts';

/** Merging values as helm-controller does (fluxcd/pkg chartutil). */

/**
 * Map `b` over map `a`: maps deeply, everything else replaced. What only one of them has is shared with the result, not copied:
 * the controller does so as well, and what a `targetPath` writes shows through because of it.
 */
export function mergeMaps(a: Readonly<Values>, b: Readonly<Values>): Values {
  const out: Values = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const under = Object.hasOwn(out, key) ? out[key] : undefined;
    put(out, key, isPlain(value) && isPlain(under) ? mergeMaps(under, value) : value);
  }
  return out;
}

/** One source of values, read: a map of values, or one value for a path. */
export type Layer =
  | { readonly values: Readonly<Values> }
  | { readonly targetPath: string; readonly value: string; readonly literal: boolean };

/** `valuesFrom` in order, then `values` over it; a target path goes over both. Throws StrvalsError for a path that cannot be set. */
export function mergeLayers(layers: readonly Layer[], inline: Readonly<Values>): Values {
  const own = copyOf(inline);
  let result: Values = {};
  for (const layer of layers) {
    if ('values' in layer) {
      result = mergeMaps(result, copyOf(layer.values));
      continue;
    }
    result = mergeMaps(result, own);
    setAtPath(result, layer);
  }
  return mergeMaps(result, own);
}

function setAtPath(into: Values, { targetPath, value, literal }: Extract<Layer, { readonly targetPath: string }>): void {
  if (literal) { setLine(into, `${targetPath}=${value.replaceAll(/[\\,[\]{}]/g, (each) => `\\${each}`)}`, true); return; }
  const quoted = ["'", '"'].some((quote) => value.startsWith(quote) && value.endsWith(quote));
  if (quoted) setLine(into, `${targetPath}=${value.replaceAll(/^['"]+|['"]+$/g, '')}`, true);
  else setLine(into, `${targetPath}=${value}`, false);
}
