import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import taskfile from '../Taskfile.ts';
import { untrueCommands } from '../scripts/phases/ci/documents.ts';
import type { Taskfile } from '../scripts/phases/task.ts';
import { EXIT } from '../scripts/engine/failure.ts';
import { WORST_FIRST } from '../scripts/engine/failure.ts';
import { FAULTS } from '../lab/world/faults/index.ts';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const tasks: Taskfile = taskfile;

/** Every document that people read. */
const documents = ['README.md', 'CHANGELOG.md', ...below('docs')].filter((file) => file.endsWith('.md'));
function below(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? below(join(folder, entry.name)) : [join(folder, entry.name)]));
}

describe('the documents agree with the code', () => {
  test('docs/exit-codes.md has the codes of engine/failure.ts, and their order of gravity', () => {
    const rows = [...read('docs/exit-codes.md').matchAll(/^\| (\d+) \| (\w+) \|/gm)].map(([, code, name]) => [name, Number(code)]);
    expect(Object.fromEntries(rows)).toEqual(EXIT);
    const order = WORST_FIRST.map((name) => EXIT[name]).join(', ');
    expect(read('docs/exit-codes.md')).toContain(`in this order: ${order}.`);
  });

  test.each(documents)('%s: every task it tells to type exists, with variables it takes', (file) => {
    expect(untrueCommands(file, read(file), tasks)).toEqual([]);
  });

  test.each(documents)('%s: every file it links to exists', (file) => {
    for (const [, target = ''] of read(file).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      expect(existsSync(join(ROOT, dirname(file), target)), `${file} -> ${target}`).toBe(true);
    }
  });

  test('docs/architecture.md tells the order of a create as Taskfile.ts has it', () => {
    const create = tasks['cluster:create'];
    const order = create !== undefined && 'steps' in create ? create.steps.map((step) => (step.kind === 'together' ? '' : step.name)) : [];
    expect(order.length).toBeGreaterThan(10);
    expect(read('docs/architecture.md')).toContain(`${order.join(', ')}.`);
  });

  test('every outcome a fault of the lab declares is explained in docs/lab.md', () => {
    for (const outcome of new Set(FAULTS.map((fault) => fault.outcome))) expect(read('docs/lab.md')).toContain(`| ${outcome} |`);
  });

  test('docs/lab.md has every fault of the lab, with its expected outcome and what it touches', () => {
    const table = read('docs/lab.md').split('| fault | expected | touches |')[1]?.split('\n\n')[0] ?? '';
    const rows = table.split('\n').filter((line) => /^\| [a-z]/.test(line));
    expect(rows).toEqual(FAULTS.map(({ name, outcome, radius }) => `| ${name} | ${outcome} | ${radius} |`));
  });

  test('each phase is called in the table of contents as it calls itself', async () => {
    const create = tasks['cluster:create'];
    if (create === undefined || !('steps' in create)) throw new Error('cluster:create has no steps');
    for (const step of create.steps) {
      if (step.kind !== 'phase') continue;
      const phase = await step.load();
      expect({ name: phase.name, title: phase.title }).toEqual({ name: step.name, title: step.title });
    }
  });

  test('.env.example names every variable the program reads, and no other', () => {
    const example = new Set([...read('.env.example').matchAll(/^# ?([A-Z][A-Z_]+)=/gm)].map(([, name]) => name));
    for (const name of ['TARGET', 'LAB', 'LAB_SPEED', 'TASK_ROOT', 'TASK_DIR', 'NO_COLOR', 'CI']) expect(example).toContain(name);
  });
});
