import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../engine/failure.ts';
import { dig, mapIn } from './data.ts';
import { SITE, type TargetFile } from './target.ts';

const FIELDS: Readonly<Record<keyof TargetFile, (value: unknown) => boolean>> = {
  format: (value) => value === 1,
  id: (value) => typeof value === 'string' && /^[a-z0-9][a-z0-9-]{0,62}$/i.test(value),
  kind: (value) => value === 'lab',
  label: isText,
  engine: (value) => value === 'embedded' || value === 'real',
  speed: (value) => typeof value === 'number' && Number.isFinite(value) && value > 0,
  simulated: (value) => Array.isArray(value) && value.every(isText),
  path: (value) => value === null || isText(value),
  env: (value) => isMapOf(value, isText),
  machines: (value) => isMapOf(value, isAddress),
  names: (value) => value === undefined || isMapOf(value, (each) => Array.isArray(each) && each.every(isText)),
  apis: (value) => isMapOf(value, (each) => isAddress(dig(each, ['address'])) && isText(dig(each, ['serverName']))),
  downloads: (value) => isMapOf(value, (each) => isText(dig(each, ['file'])) && /^[0-9a-f]{64}$/.test(String(dig(each, ['sha256'])))),
  git: (value) => value === null || isText(value),
  policy: (value) => value === null || isText(value),
  recovery: (value) => value === undefined || isText(value),
};

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** A lab answers on this machine only: nothing simulated is ever dialled elsewhere. */
function isAddress(value: unknown): boolean {
  return typeof value === 'string' && /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|localhost):\d{1,5}$/.test(value);
}

function isMapOf(value: unknown, inner: (value: unknown) => boolean): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(inner);
}

/**
 * Where a run's commands go. The site is the identity and reads nothing; for the lab <taskDir>/lab/target.json is read
 * and every field of it is checked. Throws a Failure: 75 when the lab is not up, 65 when the file is not what it should be.
 */
export function loadTarget(taskDir: string, kind: TargetFile['kind']): TargetFile {
  if (kind === 'site') return SITE;
  const file = join(taskDir, 'lab', 'target.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Failure({ exit: 'rerun', what: 'the lab is not up', because: `${file} cannot be read`, hint: 'task lab:up', cause });
  }
  return parseTarget(text, file);
}

/** The same from text, as `lab up --json` prints it; `where` names it in errors (65). */
export function parseTarget(text: string, where: string): TargetFile {
  const bad = (because: string, cause?: unknown): Failure => new Failure({
    exit: 'configuration', what: `${where} does not describe a lab`, because, hint: 'task lab:down, then task lab:up, writes it anew', cause,
  });
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw bad('it is not JSON', cause);
  }
  const wrong = Object.entries(FIELDS).filter(([name, fits]) => !fits(dig(data, [name]))).map(([name]) => name);
  const unknown = Object.keys(mapIn(data)).filter((name) => !Object.hasOwn(FIELDS, name));
  if (wrong.length > 0) throw bad(`missing or wrong: ${wrong.join(', ')}`);
  if (unknown.length > 0) throw bad(`unknown: ${unknown.join(', ')}`);
  return data as TargetFile;
}
