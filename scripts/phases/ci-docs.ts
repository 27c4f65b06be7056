import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { untrueCommands } from './ci/documents.ts';
import type { Action } from './task.ts';

/** Whether every task that the documents and the workflows tell to type exists, with the variables they give it. */
const ciDocs: Action = async (cx) => {
  const files = ['README.md', 'CHANGELOG.md', ...below(cx.root, 'docs', '.md'), ...below(cx.root, '.github', '.yaml')].filter((file) => existsSync(join(cx.root, file)));
  const found = files.flatMap((file) => untrueCommands(file, readFileSync(join(cx.root, file), 'utf8'), cx.tasks));
  return {
    exit: found.length === 0 ? 'done' : 'no',
    result: found.map((each) => ({ ...each })),
    render: (style) => [
      ...found.flatMap(({ file, line, message, hint }) => [`${style.red('✖')} ${file}:${line}  ${message}`, `  ${style.dim('try')}  ${hint}`]),
      ...(found.length === 0 ? [`${style.green('✔')} every task that ${files.length} documents tell to type exists`] : []),
    ],
  };
};
export default ciDocs;

function below(root: string, folder: string, ending: string): string[] {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith(ending)).toSorted().map((file) => `${folder}/${file}`);
}
