import { expect, test } from 'vitest';
import type { Event, EventBody } from '../../scripts/engine/event.ts';
import { collectDryRun } from '../../scripts/terminal/dryrun.ts';
import { createStyle } from '../../scripts/terminal/style.ts';

const style = createStyle({ colour: false, width: 40 });
const stamp = (body: EventBody, seq: number): Event => ({ ...body, seq, t: 0, at: new Date(0).toISOString() });
const start: EventBody = {
  type: 'run-started', run: 'r', task: 'cluster:create', variables: {}, target: { id: 'site', label: 'SITE', speed: 1, simulated: [] },
  plan: [{ lane: 'infra', steps: [{ name: 'crds', title: 'definitions', kind: 'phase' }, { name: 'core', title: 'releases', kind: 'phase' }, { name: 'mesh', title: 'the mesh', kind: 'phase' }] }],
  dryRun: true, by: { user: 'u', host: 'h', pid: 1 }, version: '0', commit: 'c',
};

test('commands stand alone on their lines, whole, under comments: the list can be pasted into a shell', () => {
  const dry = collectDryRun();
  const long = `helmfile --file render/helmfile.d/01-core.yaml --kubeconfig ${'k'.repeat(60)} sync`;
  [start,
    { type: 'phase-skipped', lane: 'infra', step: 'crds', because: '78 established', ms: 1 } as const,
    { type: 'would-run', lane: 'infra', step: 'core', effect: 'local', command: 'helmfile build' } as const,
    { type: 'would-run', lane: 'infra', step: 'core', effect: 'write', command: long } as const,
  ].map(stamp).forEach((event) => dry.on(event));
  expect(dry.render(style)).toEqual([
    '# dry run of task cluster:create, target: SITE',
    '',
    '# infra',
    '# crds  definitions (78 established)',
    '# core  releases',
    'helmfile build',
    long,
    '# mesh  the mesh (nothing to do)',
    '',
    '# dry run: at least 1 change would be made; nothing was changed',
  ]);
  expect(dry.writes).toBe(1);
  expect(dry.result()).toMatchObject({ dryRun: true, writes: 1, steps: [{ step: 'crds', commands: [] }, { step: 'core', commands: [{ effect: 'local' }, { effect: 'write', command: long }] }, {}] });
});

test('after a complete create there is nothing to change, and it says so', () => {
  const dry = collectDryRun();
  [start, { type: 'phase-skipped', lane: 'infra', step: 'core', because: 'deployed', ms: 1 } as const].map(stamp).forEach((event) => dry.on(event));
  expect(dry.writes).toBe(0);
  expect(dry.render(style).at(-1)).toBe('# dry run: nothing to change');
});
