import { dump } from 'js-yaml';

/** YAML as Go's encoder writes it: four blanks, `- ` followed by the entry itself. Key order is kept. */
export function goYaml(value: unknown): string { return block(value, 0); }

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function block(value: unknown, indent: number): string {
  const pad = ' '.repeat(indent);
  if (Array.isArray(value)) {
    return value.map((entry: unknown) => {
      if ((isMap(entry) && Object.keys(entry).length > 0) || (Array.isArray(entry) && entry.length > 0)) return `${pad}- ${block(entry, indent + 2).slice(indent + 2)}`;
      return `${pad}- ${scalar(entry, indent + 2)}\n`;
    }).join('');
  }
  if (!isMap(value)) return `${scalar(value, indent)}\n`;
  return Object.entries(value).filter(([, entry]) => entry !== undefined).map(([key, entry]) => {
    const name = plain(key);
    if (isMap(entry) && Object.keys(entry).length > 0) return `${pad}${name}:\n${block(entry, indent + 4)}`;
    if (Array.isArray(entry) && entry.length > 0) return `${pad}${name}:\n${block(entry, indent + 4)}`;
    return `${pad}${name}: ${scalar(entry, indent + 4)}\n`;
  }).join('');
}

const plain = (text: string): string => (/^[A-Za-z_][\w./-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text) ? text : JSON.stringify(text));

function scalar(value: unknown, indent: number): string {
  if (Array.isArray(value)) return '[]';
  if (isMap(value)) return '{}';
  if (value === null || value === undefined) return 'null';
  if (typeof value !== 'string') return String(value);
  if (value === '') return '""';
  if (value.includes('\n') && !/[^\S\n]\n|[^\t\n\x20-\uffff]/.test(value) && !/^\s/.test(value)) {
    const chomp = value.endsWith('\n\n') ? '+' : value.endsWith('\n') ? '' : '-';
    return `|${chomp}\n${value.replace(/\n$/, '').split('\n').map((line) => (line === '' ? '' : ' '.repeat(indent) + line)).join('\n')}`;
  }
  if (value.includes('\n')) return JSON.stringify(value);
  if (/^(yes|no|on|off|y|n)$/i.test(value)) return JSON.stringify(value);
  const text = dump(value, { lineWidth: -1 }).trimEnd();
  // Go quotes with double quotes where it must quote at all.
  return text.startsWith("'") ? JSON.stringify(value) : text;
}
