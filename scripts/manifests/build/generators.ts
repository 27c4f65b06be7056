import { list, plain, strings, text } from './data.ts';
import { addAll } from './objects.ts';
import { posix } from 'node:path';
import { within, fail, nearPath, type Instructions, type Res, type Work } from './work.ts';

export function generate(work: Work, instructions: Instructions, before: Res[]): Res[] {
  const objects = [...before];
  for (const [field, kind] of [['configMapGenerator', 'ConfigMap'], ['secretGenerator', 'Secret']] as const) {
    list(instructions.data[field]).forEach((each, index) => {
      const entry = plain(each);
      const data: Record<string, string> = {};
      list(entry['files']).forEach((file, at) => {
        const equals = String(file).indexOf('=');
        const path = within(instructions.folder, String(file).slice(equals + 1)) ?? '';
        work.files.add(path);
        const content = work.texts.text(path);
        if (content === undefined) { fail(work, { rule: 'resource-missing', source: instructions.source([field, index, 'files', at]), message: `${path} does not exist`, hint: nearPath(work, instructions.folder, path, 'add it') }); return; }
        data[equals < 0 ? posix.basename(String(file)) : String(file).slice(0, equals)] = content;
      });
      for (const literal of list(entry['literals']).map(String)) data[literal.slice(0, literal.indexOf('='))] = literal.slice(literal.indexOf('=') + 1);
      const namespace = text(entry['namespace']);
      addAll(work, objects, [{
        object: { apiVersion: 'v1', kind, metadata: { name: text(entry['name']) ?? '', ...(namespace === undefined ? {} : { namespace }) }, data: kind === 'Secret' ? Object.fromEntries(Object.entries(strings(data)).map(([key, value]) => [key, Buffer.from(value).toString('base64')])) : data, ...(kind === 'Secret' ? { type: text(entry['type']) ?? 'Opaque' } : {}) },
        source: instructions.source([field, index]), edits: [], was: [],
      }]);
    });
  }
  return objects;
}
