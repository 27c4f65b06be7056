import { CORE_SCHEMA, defineScalarTag, loadAll, mergeTag, NOT_RESOLVED, YAMLException } from 'js-yaml';
import { folded } from './folded.ts';

/**
 * YAML as kustomize and Flux read it. Both use Go libraries that are neither YAML 1.1 nor 1.2: `0644` is octal in both, `yes` is
 * true only where Flux reads the text again after filling in variables.
 */

const TRUE = new Set(['true', 'True', 'TRUE']);
const FALSE = new Set(['false', 'False', 'FALSE']);
const NULL = new Set(['', '~', 'null', 'Null', 'NULL']);
const OLD_TRUE = new Set(['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON']);
const OLD_FALSE = new Set(['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF']);
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const INTEGER = /^[-+]?(?:0|[1-9][0-9]*)$/;
const BASED = /^([-+]?)0(?:[xX]([0-9a-fA-F]+)|[bB]([01]+)|[oO]?([0-7]+))$/;
const SPECIAL = /^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/;
const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt ](\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d+)?(Z|[-+]\d{2}:\d{2})?)?$/;

/** A number as Go reads one; undefined when the text is none. */
export function numberOf(text: string): number | undefined {
  const plain = text.includes('_') ? text.replaceAll('_', '') : text;
  if (INTEGER.test(plain)) return Number(plain);
  const based = BASED.exec(plain);
  if (based !== null) {
    const [, sign, hex, binary, octal] = based;
    const value = hex !== undefined ? Number.parseInt(hex, 16) : binary !== undefined ? Number.parseInt(binary, 2) : Number.parseInt(octal ?? '0', 8);
    return sign === '-' ? -value : value;
  }
  return FLOAT.test(plain) ? Number(plain) : undefined;
}

/** What a plain scalar is; the text itself when it is only text. `old`: also the words YAML 1.1 takes for true and false. */
export function plainValue(text: string, old: boolean): unknown {
  if (NULL.has(text)) return null;
  if (TRUE.has(text) || (old && OLD_TRUE.has(text))) return true;
  if (FALSE.has(text) || (old && OLD_FALSE.has(text))) return false;
  const first = text.charCodeAt(0);
  // A number begins with a digit, a sign or a point.
  if ((first < 0x30 || first > 0x39) && first !== 0x2b && first !== 0x2d && first !== 0x2e) return text;
  return (dated(text) && !old ? instant(text) : undefined) ?? (dated(text) ? text : numberOf(text)) ?? text;
}

const dated = (text: string): boolean => text.charCodeAt(4) === 0x2d && DATE.test(text);

/** A time of day as Go writes it into JSON; undefined when it is none after all. */
function instant(text: string): string | undefined {
  const [, year = '', month = '', day = '', hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = DATE.exec(text) ?? [];
  const two = (part: string): string => part.padStart(2, '0');
  const time = new Date(`${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}Z`);
  if (Number.isNaN(time.getTime()) || time.getUTCDate() !== Number(day)) return undefined;
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}${fraction.replace(/\.?0+$/, '')}${zone}`;
}

function schemaOf(old: boolean): typeof CORE_SCHEMA {
  const word = defineScalarTag<unknown>('tag:yaml.org,2002:bool', {
    implicit: true, implicitFirstChars: [...'tTfFyYnNoO'], identify: () => false,
    resolve: (source) => { const value = plainValue(source, old); return typeof value === 'boolean' ? value : NOT_RESOLVED; },
  });
  const none = defineScalarTag<unknown>('tag:yaml.org,2002:null', {
    implicit: true, implicitFirstChars: ['', '~', 'n', 'N'], identify: () => false,
    resolve: (source) => (NULL.has(source) ? null : NOT_RESOLVED),
  });
  const numeric = ['+', '-', '.', ...'0123456789'];
  const whole = defineScalarTag<unknown>('tag:yaml.org,2002:int', {
    implicit: true, implicitFirstChars: numeric, identify: () => false,
    resolve: (source) => { const value = plainValue(source, old); return typeof value === 'number' && !SPECIAL.test(source) ? value : NOT_RESOLVED; },
  });
  const broken = defineScalarTag<unknown>('tag:yaml.org,2002:float', {
    implicit: true, implicitFirstChars: numeric, identify: () => false,
    // What JSON cannot say stays as it is written.
    resolve: (source, explicit) => (SPECIAL.test(source) ? source : explicit ? numberOf(source) ?? NOT_RESOLVED : NOT_RESOLVED),
  });
  const moment = defineScalarTag<unknown>('tag:yaml.org,2002:timestamp', {
    implicit: true, implicitFirstChars: [...'0123456789'], identify: () => false,
    resolve: (source) => { const value = plainValue(source, old); return typeof value === 'string' && value !== source ? value : NOT_RESOLVED; },
  });
  const bytes = defineScalarTag<unknown>('tag:yaml.org,2002:binary', { resolve: (source) => Buffer.from(source.replaceAll(/\s/g, ''), 'base64').toString('utf8'), identify: () => false });
  return CORE_SCHEMA.withTags(word, none, whole, broken, moment, bytes, mergeTag);
}

const FILES = schemaOf(false);
const AGAIN = schemaOf(true);

/** Where reading stopped, 1-based, and why. */
export interface YamlTrouble { readonly line: number; readonly column: number; readonly message: string; readonly duplicate: boolean }
export type YamlRead = { readonly documents: readonly unknown[] } | { readonly trouble: YamlTrouble };

/** The documents of a text, empty ones as null. `again`: as Flux reads a text in which variables are filled in. */
export function readYaml(text: string, again = false): YamlRead {
  try {
    return { documents: loadAll(again ? text : folded(text), { schema: again ? AGAIN : FILES, maxTotalMergeKeys: 100_000 }) };
  } catch (error) {
    if (error instanceof YAMLException) return { trouble: { line: (error.mark?.line ?? 0) + 1, column: (error.mark?.column ?? 0) + 1, message: error.reason, duplicate: error.reason.startsWith('duplicated mapping key') } };
    if (error instanceof RangeError) return { trouble: { line: 1, column: 1, message: 'it is nested too deeply', duplicate: false } };
    throw error;
  }
}
