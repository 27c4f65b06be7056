import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completions, completionScript, isCompletion } from '../../scripts/cli/completion.ts';
import taskfile from '../../Taskfile.ts';
import { PROGRAM } from '../tasks/rig.ts';
import { toy } from './toy.ts';

const has = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;
const script = (shell: string): string => completionScript(['completion', shell], toy, []).join('\n');

describe('in a real bash', () => {
  let dir = '';
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'completion-'));
    // Stands for the program: says what it was asked, and gives what a list beside it holds.
    writeFileSync(join(dir, 'task'), '#!/bin/sh\necho "$*" > "$(dirname "$0")/asked"\nfor last; do :; done\ngrep "^$last" "$(dirname "$0")/candidates"\n');
    chmodSync(join(dir, 'task'), 0o755);
    writeFileSync(join(dir, 'candidates'), 'cluster:create\ncluster:create-infra\ncluster:health\nCLUSTER=\nCLUSTER=infra\nCLUSTER=apps\nCLUSTER=all\n--dry-run\n');
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** What bash's own machinery has when somebody presses Tab at the end of `line`: the words as it splits them, the function `complete` names. */
  function tab(line: string, breaks = ` \t\n"'><=;|&(:`): { readonly replies: readonly string[]; readonly error: string } {
    const program = [
      script('bash').replaceAll('compopt -o nospace', 'echo NOSPACE >&3'),
      'function_of() { complete -p task | sed "s/.*-F \\([^ ]*\\).*/\\1/"; }',
      'COMP_WORDBREAKS=$2; COMP_LINE=$1; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9; COMP_KEY=9',
      'read -r -a COMP_WORDS <<< "$COMP_LINE"; COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))',
      'set -u; "$(function_of)" task "${COMP_WORDS[COMP_CWORD]}" ""; printf "%s\\n" ${COMPREPLY[@]+"${COMPREPLY[@]}"}',
    ].join('\n');
    const ran = spawnSync('bash', ['--norc', '--noprofile', '-c', `exec 3>&1\n${program}`, 'bash', line, breaks], { encoding: 'utf8', env: { PATH: `${dir}:${process.env['PATH'] ?? ''}` } });
    return { replies: ran.stdout.split('\n').filter((each) => each !== ''), error: ran.stderr };
  }

  const WITHOUT_COLON = ` \t\n"'><=;|&(`;
  const WITHOUT_BOTH = ` \t\n"'><;|&(`;
  test.skipIf(!has('bash')).each<[line: string, replies: readonly string[], breaks?: string]>([
    ['task cluster:cr', ['create', 'create-infra']],
    ['task cluster:', ['create', 'create-infra', 'health']],
    ['task clu', ['cluster:create', 'cluster:create-infra', 'cluster:health']],
    ['task cluster:health CLUSTER=', ['infra', 'apps', 'all']],
    ['task cluster:health CLUSTER=in', ['infra']],
    ['task cluster:health CLUSTER=a', ['apps', 'all']],
    ['task cluster:health CLUS', ['CLUSTER=', 'CLUSTER=infra', 'CLUSTER=apps', 'CLUSTER=all']],
    ['task cluster:health --d', ['--dry-run']],
    ['task cluster:cr', ['cluster:create', 'cluster:create-infra'], WITHOUT_COLON],
    ['task cluster:health CLUSTER=in', ['infra'], WITHOUT_COLON],
    ['task cluster:health CLUSTER=in', ['CLUSTER=infra'], WITHOUT_BOTH],
    ['task nothing-like-it', []],
  ])('%s', (line, replies, breaks) => expect(tab(line, breaks)).toEqual({ replies, error: '' }));

  test.skipIf(!has('bash'))('the program itself answers: names with colons, values after =', () => {
    const real = spawnSync('bash', ['--norc', '--noprofile', '-c', `${script('bash')}\ncd "$1"; for line in "./task flux:re" "./task cluster:health CLUSTER=in"; do COMP_LINE=$line; COMP_POINT=\${#line}; _task_complete; echo "\${COMPREPLY[*]}"; done`, 'bash', PROGRAM], { encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '' } });
    expect([real.stdout, real.stderr]).toEqual(['resume reconcile\ninfra\n', '']);
  });

  test.skipIf(!has('bash'))('nothing typed is run: it is handed on as words', () => {
    expect(tab('task $(touch${IFS}pwned);clu')).toEqual({ replies: [], error: '' });
  });
});

describe.each([['zsh', '-n'], ['fish', '--no-execute']])('%s', (shell, check) => {
  // Where the shell is not installed its script can only be looked at.
  test.skipIf(!has(shell))(`the script is one ${shell} can read (skipped: ${shell} is not installed)`, () => {
    expect(spawnSync(shell, [check], { input: script(shell), encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
  });
  test('asks the program that is being completed', () => expect(script(shell)).toMatch(/words\[1\]\}?"? __complete /));
});

test('every task and variable of the table of contents can be reached by completion', () => {
  for (const [name, task] of Object.entries(taskfile)) {
    expect(completions([name.slice(0, -1)], taskfile, ['infra'])).toContain(name);
    for (const variable of Object.keys(task.variables)) expect(completions([name, variable.slice(0, 2)], taskfile, ['infra'])).toContain(`${variable}=`);
  }
  expect(completions(['completion', ''], taskfile)).toEqual(['bash', 'zsh', 'fish']);
  expect([isCompletion(['__complete', 'x']), isCompletion(['completion', 'bash']), isCompletion(['cluster:health'])]).toEqual([true, true, false]);
});
