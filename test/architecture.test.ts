import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { violations } from './architecture.ts';

const ROOT = join(import.meta.dirname, '..');

test('every arrow in the house points where it may', () => {
  const files = [...globSync(['scripts/**/*.ts', 'lab/**/*.ts'], { cwd: ROOT }), ...(existsSync(join(ROOT, 'Taskfile.ts')) ? ['Taskfile.ts'] : [])];
  const sources = files.map((file) => ({ file: file.replaceAll('\\', '/'), text: readFileSync(join(ROOT, file), 'utf8') }));
  expect(sources.length).toBeGreaterThan(10);
  expect(violations(sources).map(({ file, line, rule }) => `${file}:${line} ${rule}`)).toEqual([]);
});

describe('what is forbidden is found, and the message names the arrow', () => {
  test.each([
    ['engine up to config', 'scripts/engine/run.ts', "import type { Site } from '../config/cluster.ts';", 'engine -> scripts/config/cluster.ts'],
    ['engine to a package', 'scripts/engine/run.ts', "import { parse } from 'yaml';", 'engine -> package yaml'],
    ['config up to tools, by re-export', 'scripts/config/load.ts', "export * from '../tools/proc.ts';", 'config -> scripts/tools/proc.ts'],
    ['config to js-yaml', 'scripts/config/load.ts', "import { load } from 'js-yaml';", 'config -> package js-yaml'],
    ['tools up to health', 'scripts/tools/kube.ts', "import { look } from '../health/snapshot.ts';", 'tools -> scripts/health/snapshot.ts'],
    ['zx outside proc', 'scripts/tools/kube.ts', "import { $ } from 'zx';", 'tools -> package zx: only scripts/tools/proc.ts'],
    ['client-node statically', 'scripts/tools/kube.ts', "import { KubeConfig } from '@kubernetes/client-node';", 'only by import()'],
    ['health up to phases, dynamically', 'scripts/health/look.ts', "const x = await import('../phases/core.ts');", 'health -> scripts/phases/core.ts'],
    ['health up to phases, as an inline type', 'scripts/health/look.ts', "type X = import('../phases/context.ts').Cx;", 'health -> scripts/phases/context.ts'],
    ['a check that runs tools', 'scripts/health/checks/etcd.ts', "import { parse } from '../../tools/talosctl.ts';", 'checks are pure'],
    ['phases to the terminal', 'scripts/phases/core.ts', "import { ask } from '../terminal/ask.ts';", 'phases -> scripts/terminal/ask.ts'],
    ['terminal past the engine', 'scripts/terminal/plain.ts', "import type { Site } from '../config/cluster.ts';", 'terminal -> scripts/config/cluster.ts'],
    ['listr2 in cli', 'scripts/cli/task.ts', "import { Listr } from 'listr2';", 'cli -> package listr2'],
    ['anything into cli', 'scripts/phases/core.ts', "import { x } from '../cli/args.ts';", 'phases -> scripts/cli/args.ts'],
    ['the product into the lab', 'scripts/tools/lab.ts', "import { up } from '../../lab/world/up.ts';", 'nothing in scripts/'],
    ['the product into tests', 'scripts/tools/lab.ts', "import { up } from '../../test/toys.ts';", 'nothing in scripts/'],
    ['the lab into the product', 'lab/world/up.ts', "import { SITE } from '../../scripts/config/target.ts';", 'by import type'],
    ['the lab into other types of the product', 'lab/world/up.ts', "import type { Clock } from '../../scripts/engine/clock.ts';", 'lab -> scripts/engine/clock.ts'],
    ['the lab, by a type that is not erased', 'lab/world/up.ts', "import { type TargetFile } from '../../scripts/config/target.ts';", 'by import type'],
    ['the lab to a package it has not', 'lab/world/up.ts', "import { $ } from 'zx';", 'lab -> package zx'],
    ['Taskfile to values of health', 'Taskfile.ts', "import { checks } from './scripts/health/list.ts';", 'takes values from phases only'],
    ['Taskfile loading tools', 'Taskfile.ts', "const load = () => import('./scripts/tools/op.ts');", 'takes values from phases only'],
    ['Taskfile from a phase', 'scripts/phases/core.ts', "import tasks from '../../Taskfile.ts';", 'only cli reads the table'],
    ['a file in no room', 'scripts/helper.ts', "import { x } from './engine/run.ts';", 'lies in no room'],
    ['a room that is not there', 'scripts/tools/op.ts', "import { x } from '../util/misc.ts';", 'no such room'],
    ['a computed import', 'scripts/tools/op.ts', 'const x = await import(name);', 'computed'],
    ['the environment outside cli', 'scripts/tools/op.ts', 'const home = process.env.HOME;', 'process.env outside cli'],
  ])('%s', (_, file, text, message) => {
    const found = violations([{ file, text: `// a comment\n${text}\n` }]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ file, line: 2 });
    expect(found[0]?.rule).toContain(message);
  });

  test('a phase that Taskfile.ts imports statically, through a list of steps', () => {
    const found = violations([
      { file: 'Taskfile.ts', text: "import { create } from './scripts/phases/steps.ts';" },
      { file: 'scripts/phases/steps.ts', text: "import { core } from './core.ts';\nexport const create = [core, { load: () => import('./flux.ts') }, { load: () => import('./core.ts') }];" },
      { file: 'scripts/phases/core.ts', text: '' },
      { file: 'scripts/phases/flux.ts', text: '' },
    ]);
    expect(found).toMatchObject([{ file: 'scripts/phases/steps.ts', line: 1 }]);
    expect(found[0]?.rule).toContain('Taskfile.ts -> scripts/phases/core.ts');
  });
});

describe('what is allowed is not complained about', () => {
  test.each([
    ['scripts/engine/journal.ts', "import { join } from 'node:path';\nimport type { Event } from './event.ts';"],
    ['scripts/config/load.ts', "import { parseDocument } from 'yaml';\nimport { Failure } from '../engine/failure.ts';"],
    ['scripts/tools/proc.ts', "import { $ } from 'zx';"],
    ['scripts/tools/kube.ts', "import type { KubeConfig } from '@kubernetes/client-node';\nconst k = () => import('@kubernetes/client-node');"],
    ['scripts/health/checks/etcd.ts', "import type { EtcdMember } from '../../tools/doors.ts';"],
    ['scripts/tools/environment.ts', 'export const inherited = () => process.env;'],
    ['scripts/terminal/ask.ts', "import { confirm } from '@clack/prompts';"],
    ['scripts/cli/task.ts', "const t = await import('../../Taskfile.ts');\nconst home = process.env.HOME;"],
    ['lab/world/up.ts', "import type { TargetFile } from '../../scripts/config/target.ts';\nimport { parse } from 'yaml';"],
    ['Taskfile.ts', "import type { Taskfile } from './scripts/phases/task.ts';\nimport { create } from './scripts/phases/steps.ts';\nconst l = () => import('./scripts/phases/health.ts');"],
    ['scripts/tools/op.ts', "const text = \"import x from '../cli/args.ts'\"; // import y from 'zx'; process.env"],
  ])('%s', (file, text) => {
    expect(violations([{ file, text }])).toEqual([]);
  });
});
