/**
 * Flux's post-build substitution: envsubst over the YAML text of each object. Only the forms the project uses are
 * known (`${A}`, `${A:=b}`, `${A:-b}`, `${A=b}`, `${A-b}`, `$${A}`); any other shell form is refused rather than
 * guessed. Strict since Flux 2.9: a variable without value and default fails the build.
 */
import { CORE_SCHEMA, dump, load } from 'js-yaml';
import type { KubeObject } from '../world/types.ts';
import { isObject } from '../catalog/install.ts';

export class SubstitutionError extends Error {}

const NAME = /^[_a-zA-Z][_a-zA-Z0-9]*/;
const VALID = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
export const SUBSTITUTE = 'kustomize.toolkit.fluxcd.io/substitute';

/** Replaces variables in a text. Throws SubstitutionError for a missing variable (strict) or an unknown form. */
export function substituteText(text: string, variables: Readonly<Record<string, string>>, options: { readonly strict: boolean } = { strict: true }): string {
  let out = '';
  let i = 0;
  while (i < text.length) {
    if (text.startsWith('$${', i)) { out += '${'; i += 3; continue; }
    if (!text.startsWith('${', i)) { out += text[i]; i++; continue; }
    const [value, end] = expression(text, i, variables, options.strict);
    out += value;
    i = end;
  }
  return out;
}

function expression(text: string, start: number, variables: Readonly<Record<string, string>>, strict: boolean): readonly [string, number] {
  const name = NAME.exec(text.slice(start + 2))?.[0];
  const shown = JSON.stringify(text.slice(start, start + 40).split('\n')[0]);
  if (name === undefined) throw new SubstitutionError(`envsubst error: unable to parse variable name at ${shown}`);
  let i = start + 2 + name.length;
  const known = Object.hasOwn(variables, name) ? variables[name] : undefined;
  if (text[i] === '}') {
    if (known === undefined && strict) throw new SubstitutionError(`envsubst error: variable not set (strict mode): ${JSON.stringify(name)}`);
    return [known ?? '', i + 1];
  }
  const operator = /^(:=|:-|=|-)/.exec(text.slice(i))?.[0];
  if (operator === undefined) throw new SubstitutionError(`envsubst error: ${shown} is a form the lab does not know (only \${NAME}, \${NAME:=default} and \${NAME:-default})`);
  i += operator.length;
  let fallback = '';
  for (;;) {
    if (i >= text.length) throw new SubstitutionError(`envsubst error: missing closing brace at ${shown}`);
    if (text[i] === '}') break;
    if (text.startsWith('${', i)) {
      const [value, end] = expression(text, i, variables, strict);
      fallback += value;
      i = end;
      continue;
    }
    fallback += text[i];
    i++;
  }
  // As in the library Flux uses, an empty value counts as unset for every default form.
  return [known !== undefined && known !== '' ? known : fallback, i + 1];
}

/** Is substitution switched off for this object by label or annotation? */
export function substitutionDisabled(object: KubeObject): boolean {
  return object.metadata.labels?.[SUBSTITUTE] === 'disabled' || object.metadata.annotations?.[SUBSTITUTE] === 'disabled';
}

/**
 * Substitutes in one object by way of its YAML text, so that `"${REPLICAS}"` becomes a number as it does in Flux.
 * Line breaks in values are dropped, as Flux does.
 */
export function substituteObject(object: KubeObject, variables: Readonly<Record<string, string>>, options: { readonly strict: boolean } = { strict: true }): KubeObject {
  if (substitutionDisabled(object)) return object;
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    if (!VALID.test(name)) throw new SubstitutionError(`'${name}' var name is invalid, must match '^[_[:alpha:]][_[:alpha:][:digit:]]*$'`);
    flat[name] = value.replaceAll('\n', '');
  }
  const yaml = dump(object, { lineWidth: -1, noRefs: true });
  if (!yaml.includes('${')) return object;
  const done = substituteText(yaml, flat, options);
  let parsed: unknown;
  try { parsed = load(done, { schema: CORE_SCHEMA }); }
  catch (error) { throw new SubstitutionError(`envsubst error: YAMLToJSON: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`); }
  if (!isObject(parsed)) throw new SubstitutionError(`envsubst error: ${object.kind}/${object.metadata.name} is no object after substitution`);
  return parsed;
}
