import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wallPause } from 'node:timers/promises';
import { Failure } from '../../engine/failure.ts';
import { fluxLocal } from '../../tools/flux-local.ts';
import { parseManifests } from '../../tools/manifests.ts';
import { followCommand, peakOfTree, timeCommand } from '../../tools/stopwatch.ts';
import type { ActionContext } from '../task.ts';
import { median, PAIRS, type Row } from './row.ts';
import { madeTree, ownTree, type BenchTree } from './tree.ts';

/** flux-local takes ten seconds for a tree: a few are enough for a median. */
const TIMES = 3;
const COLD_GOAL = 1 / 10;
const AGAIN_GOAL = 1 / 50;
const WATCH_GOAL_MS = 100;
/** Between two saves, so that each is one by itself. */
const APART_MS = 300;
const [FEW, MANY] = [50, 1_000];

interface Bench { readonly cx: ActionContext; readonly scratch: string; /** Where ours remembers; emptied before a cold run. */ readonly cache: string; readonly env: ActionContext['environment'] }

/** `manifests:build` and `--watch` of our tree beside flux-local on the same files, and what more Kustomizations cost. */
export async function manifests(cx: ActionContext): Promise<readonly Row[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'task-bench-manifests-'));
  const cache = join(scratch, 'cache');
  const bench: Bench = { cx, scratch, cache, env: { ...cx.environment, NO_COLOR: '1', CI: 'true', XDG_CACHE_HOME: cache, TASK_DIR: join(scratch, 'task') } };
  try {
    const site = await cx.site();
    const [cluster] = site.clusters;
    if (cluster === undefined) throw new Failure({ exit: 'configuration', what: 'there is no cluster whose tree could be built', hint: 'talos/clusters has none' });
    const tree = await ownTree(cx, site, cluster.name, join(scratch, 'own'));
    return [...await beside(bench, tree), await watching(bench, tree), await growing(bench)];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function beside(bench: Bench, tree: BenchTree): Promise<readonly Row[]> {
  const { cx, scratch } = bench;
  const subjects = { cold: 'manifests:build with an empty cache against flux-local build ks', again: 'manifests:build of what has not changed against flux-local build ks', memory: 'memory of manifests:build against flux-local build ks, all their processes' };
  const other = await fluxLocal({ programRoot: cx.programRoot, env: cx.environment, signal: cx.signal });
  if ('missing' in other) {
    const unknown = `${other.missing}; try ${other.hint}`;
    return [[subjects.cold, COLD_GOAL], [subjects.again, AGAIN_GOAL], [subjects.memory, 1]].map(([what, goal]) => ({ what: String(what), ratio: Number.NaN, goal: Number(goal), figures: '', unknown }));
  }
  const theirs = [other.file, ['build', 'ks', '--path', tree.entry, '--output-file', join(scratch, 'theirs.yaml')], { cwd: tree.root, env: other.env, signal: cx.signal }] as const;
  // The first of each is also the one that warms the disk.
  const [theirPeak, ourPeak] = [await peakOfTree(...theirs), await peakOfTree(...ours(bench, tree, 'cold'))];
  sameObjects(scratch);
  const rounds: { readonly theirs: number; readonly cold: number; readonly again: number }[] = [];
  for (let n = 0; n < TIMES; n += 1) {
    const their = await timeCommand(...theirs);
    const cold = await timeCommand(...ours(bench, tree, 'cold'));
    const again: number[] = [];
    for (let more = 0; more < PAIRS; more += 1) again.push(await timeCommand(...ours(bench, tree, 'again')));
    rounds.push({ theirs: their, cold, again: median(again) });
  }
  const ms = (which: 'theirs' | 'cold' | 'again'): string => `${median(rounds.map((round) => round[which])).toFixed(0)} ms`;
  const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
  return [
    { what: subjects.cold, ratio: median(rounds.map((round) => round.cold / round.theirs)), goal: COLD_GOAL, figures: `medians of ${TIMES}: ${ms('cold')} and ${ms('theirs')} (flux-local ${other.version}), no object of theirs missing` },
    { what: subjects.again, ratio: median(rounds.map((round) => round.again / round.theirs)), goal: AGAIN_GOAL, figures: `medians of ${TIMES}: ${ms('again')} and ${ms('theirs')}` },
    { what: subjects.memory, ratio: ourPeak / theirPeak, goal: 1, figures: `${mb(ourPeak)} and ${mb(theirPeak)}` },
  ];
}

function ours({ cx, scratch, cache, env }: Bench, { root, entry }: BenchTree, how: 'cold' | 'again'): readonly [file: string, argv: readonly string[], options: Parameters<typeof timeCommand>[2]] {
  if (how === 'cold') rmSync(cache, { recursive: true, force: true });
  return [join(cx.programRoot, 'task'), ['manifests:build', `ROOT=${root}`, `ENTRY=${join(root, entry)}`, `FILE=${join(scratch, 'ours.yaml')}`], { cwd: scratch, env, signal: cx.signal }];
}

/**
 * A figure for less than what the other does would say nothing. The other leaves out definitions, and folders whose path has a variable in it: that we do more
 * is no advantage of ours, as long as it is little.
 */
function sameObjects(scratch: string): void {
  const [one, other] = ['ours.yaml', 'theirs.yaml'].map((file) => parseManifests(readFileSync(join(scratch, file), 'utf8'), file).map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`));
  const missing = (from: readonly string[] = [], of: readonly string[] = []): readonly string[] => from.filter((each) => !of.includes(each));
  const [less, more] = [missing(other, one), missing(one, other)];
  if (less.length > 0 || more.length * 10 > (one?.length ?? 0)) throw new Failure({ exit: 'rerun', what: 'manifests:build and flux-local do not build the same objects, so their times say nothing', because: [...less.map((each) => `only flux-local: ${each}`), ...more.map((each) => `only ours: ${each}`)].slice(0, 5).join('; '), hint: 'please report this' });
}

/** From a saved mistake to the line that tells it, in `manifests:validate --watch`. */
async function watching({ cx, scratch, env }: Bench, { root, entry }: BenchTree): Promise<Row> {
  const what = `a saved file until manifests:validate --watch tells what is wrong with it, against ${WATCH_GOAL_MS} ms`;
  const file = join(root, entry, 'layers.yaml');
  const before = readFileSync(file, 'utf8');
  const watch = followCommand(join(cx.programRoot, 'task'), ['manifests:validate', `ROOT=${root}`, `ENTRY=${join(root, entry)}`, 'OFFLINE=true', '--watch'], { cwd: scratch, env, signal: cx.signal });
  try {
    await watch.said('Kustomizations');
    const took: number[] = [];
    for (let n = 0; n < PAIRS; n += 1) {
      await wallPause(APART_MS, undefined, { signal: cx.signal });
      const absent = `nobody-${n}`;
      const told = watch.said(absent);
      const began = performance.now();
      writeFileSync(file, before.replace('spec:\n', `spec:\n  dependsOn:\n    - name: ${absent}\n`));
      took.push(await told - began);
    }
    return { what, ratio: median(took) / WATCH_GOAL_MS, goal: 1, figures: `median of ${PAIRS}: ${median(took).toFixed(0)} ms, the slowest ${Math.max(...took).toFixed(0)} ms` };
  } finally {
    await watch.stop();
    writeFileSync(file, before);
  }
}

async function growing(bench: Bench): Promise<Row> {
  const trees: BenchTree[] = [];
  for (const count of [FEW, MANY]) {
    const root = join(bench.scratch, `made-${count}`);
    mkdirSync(root);
    trees.push(madeTree(count, root));
  }
  const took: number[][] = [[], []];
  for (let n = 0; n < TIMES; n += 1) for (const [index, tree] of trees.entries()) took[index]?.push(await timeCommand(...ours(bench, tree, 'cold')));
  const [few = Number.NaN, many = Number.NaN] = took.map(median);
  return { what: `manifests:build of ${MANY} Kustomizations against ${MANY / FEW} times ${FEW}, with an empty cache`, ratio: many / (few * MANY / FEW), goal: 1, figures: `medians of ${TIMES}: ${many.toFixed(0)} ms and ${few.toFixed(0)} ms; one more costs ${((many - few) / (MANY - FEW)).toFixed(2)} ms` };
}
