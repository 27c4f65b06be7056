import type { Taskfile } from '../phases/task.ts';
import { EVERYWHERE, findTask, taskNames } from './resolve.ts';

const FLAGS = ['--list', '--summary', '--dry-run', '--json', '--output=auto', '--output=live', '--output=plain', '--output=json', '--watch', '--yes', '--confirm=', '--verbose', '--help', '--version'] as const;

/** What the scripts ask back with; no name of a task begins so. */
const ASK = '__complete';
const SHELLS = ['bash', 'zsh', 'fish'];

/** Whether a command line is about shell completion: `completion SHELL`, or the script asking back (`__complete ...`). */
export function isCompletion(argv: readonly string[]): boolean {
  return argv[0] === ASK || (argv[0] === 'completion' && argv.length <= 2);
}

/** The script of a shell (`completion bash|zsh|fish`), or the candidates for the last of the words so far (`__complete ...`). */
export function completionScript(argv: readonly string[], taskfile: Taskfile, clusters: readonly string[]): string[] {
  if (argv[0] === ASK) return completions(argv.slice(1), taskfile, clusters);
  switch (argv[1]) {
    case 'zsh':
      return ZSH;
    case 'fish':
      return FISH;
    default:
      return BASH;
  }
}

/**
 * What may stand in place of the last of `words`: task names and flags; after a task also its variables with `=`, and
 * the values of a variable once its `=` is typed.
 * @param clusters names for CLUSTER, where they are known
 */
export function completions(words: readonly string[], taskfile: Taskfile, clusters: readonly string[] = []): string[] {
  const current = words.at(-1) ?? '';
  if (words.length === 2 && words[0] === 'completion') return SHELLS.filter((shell) => shell.startsWith(current) && shell !== current);
  const found = words.slice(0, -1).flatMap((word) => findTask(taskfile, word)?.task ?? []);
  const variables = { ...Object.assign({}, ...found.map((task) => task.variables)) as (typeof found)[number]['variables'], ...EVERYWHERE };
  const candidates: string[] = [];
  if (current.startsWith('-')) candidates.push(...FLAGS);
  else {
    const given = new Set(words.slice(0, -1).filter((word) => word.includes('=')).map((word) => word.slice(0, word.indexOf('='))));
    if (found.length > 0) {
      for (const [name, variable] of Object.entries(variables)) {
        if (given.has(name)) continue;
        const values = variable.values === 'clusters' ? clusters : variable.values === 'clusters|all' ? [...clusters, 'all'] : (variable.values ?? []);
        candidates.push(...(current.startsWith(`${name}=`) ? values.map((value) => `${name}=${value}`) : [`${name}=`]));
      }
    }
    candidates.push(...taskNames(taskfile));
  }
  return candidates.filter((candidate) => candidate.startsWith(current) && candidate !== current);
}

// Bash splits the words at ":" and "=" (COMP_WORDBREAKS), while tasks and variables hold both. So the line is split at
// blanks here, and what bash believes to be typed already (up to its last break) is cut from every candidate. Some people
// take one of the two out of COMP_WORDBREAKS: then bash does not break there, and nothing may be cut there.
const BASH = [
  '# bash completion for task: source <(task completion bash)',
  '_task_complete() {',
  '  local line=${COMP_LINE:0:COMP_POINT} words current candidate cut="" breaks=""',
  '  read -r -a words <<< "$line"',
  '  [[ $line == *[[:blank:]] ]] && words+=("")',
  '  current=${words[${#words[@]}-1]}',
  '  COMPREPLY=()',
  '  while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)',
  '  [[ $COMP_WORDBREAKS == *:* ]] && breaks+=":"',
  '  [[ $COMP_WORDBREAKS == *=* ]] && breaks+="="',
  '  [[ -n $breaks ]] && cut=${current%"${current##*[$breaks]}"}',
  '  [[ -n $cut ]] && COMPREPLY=("${COMPREPLY[@]#"$cut"}")',
  '  if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null; fi',
  '  return 0',
  '}',
  'complete -F _task_complete task ./task',
];
const ZSH = [
  '#compdef task',
  '# zsh completion for task: source <(task completion zsh)',
  '_task_complete() {',
  '  local -a candidates',
  '  candidates=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")',
  '  compadd -S "" -- ${(M)candidates:#*=}',
  '  compadd -- ${candidates:#*=}',
  '}',
  'compdef _task_complete task',
];
const FISH = [
  '# fish completion for task: task completion fish | source',
  'complete -c task -f -a \'(set -l words (commandline -opc) (commandline -ct); $words[1] __complete $words[2..] 2>/dev/null)\'',
];
