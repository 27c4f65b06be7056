import type { Path, Spot } from '../../config/source.ts';
import { isFields } from '../../health/objects.ts';
import { get } from '../build/data.ts';
import { placeOf, readable } from '../build/index.ts';
import type { Built, Texts } from '../model.types.ts';
import { isSecret, MASKED, secretVariables, withoutSecrets } from '../stable/mask.ts';
import { isOfComponent } from './chain.ts';
import { spoken } from './field.ts';

/** A variable in a field, and where its value is from. */
export interface VariableOrigin { readonly name: string; /** null: only the cluster knows it. */ readonly value: string | null; /** Where it is used. */ readonly used: Spot; /** Where its value is written; null for its default, or what is there before Flux. */ readonly from: Spot | null; readonly how: 'value' | 'default' | 'given' | 'unknown' }

/** Who made one field what it is. */
export interface FieldOrigin {
  readonly field: string;
  /** Short, and no value of a Secret. */
  readonly value: string;
  readonly at: Spot;
  /** `patch`, `namespace`, ...; '' when it stands as it is in the object's own file. */
  readonly by: string;
  readonly component: boolean;
  readonly variables: readonly VariableOrigin[];
  /** Nobody had a hand in it but who wrote the object. */
  readonly own: boolean;
}

/** Every field at or below a path, in the order of the object. */
export function fieldOrigins(texts: Texts, built: Built, below: Path = []): readonly FieldOrigin[] {
  return leaves(get(built.object, ...below), below).map((path) => fieldOrigin(texts, built, path));
}

function fieldOrigin(texts: Texts, built: Built, path: Path): FieldOrigin {
  const place = placeOf(texts, built, path);
  const variables = variablesIn(texts, built, path, place.source);
  const component = isOfComponent(texts, place.source.file);
  const by = place.by === 'file' || place.by === 'variable' ? '' : place.by;
  return {
    field: spoken(path, built.object), value: shown(texts, built, path), at: place.spot, by, component: component && by !== '', variables,
    own: by === '' && variables.length === 0 && place.source.file === built.origin.source.file,
  };
}

function variablesIn(texts: Texts, built: Built, path: Path, source: Parameters<Texts['spotIn']>[0]): readonly VariableOrigin[] {
  const seen = new Set<string>();
  return built.unit.uses.flatMap((use): readonly VariableOrigin[] => {
    if (use.built !== built || use.path.length !== path.length || !path.every((part, index) => String(use.path[index]) === String(part)) || seen.has(use.text)) return [];
    seen.add(use.text);
    const variable = built.unit.variables.get(use.name);
    const used = texts.spotIn(source, use.text);
    if (variable === undefined || (variable.value === '' && use.fallback !== undefined)) return [{ name: use.name, value: use.fallback ?? null, used, from: null, how: use.fallback === undefined ? 'unknown' : 'default' }];
    const from = variable.from === 'given' ? null : texts.spot(variable.from);
    const hidden = secretVariables(built.unit, texts).has(use.name) && variable.value !== undefined;
    return [{ name: use.name, value: hidden ? MASKED : variable.value ?? null, used, from, how: variable.value === undefined ? 'unknown' : from === null ? 'given' : 'value' }];
  });
}

/** Paths of everything that is no map or list, empty ones included. */
function leaves(value: unknown, path: Path): readonly Path[] {
  if (Array.isArray(value) && value.length > 0) return value.flatMap((each: unknown, index) => leaves(each, [...path, index]));
  if (isFields(value) && Object.keys(value).length > 0) return Object.entries(value).flatMap(([key, each]) => leaves(each, [...path, key]));
  return [path];
}

const LONGEST = 100;

function shown(texts: Texts, built: Built, path: Path): string {
  if (isSecret(built.object) && (path[0] === 'data' || path[0] === 'stringData')) return MASKED;
  const value = get(withoutSecrets(built, texts), ...path);
  const text = readable(typeof value === 'string' ? value : JSON.stringify(value) ?? '');
  const lines = text.trimEnd().split('\n');
  if (lines.length > 1) return `${lines.length} lines`;
  return text.length <= LONGEST ? text.trimEnd() : `${text.slice(0, LONGEST - 1)}…`;
}
