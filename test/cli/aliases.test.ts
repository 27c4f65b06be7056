import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import taskfile from '../../Taskfile.ts';
import { findTask, taskNames } from '../../scripts/cli/resolve.ts';
import type { Taskfile } from '../../scripts/phases/task.ts';

const tasks: Taskfile = taskfile;
const rows = [...readFileSync(new URL('../../docs/aliases.md', import.meta.url), 'utf8').matchAll(/^\| `([^`]+)` \| `([^` ]+)(?: (\w+)=(\w+))?` \|$/gm)].map(([, alias = '', name = '', key, value]) => ({ alias, name, fixed: key === undefined ? {} : { [key]: value } }));

describe('what was typed before', () => {
  test('every name is one task', () => {
    const names = taskNames(tasks);
    expect(names.filter((name, n) => names.indexOf(name) !== n)).toEqual([]);
  });
  test('docs/aliases.md has every alias, and nothing else', () => {
    expect(rows.map(({ alias }) => alias)).toEqual(taskNames(tasks).filter((name) => tasks[name] === undefined).toSorted());
  });
  test.each(rows)('$alias is $name', ({ alias, name, fixed }) => {
    const found = findTask(tasks, alias);
    expect(found?.name).toBe(name);
    expect(found?.task.fixed ?? {}).toEqual({ ...tasks[name]?.fixed, ...fixed });
  });
  test.each(['bootstrap:infra-crds', 'bootstrap:apps-crds', 'bootstrap:phase:0', 'bootstrap:phase:1', 'bootstrap:phase:2', 'bootstrap:phase:3', 'bootstrap:status', 'bootstrap:list-crds', 'cluster:layer:1-talos', 'cluster:layer:3-crds', 'cluster:list-nodes', 'talos:apply-node', 'kubernetes:reconcile'])('%s still works', (name) => {
    expect(findTask(tasks, name)).toBeDefined();
  });
  test('no alias of something harmless became destructive', () => {
    for (const { alias, name } of rows) if (/^(?:cluster:destroy|talos:reset|talos:node-replace)$/.test(name)) expect(alias).toMatch(/destroy|reset/);
  });
});
