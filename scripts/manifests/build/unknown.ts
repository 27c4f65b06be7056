/**
 * A value that only the cluster knows (a variable out of an encrypted Secret, or of one that something else makes) stands in an
 * object as this mark, with the variable's name between two characters no manifest holds. Rules do not judge such values.
 */
const OPEN = '\uE0F0';
const CLOSE = '\uE0F1';

/** The mark without a name. */
export const UNKNOWN = `${OPEN}${CLOSE}`;

/** The mark of one variable. */
export function unknownOf(variable: string): string {
  return `${OPEN}${variable}${CLOSE}`;
}

/** Whether a text has such a mark in it, or a list or map does anywhere. */
export function isUnknown(value: unknown): boolean {
  if (typeof value === 'string') return value.includes(OPEN);
  if (typeof value !== 'object' || value === null) return false;
  for (const [key, each] of Object.entries(value)) if (key.includes(OPEN) || isUnknown(each)) return true;
  return false;
}

/** The same text for people: `${NAME}` where a mark stands. */
export function readable(text: string): string {
  return text.replaceAll(/\uE0F0([^\uE0F1]*)\uE0F1/g, (_, name: string) => (name === '' ? '(unknown)' : `\${${name}}`));
}
