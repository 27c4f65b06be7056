import { CORE_SCHEMA, loadAll } from 'js-yaml';
import { parseAllDocuments } from 'yaml';
import { strings } from '../../build/data.ts';
import { isUnknown } from '../../build/unknown.ts';
import type { Found, Rule } from '../../model.types.ts';
import { oncePer } from '../../once.ts';
import { judgedAlone } from '../../view.ts';
import { readJson, type JsonTrouble } from './json.ts';
import { isDashboardMap } from './dashboards.ts';
import { pieceAt } from './place.ts';

type Say = Omit<Found, 'rule'>;

/** Marks of a text that something fills in before it is what its name says. */
const TEMPLATE = /\{\{|<%|%\{|\$\{|\$\(|<<|^\s*#\s*jinja/m;

const troubleOf = oncePer<JsonTrouble | undefined>();

export const dataParses: Rule = {
  id: 'data-parses', severity: 'error',
  summary: 'Keys of ConfigMaps and Secrets that are named as YAML or JSON hold just that',
  why: 'Whoever mounts it reads it at its start and ends, or Helm takes no values from it: the pods of the next rollout do not come up.',
  *check(view) {
    for (const built of judgedAlone(view)) {
      const { object } = built;
      if ((object.kind !== 'ConfigMap' && object.kind !== 'Secret') || object.apiVersion !== 'v1' || built.release !== undefined) continue;
      for (const field of object.kind === 'Secret' ? ['stringData'] : ['data']) {
        for (const [key, value] of Object.entries(strings(object[field]))) {
          const language = /\.(ya?ml|json)$/i.exec(key)?.[1]?.toLowerCase();
          if (language === undefined || value.trim() === '' || isUnknown(value) || value.startsWith('ENC[')) continue;
          if (language === 'json' && isDashboardMap(built)) continue;
          const trouble = troubleOf(object, `${field}/${key}`, () => (language === 'json' ? jsonTroubleIn(value) : yamlTrouble(value)));
          if (trouble === undefined || TEMPLATE.test(value)) continue;
          const needle = object.kind === 'Secret' ? undefined : pieceAt(value, trouble.at, undefined);
          const say: Say = { built, path: [field, key], message: `${key} is no ${language === 'json' ? 'JSON' : 'YAML'}: ${trouble.message}`, hint: 'mend it, or give the key another ending' };
          yield needle === undefined ? say : { ...say, needle };
        }
      }
    }
  },
};

function jsonTroubleIn(text: string): JsonTrouble | undefined {
  const read = readJson(text, { lenient: true });
  return 'trouble' in read ? read.trouble : undefined;
}

function yamlTrouble(text: string): JsonTrouble | undefined {
  try {
    loadAll(text, { schema: CORE_SCHEMA });
    return undefined;
  } catch {
    // It also refuses tags that only the reader of the file knows; this one tells places, and does not.
    const errors = parseAllDocuments(text, { prettyErrors: false, logLevel: 'silent' });
    const first = 'empty' in errors ? undefined : errors.flatMap((document) => document.errors)[0];
    if (first === undefined) return undefined;
    // What never ends is noticed at the end of the text; its last line is what people look at.
    const last = text.trimEnd().lastIndexOf('\n') + 1;
    const from = first.pos[0] >= text.trimEnd().length ? last + (/^\s*/.exec(text.slice(last))?.[0].length ?? 0) : first.pos[0];
    if (first.code === 'DUPLICATE_KEY') return { message: `the key ${/^["']?([\w./-]+)/.exec(text.slice(first.pos[0]))?.[1] ?? ''} is there twice in one map`, at: first.pos[0] };
    return { message: `${first.message.charAt(0).toLowerCase()}${first.message.slice(1).split('\n')[0] ?? ''}`, at: from };
  }
}
