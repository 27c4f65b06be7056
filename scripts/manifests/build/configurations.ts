import { isPlain, list, plain, text } from './data.ts';
import { unreadable } from './objects.ts';
import { fail, nearPath, within, type Instructions, type Work } from './work.ts';

/**
 * `configurations`: files that tell kustomize of fields it does not know. References to names (a HelmRelease's valuesFrom, mostly) are followed
 * here; anything else in them is left to kustomize itself.
 */
export function readConfigurations(work: Work, instructions: Instructions): void {
  list(instructions.data['configurations']).forEach((entry, index) => {
    const source = instructions.source(['configurations', index]);
    const file = typeof entry === 'string' ? within(instructions.folder, entry) : undefined;
    if (file === undefined) {
      fail(work, { rule: 'resource-outside', source, message: `${String(entry)} leads out of the repository`, hint: 'Flux has nothing but the files of the repository: move it there' });
      return;
    }
    work.files.add(file);
    if (work.texts.kind(file) !== 'file') {
      fail(work, { rule: 'resource-missing', source, message: `${String(entry)} is named here, but there is no file ${file}`, hint: nearPath(work, instructions.folder, String(entry), 'add it, or take it off the list') });
      return;
    }
    const documents = work.texts.instructions(file);
    if (documents === undefined) { unreadable(work, file, source); return; }
    const data = plain(documents[0]?.data);
    for (const field of Object.keys(data)) if (field !== 'nameReference') work.beyond.push({ what: `configurations of ${field}`, source });
    for (const each of list(data['nameReference']).filter(isPlain)) {
      const kind = text(each['kind']);
      const [group, version] = [text(each['group']), text(each['version'])];
      for (const spec of list(each['fieldSpecs']).filter(isPlain)) {
        const path = text(spec['path']);
        if (kind === undefined || path === undefined) continue;
        const [ofGroup, ofVersion, ofKind] = [text(spec['group']), text(spec['version']), text(spec['kind'])];
        work.references.push({
          to: { kind, ...(group === undefined ? {} : { group }), ...(version === undefined ? {} : { version }) },
          spec: { path, ...(ofKind === undefined ? {} : { kind: ofKind }), ...(ofGroup === undefined ? {} : { group: ofGroup }), ...(ofVersion === undefined ? {} : { version: ofVersion }) },
        });
      }
    }
  });
}
