import { Failure } from '../engine/failure.ts';

/** A `${...}` that cannot be filled in, and where. */
export interface Unfilled { readonly file: string; readonly line: number; readonly column: number; readonly message: string }

/**
 * Fills in `${VAR}`, `${VAR:=default}` and `${VAR:-default}` as Flux does with strict substitution; `$${X}` stays, as the text
 * `${X}`. An empty value takes the default, as in a shell. Defaults are plain text. Pure.
 */
export function substitute(text: string, settings: Readonly<Record<string, string>>, file: string): { readonly text: string; readonly unfilled: readonly Unfilled[] } {
  const unfilled: Unfilled[] = [];
  const filled = text.replace(/(\$?)\$\{([^}\n]*)(\}?)/g, (whole: string, escape: string, inner: string, end: string, at: number) => {
    if (escape !== '') return whole.slice(1);
    const match = /^([A-Za-z_][A-Za-z0-9_]*)(?::[=-](.*))?$/.exec(inner);
    const name = match?.[1];
    if (name === undefined || end === '') {
      unfilled.push({ file, ...position(text, at), message: end === '' ? 'a ${ without its }' : `"\${${inner}}" is no variable; write $\${${inner}} to keep it as text` });
      return whole;
    }
    const value = Object.hasOwn(settings, name) ? settings[name] : undefined;
    if (match?.[2] !== undefined && (value === undefined || value === '')) return match[2];
    if (value !== undefined) return value;
    unfilled.push({ file, ...position(text, at), message: `the cluster's settings have no ${name}` });
    return whole;
  });
  return { text: filled, unfilled };
}

/** Throws one Failure (65) that names every place. */
export function refuseUnfilled(cluster: string, unfilled: readonly Unfilled[]): void {
  if (unfilled.length === 0) return;
  throw new Failure({
    exit: 'configuration',
    what: `${unfilled.length === 1 ? 'one value' : `${unfilled.length} values`} cannot be filled in for ${cluster}`,
    because: unfilled.map((each) => `${each.file}:${each.line}:${each.column} ${each.message}`).join('; '),
    hint: `add it to kubernetes/clusters/${cluster}/cluster-settings.yaml, or give it a default: \${NAME:=default}`,
  });
}

function position(text: string, at: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, at);
  return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') };
}
