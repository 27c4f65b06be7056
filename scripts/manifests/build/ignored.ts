import { posix } from 'node:path';
import type { Texts } from '../model.types.ts';

/** What Flux leaves out of a source before anybody sees it: its own list, and what .sourceignore says. */
export interface Ignored {
  /** Why a file is not in the source; undefined when it is. */
  why(file: string): string | undefined;
}

interface Pattern { readonly matches: { test(file: string): boolean }; readonly keeps: boolean; readonly from: string }

/** Names of files and folders Flux leaves out wherever they are, and endings of files that are no manifests. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  '.gitignore', '.gitmodules', '.gitattributes', '.travis.yml', '.gitlab-ci.yml', 'appveyor.yml', '.drone.yml', 'cloudbuild.yaml', 'codeship-services.yml', 'codeship-steps.yml', '.goreleaser.yml', '.sops.yaml', '.flux.yaml',
]);
const OWN_FOLDERS: ReadonlySet<string> = new Set(['.git', '.github', '.circleci']);
const OWN_ENDINGS = /\.(?:jpg|jpeg|gif|png|wmv|flv|tar\.gz|zip)$/;
function leftOut(file: string): boolean {
  const parts = file.split('/');
  return OWN_ENDINGS.test(file) || parts.some((part, index) => OWN_NAMES.has(part) || (index < parts.length - 1 && OWN_FOLDERS.has(part)));
}
const FILE = '.sourceignore';
const made = new WeakMap<Texts, Ignored>();

/** What is left out of a repository; the .sourceignore of a folder is read when a file below it is asked about. */
export function ignoredIn(texts: Texts): Ignored {
  const known = made.get(texts);
  if (known !== undefined) return known;
  const own: readonly Pattern[] = [{ matches: { test: leftOut }, keeps: false, from: 'Flux leaves it out of every source' }];
  const byFolder = new Map<string, readonly Pattern[]>();
  const patternsOf = (folder: string): readonly Pattern[] => {
    const there = byFolder.get(folder);
    if (there !== undefined) return there;
    const above = folder === '' ? own : patternsOf(posix.dirname(folder) === '.' ? '' : posix.dirname(folder));
    const file = posix.join(folder, FILE);
    const text = texts.kind(file) === 'file' ? texts.text(file) ?? '' : '';
    const lines = text.split('\n').flatMap((line, index) => (line.trim() === '' || line.startsWith('#') ? [] : [patternOf(line.trimEnd(), folder, `${file}:${index + 1} leaves it out of the source`)]));
    const all = lines.length === 0 ? above : [...above, ...lines];
    byFolder.set(folder, all);
    return all;
  };
  const ignored: Ignored = {
    why(file) {
      const folder = posix.dirname(file) === '.' ? '' : posix.dirname(file);
      const last = patternsOf(folder).findLast(({ matches }) => matches.test(file));
      return last === undefined || last.keeps ? undefined : last.from;
    },
  };
  made.set(texts, ignored);
  return ignored;
}

/** A line as Git reads one: relative to its folder when there is a slash in it, else at any depth. */
function patternOf(line: string, folder: string, from: string): Pattern {
  const keeps = line.startsWith('!');
  const written = keeps ? line.slice(1) : line;
  const folderOnly = written.endsWith('/');
  const body = written.replace(/\/$/, '');
  const anchored = body.includes('/');
  const glob = body.replace(/^\//, '').split(/(\*\*\/|\/\*\*|\*\*|\*|\?|\[[^\]]*\])/).map((part) => {
    switch (part) {
      case '**/': return '(?:.*/)?';
      case '/**': return '/.*';
      case '**': return '.*';
      case '*': return '[^/]*';
      case '?': return '[^/]';
      default: return part.startsWith('[') && part.endsWith(']') ? part.replace(/^\[!/, '[^') : part.replaceAll(/[\\^$.|+(){}]/g, String.raw`\$&`);
    }
  }).join('');
  const start = folder === '' ? '' : `${folder.replaceAll(/[\\^$.|+(){}[\]*?]/g, String.raw`\$&`)}/`;
  return { matches: new RegExp(`^${start}${anchored ? '' : '(?:.*/)?'}${glob}${folderOnly ? '/.*' : '(?:/.*)?'}$`), keeps, from };
}
