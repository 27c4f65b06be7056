import type { Json, Outcome } from '../engine/outcome.ts';

/** Something the lab told about itself, shown as it was told: one line per entry, nested ones indented. */
export function labAnswer(headline: string, told: Readonly<Record<string, unknown>>): Outcome {
  const result = toJson(told);
  return { exit: 'done', result, render: (style) => [`${style.green('✔')} ${headline}`, ...lines(result, 1)] };
}

function lines(value: Json, depth: number): readonly string[] {
  const indent = '  '.repeat(depth);
  if (value === null || typeof value !== 'object') return [`${indent}${String(value)}`];
  if (isList(value)) {
    return value.flatMap((item) => (isFlat(item) ? [`${indent}- ${oneLine(item)}`] : lines(item, depth + 1)));
  }
  return Object.entries(value).flatMap(([key, item]) => {
    if (item === null || typeof item !== 'object') return [`${indent}${key}: ${String(item)}`];
    const empty = isList(item) ? item.length === 0 : Object.keys(item).length === 0;
    return empty ? [`${indent}${key}: none`] : [`${indent}${key}:`, ...lines(item, depth + 1)];
  });
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** Whether every part of it fits on one line: no list or record inside. */
function isFlat(value: Json): boolean {
  if (value === null || typeof value !== 'object') return true;
  return (isList(value) ? value : Object.values(value)).every((item) => item === null || typeof item !== 'object');
}

function oneLine(value: Json): string {
  if (value === null || typeof value !== 'object') return String(value);
  if (isList(value)) return value.map(String).join(', ');
  return Object.entries(value).map(([key, item]) => `${key} ${String(item)}`).join('  ');
}

function toJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value ?? null));
}
